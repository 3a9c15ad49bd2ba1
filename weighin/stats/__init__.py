"""Intervals and verdicts, on SciPy: each at 95 % confidence unless told otherwise.

`shares` are means of scores that are 0 or 1, `means` of any scores, `sets` what is no mean of
scores, `ratios` and `quantiles` are of times, `chains` of ratios that hang together; `several`
corrects for how many tests there are.
`python -m bench.coverage` measures how often each interval holds what is true.
"""

from weighin.stats.chains import inverse, product, unbeaten
from weighin.stats.interval import CONFIDENCE, Interval
from weighin.stats.means import mean, paired_mean
from weighin.stats.quantiles import is_enough, median, median_over, quantile
from weighin.stats.ratios import FEWEST, PAIR_SECONDS, independent, typical_ratio
from weighin.stats.sets import Replicates, draws, interval_of, of_set, paired_set, replicates
from weighin.stats.several import holm, significance
from weighin.stats.shares import fisher, is_share, mcnemar, paired_difference, proportion
from weighin.stats.spread import concordance, entropy
from weighin.stats.verdicts import (
    MARGIN,
    SMALLEST_SPEEDUP,
    SPEED_CONFIDENCE,
    margin_of,
    quality_verdict,
    sameness,
    speed_verdict,
    verdict_of,
)

__all__ = [
    "CONFIDENCE",
    "FEWEST",
    "MARGIN",
    "PAIR_SECONDS",
    "SMALLEST_SPEEDUP",
    "SPEED_CONFIDENCE",
    "Interval",
    "Replicates",
    "concordance",
    "draws",
    "entropy",
    "fisher",
    "holm",
    "independent",
    "interval_of",
    "inverse",
    "is_enough",
    "is_share",
    "margin_of",
    "mcnemar",
    "mean",
    "median",
    "median_over",
    "of_set",
    "paired_difference",
    "paired_mean",
    "paired_set",
    "product",
    "proportion",
    "quality_verdict",
    "quantile",
    "replicates",
    "sameness",
    "significance",
    "speed_verdict",
    "typical_ratio",
    "unbeaten",
    "verdict_of",
]
