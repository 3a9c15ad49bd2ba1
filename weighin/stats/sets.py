"""Figures of a whole set that are no means of scores: AUC, mIoU, RMSE, R², mAP."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weighin.stats.interval import CONFIDENCE, Floats, Interval

SET_RESAMPLES = 400
MOST_LEFT_OUT = 0.1  # of the resamples
STEEPEST = 0.2  # acceleration: steeper ones are noise, and percentiles of them none

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Replicates:
    """A figure of each resample of a set's examples.

    Attributes:
        values: `(B,)` the figures; not a number where a resample has none.
        influence: `(n,)` the covariance, over resamples, of figure and how often an example is in
            it: how far the figure would move, were one more copy of the example in the set.
    """

    values: Floats
    influence: Floats


def draws(n: int, resamples: int = SET_RESAMPLES) -> Iterator[Indices]:
    """Bootstrap resamples of n examples: arrays `(n,)` of indices, the same for the same n."""
    generator = np.random.default_rng(0)
    for _ in range(resamples):
        yield generator.integers(0, n, n)


def replicates(
    figure: Callable[[Indices], float], n: int, resamples: int = SET_RESAMPLES
) -> Replicates:
    """A figure of each resample: computed once for a model, used for all that is asked of it.

    Two models' replicates of the same n and number of resamples are of the same examples, so that
    their difference is paired.

    Args:
        figure: of examples by their indices `(n,)`, some more than once and some not at all; not a
            number where it is not defined, as AUC is not where all are of one class.
        n: how many examples there are.
        resamples: how many times the figure is computed.
    """
    if n < 1:
        raise ValueError("there are no examples")
    values, drawn, weighted = [], np.zeros(n), np.zeros(n)
    start = math.nan  # values are taken relative to the first, to lose no digits
    for chosen in draws(n, resamples):
        value = float(figure(chosen))
        values.append(value if math.isfinite(value) else math.nan)
        if not math.isfinite(value):
            continue
        start = value if math.isnan(start) else start
        counts = np.bincount(chosen, minlength=n)
        drawn += counts
        weighted += (value - start) * counts
    usable = np.array([value for value in values if not math.isnan(value)])
    if not len(usable):
        return Replicates(np.array(values), np.zeros(n))
    influence = (weighted - (usable - start).mean() * drawn) / len(usable)
    return Replicates(np.array(values), influence)


def interval_of(value: float, replicates: Replicates, confidence: float = CONFIDENCE) -> Interval:
    """A figure's interval by its replicates: the farther of two ends on either side.

    One is normal (Student's of n − 1 degrees), with the replicates' standard deviation as the
    standard error. The other is BCa, of bias-corrected and accelerated percentiles (Efron 1987,
    "Better Bootstrap Confidence Intervals"); its acceleration is the skewness of `influence`,
    estimated from the replicates themselves (Efron 2014, "Estimation and Accuracy After Model
    Selection"), so that no jackknife computes the figure n times more.

    Why so: of 1,500 simulated sets of 200 examples the normal interval alone held the true RMSE of
    Laplace errors in 92.1 %, the percentile one in 91.4 %, BCa in 92.8 %, both together in 94.5 %;
    an AUC of 0.95 in 92.1, 93.4, 95.0 and 96.7 %; the paired difference of two R² in 95.4, 93.9,
    92.5 and 95.5 %. Coverage with 400 resamples, of 2,000 sets (of 1,000 examples and AUC: 500):

    | of the figure, of its paired difference | n = 200 | 500 | 1,000 |
    |---|---|---|---|
    | AUC 0.95, half of them positive | 96.6, 96.2 | 96.4, 95.8 | 96.8, 95.6 |
    | AUC 0.95, one positive in ten | 92.2, 94.0 | 95.8, 94.8 | 96.0, 95.8 |
    | AUC 0.80 | 95.6, 96.1 | 96.0, 96.8 | 95.8, 96.0 |
    | RMSE, normal errors | 95.3, 95.0 | 96.6, 95.3 | 95.2, 95.8 |
    | RMSE, Laplace errors | 94.4, 95.4 | 95.5, 94.6 | 95.9, 95.3 |
    | RMSE, errors of Student's t of 5 | 93.3, 94.5 | 94.0, 94.8 | 94.7, 94.9 |
    | R² 0.9, normal errors | 95.9, 95.5 | 95.0, 95.3 | 95.5, 96.2 |
    | R² 0.9, Laplace errors | 95.0, 96.3 | 95.9, 94.8 | 95.6, 94.5 |
    | R² 0.9, errors of Student's t of 5 | 94.7, 96.3 | 95.5, 95.9 | 96.5, 95.0 |
    | mIoU 0.80 of three classes | 94.3, 95.3 | 95.5, 95.5 | 95.9, 96.7 |

    Twenty positives, as in the second row, are about the fewest that do.

    Ends equal the value where no resample differs from it: the examples show no spread. Replicates
    that are not numbers are left out.

    Args:
        value: the figure of the whole set.
        replicates: of the same figure.
        confidence: of the interval.

    Raises:
        ValueError: if the value is not a finite number, or more than a tenth of the replicates are
            none: then too few examples are of one class for an interval.
    """
    from scipy.special import ndtr, ndtri, stdtrit

    if not math.isfinite(value):
        raise ValueError(f"a figure that is {value} has no interval")
    values = _usable(replicates.values)
    n = len(replicates.influence)
    error = float(values.std(ddof=1))
    if n < 2 or values.min() == values.max():
        return Interval(value, min(value, values[0].item()), max(value, values[0].item()))
    reach = float(stdtrit(n - 1, (1 + confidence) / 2)) * error * math.sqrt(n / (n - 1))
    below = float(np.mean(values < value) + np.mean(values == value) / 2)
    bias = float(ndtri(np.clip(below, 1 / len(values), 1 - 1 / len(values))))
    acceleration = float(((replicates.influence / error) ** 3).sum()) / 6
    acceleration = min(max(acceleration, -STEEPEST), STEEPEST)
    tails = bias + np.array([-1, 1]) * float(ndtri((1 + confidence) / 2))
    shares = ndtr(bias + tails / (1 - acceleration * tails))
    low, high = np.quantile(values, shares, method="weibull")
    return Interval(value, min(value - reach, float(low)), max(value + reach, float(high)))


def paired_set(
    value: float,
    replicates: Replicates,
    baseline_value: float,
    baseline_replicates: Replicates,
    confidence: float = CONFIDENCE,
) -> Interval:
    """A figure less the baseline's on the same examples: `interval_of` of the difference.

    Equal answers have the interval 0 to 0.

    Args:
        value: the variant's figure of the whole set.
        replicates: of that figure.
        baseline_value: the baseline's.
        baseline_replicates: of the baseline's, by as many draws of as many examples.
        confidence: of the interval.

    Raises:
        ValueError: if the replicates are not of the same draws, or as `interval_of` does.
    """
    shapes = [(len(of.values), len(of.influence)) for of in (replicates, baseline_replicates)]
    if shapes[0] != shapes[1]:
        (drawn, n), (others, m) = shapes
        raise ValueError(f"{drawn} resamples of {n} examples are not paired with {others} of {m}")
    difference = Replicates(
        replicates.values - baseline_replicates.values,
        replicates.influence - baseline_replicates.influence,
    )
    return interval_of(value - baseline_value, difference, confidence)


def of_set(
    figure: Callable[[Indices], float],
    n: int,
    *,
    resamples: int = SET_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """A figure of n examples and its interval: `replicates` and `interval_of` in one."""
    return interval_of(float(figure(np.arange(n))), replicates(figure, n, resamples), confidence)


def _usable(values: Floats) -> Floats:
    """The replicates that are numbers, if they are enough."""
    usable = values[np.isfinite(values)]
    left_out = len(values) - len(usable)
    if len(usable) < 2 or left_out > MOST_LEFT_OUT * len(values):
        raise ValueError(
            f"{left_out} of {len(values)} resamples have no figure: "
            "too few examples of one class for an interval"
        )
    return usable
