"""The typical one of a few dozen ratios of times."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from weighin.stats.interval import CONFIDENCE, Floats, Interval

PAIR_SECONDS = 1.5  # that measuring a pair may take, if not told otherwise
RESAMPLES = 2000
BOOTSTRAPPED = 12  # ratios from which the bootstrap is used
FEWEST = 5  # ratios that an interval can be made of
TRIM = 0.2  # of the ratios, at either end


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


def _trimmed(rows: Floats) -> tuple[Floats, Floats]:
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
