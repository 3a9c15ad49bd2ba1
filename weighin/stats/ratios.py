"""The typical one of a few dozen ratios of times, which follow each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from weighin.stats.interval import CONFIDENCE, Interval
from weighin.stats.quantiles import places

PAIR_SECONDS = 10.0  # that measuring a pair may take, if not told otherwise
FEWEST = 30  # ratios that have an interval, and so a verdict
EFFECTIVE = 8.0  # fewest independent ones that they must be worth
SIGNS = 1.6  # times the variance of values' autocorrelation is that of one by signs, by simulation
_LAGS = 400  # after which nothing is left of an autocorrelation of 0.97


def typical_ratio(ratios: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The median of ratios in the order in which they were measured, and its interval.

    The interval is by order statistics, which hold their confidence whatever the noise: one that
    has two modes, or three spikes in ten, too (Conover 1999, "Practical Nonparametric Statistics",
    3.2). Ratios that follow each other may be alike, when a machine drifts: then they are worth
    fewer independent ones, and the ranks lie further apart (Gastwirth and Rubin 1971, "Effect of
    dependence on the level of some one-sample tests"). How alike is seen by which follow each
    other on one side of the median, as of a Gaussian autoregression.

    Where there are fewer than `FEWEST`, or worth fewer than `EFFECTIVE`, nothing is known but the
    median: the interval is from 0 to infinity.

    Raises:
        ValueError: if there are none.
    """
    n = len(ratios)
    if not n:
        raise ValueError("there are no ratios")
    sorted_ratios = np.sort(np.asarray(ratios, dtype=float))
    middle = float(np.sqrt(sorted_ratios[(n - 1) // 2] * sorted_ratios[n // 2]))
    rank = _rank(n, independent(ratios), confidence)
    if rank < 1:
        return Interval(middle, 0.0, math.inf)
    return Interval(middle, float(sorted_ratios[rank - 1]), float(sorted_ratios[n - rank]))


def independent(ratios: Sequence[float]) -> float:
    """How many independent ratios these are worth: n at most.

    The autocorrelation of signs about the median is made one of values (Van Vleck and Middleton
    1966), freed of its bias in short series (Kendall 1954), taken a standard error higher, for a
    short series may show less than there is, and summed over all lags.
    """
    logs = np.log(np.asarray(ratios, dtype=float))
    signs = np.sign(np.round(logs - np.median(logs), 9))  # rounding is on no side
    n, total = len(ratios), float((signs * signs).sum())
    if total == 0:  # all alike
        return float(n)
    alike = float((signs[1:] * signs[:-1]).sum()) / total
    correlation = math.sin(math.pi / 2 * max(-1.0, min(1.0, alike)))
    correlation += (1 + 3 * correlation) / n
    correlation += math.sqrt(max(0.0, 1 - correlation**2) * SIGNS / n)
    return n / _inflation(round(min(0.97, max(0.0, correlation)), 2))


@lru_cache(maxsize=128)
def _inflation(correlation: float) -> float:
    """How much wider the spread of a count of signs is than that of independent ones."""
    lags = correlation ** np.arange(1, _LAGS)
    return 1 + 2 * float((2 / math.pi * np.arcsin(lags)).sum())


@lru_cache(maxsize=1024)
def _rank(n: int, worth: float, confidence: float) -> int:
    """The rank, from either end, of the interval's ends; 0 if there is none."""
    if n < FEWEST or worth < EFFECTIVE:
        return 0
    rank = places(n, 0.5, confidence)[0] + 1  # exact for independent ones
    if worth < n:
        reach = NormalDist().inv_cdf((1 + confidence) / 2) * n / math.sqrt(worth) / 2
        rank = min(rank, math.floor(n / 2 - reach))
    return rank
