"""Means of per-example scores, and of their paired differences."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from weighin.stats.interval import CONFIDENCE, Floats, Interval

FEW = 12  # scores from which resamples differ enough for the bootstrap
MANY = 500  # scores beyond which the skewness is corrected by formula
RESAMPLES = 1000


def mean(scores: npt.ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """The mean of scores, one for each example, and its interval.

    Student's interval, either end of which is moved outwards, never inwards, to that of the
    equal-tailed bootstrap-t interval (Efron and Tibshirani 1993, "An Introduction to the
    Bootstrap", section 12.5), which corrects for skewness. Beyond 500 scores the same
    correction is made by formula (`_corrected_ends`), which takes no resamples; below twelve
    there is Student's alone.

    Why so: of 3,000 simulated sets of 100 examples, squared normal errors, squared Laplace errors
    and lognormal scores had 94.1, 89.8 and 91.5 % of Student's intervals hold the true mean, 95.2,
    92.7 and 93.5 % of symmetric bootstrap-t ones, 95.2, 94.0 and 93.5 % of equal-tailed ones. The
    equal-tailed alone fails where scores are mostly zero, as paired differences may be: 88.0 %
    where one normal difference in ten is not, Student's 96.2 %. Coverage of these, of 2,000 sets:

    | scores, or paired differences | n = 100 | 300 | 1,000 |
    |---|---|---|---|
    | normal | 95.5 | 96.0 | 95.8 |
    | squared normal | 95.8 | 96.5 | 94.3 |
    | squared Laplace | 95.1 | 96.4 | 96.1 |
    | lognormal | 95.0 | 95.8 | 95.5 |
    | differences of squared errors | 95.6 | 94.6 | 94.8 |
    | Student's t of 5 | 95.2 | 95.5 | 94.8 |
    | one in ten not zero, normal | 96.0 | 95.1 | 94.1 |
    | one in ten not zero, exponential | 97.2 | 97.7 | 96.3 |

    Two scores are the fewest that an interval can be made of: both ends of one score's are the
    score. So are those of scores that are all the same, which show no spread.

    Args:
        scores: `(n,)`, in the unit of the result.
        confidence: of the interval.

    Raises:
        ValueError: if there are no scores, or some are not finite.
    """
    values = _finite(scores)
    n = len(values)
    if values.min() == values.max():
        return Interval(float(values[0]), float(values[0]), float(values[0]))
    from scipy.special import stdtrit

    scale = float(np.abs(values).max())  # so that no square overflows
    shrunk = values / scale
    middle, spread = float(shrunk.mean()), float(shrunk.std(ddof=1))
    standardized = (shrunk - middle) / spread
    reach = float(stdtrit(n - 1, (1 + confidence) / 2))
    low, high = -reach, reach
    if n >= FEW:
        ends = _resampled_ends if n <= MANY else _corrected_ends
        skewed_low, skewed_high = ends(standardized, confidence)
        low, high = min(low, skewed_low), max(high, skewed_high)
    error = spread / math.sqrt(n)
    return Interval(middle * scale, (middle + low * error) * scale, (middle + high * error) * scale)


def paired_mean(differences: npt.ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """The mean of one model's scores less another's on the same examples: `mean` of these.

    Differences that are all 0 have the interval 0 to 0.

    Args:
        differences: `(n,)` variant − baseline, in the unit of the result.
        confidence: of the interval.

    Raises:
        ValueError: if there are no differences, or some are not finite.
    """
    return mean(differences, confidence)


def _finite(scores: npt.ArrayLike) -> Floats:
    """Scores as an array of floats, none of them infinite or not a number."""
    values = np.asarray(scores, np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"scores of shape {values.shape}: one for each example is needed")
    if unusable := int(np.count_nonzero(~np.isfinite(values))):
        raise ValueError(f"{unusable} of {len(values)} scores are NaN or infinite")
    return values


def _resampled_ends(standardized: Floats, confidence: float) -> tuple[float, float]:
    """Ends of the equal-tailed bootstrap-t interval, in standard errors from the mean.

    Args:
        standardized: `(n,)` scores of mean 0 and variance 1.
        confidence: of the interval.
    """
    n = len(standardized)
    counts = _counts(n)
    # not by BLAS: for so small a product its threads cost more than they save
    centres = np.einsum("bn,n->b", counts, standardized) / n
    squares = np.einsum("bn,n->b", counts, standardized**2) / n
    variances = (squares - centres**2) * n / (n - 1)
    spread = variances > 1e-6  # a resample of nearly equal scores says nothing of the spread
    t = centres[spread] * math.sqrt(n) / np.sqrt(variances[spread])
    upper, lower = np.quantile(t, [(1 + confidence) / 2, (1 - confidence) / 2])
    return -float(upper), -float(lower)


@functools.lru_cache(maxsize=2)
def _counts(n: int) -> Floats:
    """How often each of n examples is in each resample: `(RESAMPLES, n)`, always the same.

    Kept, since all figures of a run are of the same examples.
    """
    chosen = np.random.default_rng(0).integers(0, n, (RESAMPLES, n))
    cells = chosen + n * np.arange(RESAMPLES)[:, np.newaxis]
    counts = np.bincount(cells.ravel(), minlength=RESAMPLES * n)
    return counts.reshape(RESAMPLES, n).astype(np.float64)


def _corrected_ends(standardized: Floats, confidence: float) -> tuple[float, float]:
    """Ends of an interval that allows for skewness, in standard errors from the mean.

    Source: Hall 1992, "On the removal of skewness by transformation", the cubic transformation of
    Student's t and its inverse. It agrees with the equal-tailed bootstrap-t to the order of 1/n:
    in simulations within 0.8 % of coverage from 100 examples up.

    Args:
        standardized: `(n,)` scores of mean 0 and variance 1.
        confidence: of the interval.
    """
    from scipy.special import ndtri

    skewness = float((standardized**3).mean()) / math.sqrt(len(standardized))
    normal = float(ndtri((1 + confidence) / 2))

    def t_of(quantile: float) -> float:
        if abs(skewness) < 1e-6:  # its limit, which the formula loses in rounding
            return quantile
        cubed = 1 + skewness * (quantile - skewness / 6)
        return 3 / skewness * (float(np.cbrt(cubed)) - 1)

    return -t_of(normal), -t_of(-normal)
