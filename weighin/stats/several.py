"""Several tests at once: what p-values come to if none of them all may mislead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from weighin.stats.interval import Interval

SMALLEST = 1e-9  # p-value that an interval is asked for
_HALVINGS = 30


def holm(values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number: below 5 %, no true null hypothesis is, in 95 of 100 sets.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure": the smallest of m
    is multiplied by m, the next by m - 1, and so on, none falling below the one before it. It holds
    however the tests depend on each other.
    """
    ordered = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    stepped = np.maximum.accumulate(np.asarray(values, np.float64)[ordered] * factors)
    adjusted = np.empty(len(values))
    adjusted[ordered] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


def significance(interval_at: Callable[[float], Interval]) -> float:
    """The p-value of no difference: 1 less the highest confidence whose interval leaves out 0.

    So that it is below 5 % where the 95 % interval leaves out 0. Not below 1e-9, where bootstraps
    and moments say nothing any more.

    Args:
        interval_at: of a difference, by its confidence.
    """
    low, high = np.log(SMALLEST), 0.0  # of the logarithm: left out at `high`'s confidence
    if _leaves_out_zero(interval_at(1 - SMALLEST)):
        return SMALLEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _leaves_out_zero(interval_at(1 - float(np.exp(middle)))):
            high = middle
        else:
            low = middle
    return float(np.exp(high))


def _leaves_out_zero(interval: Interval) -> bool:
    return interval.low > 0 or interval.high < 0
