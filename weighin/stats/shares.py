"""Shares, and the difference of two: scores that are 0 or 1."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.stats.interval import CONFIDENCE, Interval


def is_share(scores: npt.ArrayLike) -> bool:
    """Whether scores are 0 and 1 only, so that their mean is a share; not where there are none."""
    values = np.asarray(scores)
    return values.size > 0 and bool(np.all((values == 0) | (values == 1)))


@functools.lru_cache(maxsize=4096)
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
    from scipy.special import ndtri

    b, c, total = gained + 0.5, lost + 0.5, n + 2
    centre = (b - c) / total
    spread = math.sqrt(b + c - (b - c) ** 2 / total) / total
    reach = float(ndtri((1 + confidence) / 2)) * spread
    return Interval((gained - lost) / n, max(-1.0, centre - reach), min(1.0, centre + reach))


def mcnemar(gained: int, lost: int) -> float:
    """How likely so lopsided a split is where neither is better: McNemar's exact test.

    Source: McNemar 1947; exact, by the binomial distribution of the discordant pairs, which is
    symmetric: twice the share of its smaller tail. SciPy's own test of any distribution looks for
    the other tail, and tables hold thousands of these.

    Args:
        gained: items that only the second got right.
        lost: items that only the first got right.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))


@functools.lru_cache(maxsize=4096)
def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """How likely so different shares are where neither is higher: Fisher's exact test, two-sided.

    Source: Fisher 1935, "The Logic of Inductive Inference": all tables of the same margins that are
    no likelier than this one. SciPy's own takes milliseconds for each, a table of runs hundreds.

    Args:
        first: successes and failures of one sample.
        second: likewise of another, independent one.
    """
    from scipy.special import gammaln

    def log_choices(n: Any, k: Any) -> Any:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    n, m = sum(first), sum(second)
    rarer = int(first[1] + second[1] < first[0] + second[0])
    total = first[rarer] + second[rarer]
    counts = np.arange(max(0, total - m), min(n, total) + 1)
    logs = log_choices(n, counts) + log_choices(m, total - counts) - log_choices(n + m, total)
    own = logs[first[rarer] - counts[0]]
    return min(1.0, float(np.exp(logs[logs <= own + 1e-7]).sum()))
