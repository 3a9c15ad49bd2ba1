"""Medians and other quantiles, by order statistics."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from weighin.stats.interval import CONFIDENCE, Interval


def is_enough(n: int, share: float, confidence: float = CONFIDENCE) -> bool:
    """Whether so many samples have order statistics on either side of a quantile's interval."""
    tail = (1 - confidence) / 2
    return share**n <= tail and (1 - share) ** n <= tail


def median(samples: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """A median and its distribution-free interval by order statistics (Conover 1999, 3.2)."""
    return quantile(samples, 0.5, confidence)


def median_over(
    samples: Sequence[float], openings: Sequence[int], confidence: float = CONFIDENCE
) -> Interval | None:
    """The median of all samples, and its interval over the openings of a file that gave them.

    That of the openings' own medians, for one opening differs from the next by more than its
    samples do; it holds the median of all in any case. None where there are too few openings.

    Args:
        samples: of all openings, one after the other.
        openings: how many samples each gave.
        confidence: of the interval.
    """
    if not is_enough(len(openings), 0.5, confidence):
        return None
    middle, ends = statistics.median(samples), itertools.accumulate((0, *openings))
    over = median(
        [statistics.median(samples[a:b]) for a, b in itertools.pairwise(ends)], confidence
    )
    return Interval(middle, min(over.low, middle), max(over.high, middle))


def quantile(samples: Sequence[float], share: float, confidence: float = CONFIDENCE) -> Interval:
    """A quantile and its distribution-free interval by order statistics (Conover 1999, 3.2).

    Where there are too few samples for an interval of that confidence, its ends are the lowest
    and highest sample.
    """
    value = float(np.quantile(samples, share))
    n = len(samples)
    if n < 2:
        return Interval(value, value, value)
    low, high = places(n, share, confidence)
    ordered = np.sort(samples)
    ends = float(ordered[max(0, low)]), float(ordered[min(n - 1, high)])
    return Interval(value, min(ends[0], value), max(ends[1], value))


@lru_cache(maxsize=4096)
def places(n: int, share: float, confidence: float) -> tuple[int, int]:
    """Where the ends of a quantile's interval stand among n sorted samples, counted from 0.

    Beyond them where there are too few. Those of SciPy's `quantile_test`, which works them out anew
    for every sample.
    """
    from scipy.stats import binom

    tail = (1 - confidence) / 2
    return int(binom.ppf(tail, n, share)) - 1, n - int(binom.ppf(tail, n, 1 - share))
