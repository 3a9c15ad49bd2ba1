"""Intervals and verdicts, on SciPy: each at 95 % confidence unless told otherwise.

`shares` are means of scores that are 0 or 1, `means` of any scores, `sets` what is no mean of
scores, `ratios` and `quantiles` are of times; `several` corrects for how many tests there are.
`python -m bench.coverage` measures how often each interval holds what is true.
"""

from weighin.stats.interval import CONFIDENCE, Interval
from weighin.stats.means import mean, paired_mean
from weighin.stats.quantiles import is_enough, median, quantile
from weighin.stats.ratios import (
    BOOTSTRAPPED,
    FEWEST,
    PAIR_SECONDS,
    RESAMPLES,
    TRIM,
    typical_ratio,
)
from weighin.stats.sets import Replicates, draws, interval_of, of_set, paired_set, replicates
from weighin.stats.several import holm, significance
from weighin.stats.shares import fisher, is_share, mcnemar, paired_difference, proportion
from weighin.stats.spread import concordance, entropy
from weighin.stats.verdicts import (
    MARGIN,
    SMALLEST_SPEEDUP,
    margin_of,
    quality_verdict,
    sameness,
    speed_verdict,
    verdict_of,
)

__all__ = [
    "BOOTSTRAPPED",
    "CONFIDENCE",
    "FEWEST",
    "MARGIN",
    "PAIR_SECONDS",
    "RESAMPLES",
    "SMALLEST_SPEEDUP",
    "TRIM",
    "Interval",
    "Replicates",
    "concordance",
    "draws",
    "entropy",
    "fisher",
    "holm",
    "interval_of",
    "is_enough",
    "is_share",
    "margin_of",
    "mcnemar",
    "mean",
    "median",
    "of_set",
    "paired_difference",
    "paired_mean",
    "paired_set",
    "proportion",
    "quality_verdict",
    "quantile",
    "replicates",
    "sameness",
    "significance",
    "speed_verdict",
    "typical_ratio",
    "verdict_of",
]
