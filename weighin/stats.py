"""Intervals, on SciPy: each a 95 % interval unless told otherwise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its confidence interval."""

    value: float
    low: float
    high: float


def proportion(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """A share and its Wilson score interval (Wilson 1927)."""
    from scipy.stats import binomtest

    ends = binomtest(successes, n).proportion_ci(confidence, method="wilson")
    return Interval(successes / n, float(ends.low), float(ends.high))


def paired_difference(gained: int, lost: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Difference of two shares on the same `n` items.

    Source: Agresti and Min 2005, "Simple improved confidence intervals for comparing matched
    proportions": Wald's interval after half an item is added to each of the four cells.

    Args:
        gained: items that only the second got right.
        lost: items that only the first got right.
        n: all items.
        confidence: of the interval.
    """
    from scipy.stats import norm

    b, c, total = gained + 0.5, lost + 0.5, n + 2
    centre = (b - c) / total
    spread = math.sqrt(b + c - (b - c) ** 2 / total) / total
    reach = float(norm.ppf((1 + confidence) / 2)) * spread
    return Interval((gained - lost) / n, max(-1.0, centre - reach), min(1.0, centre + reach))


def median(samples: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """A median and its distribution-free interval by order statistics (Conover 1999, 3.2)."""
    return quantile(samples, 0.5, confidence)


def quantile(samples: Sequence[float], share: float, confidence: float = CONFIDENCE) -> Interval:
    """A quantile and its distribution-free interval by order statistics (Conover 1999, 3.2).

    Where there are too few samples for an interval of that confidence, its ends are the lowest
    and highest sample.
    """
    from scipy.stats import quantile_test

    value = float(np.quantile(samples, share))
    if len(samples) < 2:
        return Interval(value, value, value)
    test: Any = quantile_test(samples, q=value, p=share)
    ends = test.confidence_interval(confidence)
    low = float(ends.low) if math.isfinite(ends.low) else float(min(samples))
    high = float(ends.high) if math.isfinite(ends.high) else float(max(samples))
    return Interval(value, min(low, value), max(high, value))
