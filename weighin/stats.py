"""Intervals and verdicts, on SciPy: each at 95 % confidence unless told otherwise."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
MARGIN = 0.005  # of accuracy: half a point
PAIR_SECONDS = 1.5  # that measuring a pair may take, if not told otherwise
SMALLEST_SPEEDUP = 0.02  # a smaller one is never called, however narrow its interval
RESAMPLES = 2000
BOOTSTRAPPED = 12  # ratios from which the bootstrap is used
FEWEST = 5  # ratios that an interval can be made of
TRIM = 0.2  # of the ratios, at either end

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its confidence interval."""

    value: float
    low: float
    high: float


def entropy(counts: npt.ArrayLike) -> float:
    """Bits per item of an empirical distribution: -Σ p log2 p (Shannon 1948, section 6).

    Args:
        counts: `(k,)` how often each of k different items occurs, each above 0.
    """
    found = np.asarray(counts, np.float64)
    shares = found / found.sum()
    return abs(float(np.sum(shares * np.log2(shares))))


def concordance(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """How far two sets of figures are the same, not only rise together: 1 if equal, 0 if unrelated.

    Lin 1989, "A concordance correlation coefficient to evaluate reproducibility"; not a number
    where neither set has any spread.
    """
    one, other = (np.asarray(each, np.float64).ravel() for each in (first, second))
    apart = one.var() + other.var() + (one.mean() - other.mean()) ** 2
    shared = 2 * float(((one - one.mean()) * (other - other.mean())).mean())
    return shared / float(apart) if apart > 0 else math.nan


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


def mcnemar(gained: int, lost: int) -> float:
    """How likely so lopsided a split is where neither is better: McNemar's exact test.

    Source: McNemar 1947; exact, by the binomial distribution of the discordant pairs.

    Args:
        gained: items that only the second got right.
        lost: items that only the first got right.
    """
    from scipy.stats import binomtest

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


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


def quality_verdict(
    gained: int, lost: int, n: int, margin: float = MARGIN, confidence: float = CONFIDENCE
) -> str:
    """`better`, `worse`, `same within ±0.5 points` or `no evidence`.

    Better or worse where McNemar's test says so; else the same, if the paired interval lies
    within the margin; else the images are too few to say.

    Args:
        gained: items that only the second got right.
        lost: items that only the first got right.
        n: all items.
        margin: what difference of two shares does not matter.
        confidence: of test and interval.
    """
    if mcnemar(gained, lost) < 1 - confidence:
        return "better" if gained > lost else "worse"
    difference = paired_difference(gained, lost, n, confidence)
    if max(-difference.low, difference.high) <= margin:
        return f"same within ±{margin * 100:g} points"
    return "no evidence"


def typical_ratio(ratios: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The middle of independent ratios, and its bootstrap interval.

    The 20 % trimmed mean of the logarithms, since a few blocks of measuring are always disturbed,
    with a symmetric bootstrap-t interval, which keeps its coverage for a few dozen values where
    percentiles fall short. Source: Wilcox 2012, "Introduction to Robust Estimation and Hypothesis
    Testing", section 4.4; spread by Yuen 1974. Fewer than twelve ratios have too few different
    resamples for that: then Student's interval, by Yuen.

    Raises:
        ValueError: if there are fewer than five ratios.
    """
    n = len(ratios)
    if n < FEWEST:
        raise ValueError(f"{n} ratios are too few for an interval: {FEWEST} are needed")
    logs = np.log(np.asarray(ratios, dtype=float))
    (middle,), (error_of_middle,) = _trimmed(logs[np.newaxis])
    centre, error = float(middle), float(error_of_middle)
    if n < BOOTSTRAPPED:
        from scipy.stats import t as student

        reach = float(student.ppf((1 + confidence) / 2, n - 2 * int(TRIM * n) - 1)) * error
        return Interval(math.exp(centre), math.exp(centre - reach), math.exp(centre + reach))
    draws = logs[np.random.default_rng(0).integers(0, n, (RESAMPLES, n))]
    centres, errors = _trimmed(draws)
    spread = errors > 1e-3 * error  # a draw of nearly equal values says nothing of the spread
    t = np.abs(centres[spread] - centre) / errors[spread] if error > 0 else np.zeros(1)
    reach = float(np.quantile(t, confidence)) * error
    return Interval(math.exp(centre), math.exp(centre - reach), math.exp(centre + reach))


def _trimmed(rows: _Floats) -> tuple[_Floats, _Floats]:
    """Trimmed mean of each row and its standard error, by the winsorized spread."""
    rows = np.sort(rows, axis=1)
    n = rows.shape[1]
    cut = int(TRIM * n)
    kept = rows[:, cut : n - cut]
    if n < 2:
        return kept.mean(axis=1), np.zeros(len(rows))
    pulled_in = np.clip(rows, kept[:, :1], kept[:, -1:])
    error = pulled_in.std(axis=1, ddof=1) / ((1 - 2 * TRIM) * math.sqrt(n))
    return kept.mean(axis=1), error


def speed_verdict(speedup: Interval, smallest: float = SMALLEST_SPEEDUP) -> str:
    """`faster`, `slower` or `no evidence`.

    Args:
        speedup: how many times faster, with its interval.
        smallest: what speed-up does not matter, as 0.01 for 1 %.
    """
    if speedup.low > 1 and speedup.value >= 1 + smallest:
        return "faster"
    if speedup.high < 1 and speedup.value <= 1 / (1 + smallest):
        return "slower"
    return "no evidence"


def is_enough(n: int, share: float, confidence: float = CONFIDENCE) -> bool:
    """Whether so many samples have order statistics on either side of a quantile's interval."""
    tail = (1 - confidence) / 2
    return share**n <= tail and (1 - share) ** n <= tail


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


def is_share(scores):
    return bool(np.isin(scores, (0, 1)).all())


def mean(scores, confidence=CONFIDENCE):
    e = 1.96 * scores.std(ddof=1) / math.sqrt(len(scores)) if len(scores) > 1 else 0
    return Interval(float(scores.mean()), float(scores.mean() - e), float(scores.mean() + e))


def paired_mean(d):
    return mean(d)


def replicates(figure, n):
    g = np.random.default_rng(0)
    return np.array([figure(g.integers(0, n, n)) for _ in range(200)])


def interval_of(value, reps):
    e = 1.96 * np.nanstd(reps)
    return Interval(value, value - e, value + e)


def paired_set(v, r, b, rb):
    return interval_of(v - b, r - rb)


def verdict_of(d, margin, better, text):
    if d.low > 0 or d.high < 0:
        return "better" if (d.low > 0) == (better == "higher") else "worse"
    return f"same within ±{text}" if max(-d.low, d.high) <= margin else "no evidence"
