"""Means of scores and of paired differences: SciPy's values, properties, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin import stats
from weighin.stats import Interval, means

SCORES = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=40)


def skewed(n: int, seed: int = 0) -> np.ndarray:
    """Squared errors: most small, a few large."""
    return np.random.default_rng(seed).normal(size=n) ** 2


def near(interval: Interval, apart: float = 1e-9) -> Interval:
    """An interval that compares as equal to those a rounding apart."""
    return Interval(
        *(
            pytest.approx(end, rel=apart, abs=apart)
            for end in (interval.value, interval.low, interval.high)
        )
    )


@pytest.mark.parametrize("n", [2, 5, 11])
def test_few_scores_have_students_interval(n: int) -> None:
    """Below a dozen scores the ends are SciPy's, of the t-test of one sample."""
    from scipy.stats import ttest_1samp

    ends = ttest_1samp(skewed(n), 0).confidence_interval(0.95)

    assert near(Interval(skewed(n).mean(), ends.low, ends.high)) == stats.mean(skewed(n))


@pytest.mark.parametrize("n", [40, 400])
def test_the_end_on_the_side_of_the_tail_is_the_bootstraps(n: int) -> None:
    """Of right-skewed scores the high end is bootstrap-t's, worked out by its definition."""
    scores = skewed(n)
    chosen = scores[np.random.default_rng(7).integers(0, n, (40_000, n))]
    t = (chosen.mean(1) - scores.mean()) / (chosen.std(1, ddof=1) / math.sqrt(n))
    error = scores.std(ddof=1) / math.sqrt(n)
    interval = stats.mean(scores)

    assert -np.quantile(t, 0.025) == pytest.approx(
        (interval.high - interval.value) / error, abs=0.2
    )
    assert interval.high - interval.value > 1.02 * (interval.value - interval.low)


def test_bca_of_scipy_lies_within_the_interval_of_a_mean() -> None:
    """SciPy's BCa corrects for skewness too, though less for few examples."""
    from scipy.stats import bootstrap

    scores = skewed(200)
    ends = bootstrap((scores,), np.mean, rng=np.random.default_rng(0)).confidence_interval
    interval, error = stats.mean(scores), scores.std() / math.sqrt(200)

    assert interval.high == pytest.approx(ends.high, abs=0.5 * error)
    assert interval.high > ends.high


@pytest.mark.parametrize("sign", [1, -1, 0])
def test_formula_and_bootstrap_agree(sign: int) -> None:
    """The formula's ends are where Hall's transformation of t is normal, and near bootstrap-t's."""
    scores = sign * skewed(means.MANY) if sign else np.random.default_rng(1).normal(size=means.MANY)
    standardized = (scores - scores.mean()) / scores.std(ddof=1)
    skewness = (standardized**3).mean() / math.sqrt(means.MANY)
    low, high = means._corrected_ends(standardized, 0.95)

    assert (low, high) == pytest.approx(means._resampled_ends(standardized, 0.95), abs=0.2)
    for t, quantile in ((-high, -1.959964), (-low, 1.959964)):
        transformed = t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / 6
        assert quantile == pytest.approx(transformed, abs=1e-6)


@given(SCORES)
def test_a_mean_lies_in_its_interval(scores: list[float]) -> None:
    """The mean is NumPy's, and lies between two numbers."""
    interval = stats.mean(scores)

    assert interval.value == pytest.approx(np.mean(scores), abs=1e-6)
    assert interval.low <= interval.value <= interval.high
    assert math.isfinite(interval.high - interval.low)


@pytest.mark.parametrize("n", [5, 100, 2000])
@pytest.mark.parametrize(("shift", "scale"), [(0, 1e-9), (7, 3.0), (-2, -0.5), (0, 1e200)])
def test_a_mean_shifts_and_scales_with_its_scores(n: int, shift: float, scale: float) -> None:
    """Scores in another unit, or counted the other way round, have the same interval in it."""
    interval = stats.mean(skewed(n))
    low, high = sorted((shift + scale * interval.low, shift + scale * interval.high))
    there = stats.mean(shift + scale * skewed(n))

    assert shift + scale * interval.value == pytest.approx(there.value)
    assert (low, high) == pytest.approx((there.low, there.high), rel=1e-6)


@pytest.mark.parametrize(("n", "apart"), [(8, 1e-12), (100, 0.3), (2000, 1e-12)])
def test_the_order_of_examples_hardly_matters(n: int, apart: float) -> None:
    """Other examples are drawn where they stand otherwise, which moves ends by little."""
    one, other = stats.mean(skewed(n)), stats.mean(skewed(n)[::-1])
    error = skewed(n).std() / math.sqrt(n)

    assert one.low == pytest.approx(other.low, abs=apart * error)
    assert one.high == pytest.approx(other.high, abs=apart * error)


def test_a_mean_is_the_same_each_time() -> None:
    """The resamples are seeded: two runs print the same ends."""
    assert stats.mean(skewed(100)) == stats.mean(skewed(100))


@pytest.mark.parametrize("n", [5, 100, 2000])
def test_more_confidence_is_a_longer_interval(n: int) -> None:
    """A 99 % interval reaches further than a 95 % one."""
    usual, sure = stats.mean(skewed(n)), stats.mean(skewed(n), confidence=0.99)

    assert sure.low < usual.low < usual.high < sure.high


@pytest.mark.parametrize("n", [1, 2, 100, 2000])
@pytest.mark.parametrize("score", [0.0, 0.1, -3e200])
def test_equal_scores_are_a_point(score: float, n: int) -> None:
    """One score, or scores that are all the same, have both ends at the score itself."""
    assert Interval(score, score, score) == stats.mean([score] * n)


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_a_model_beside_itself_is_no_different(n: int) -> None:
    """Differences that are all zero have exactly 0, 0, 0."""
    assert Interval(0.0, 0.0, 0.0) == stats.paired_mean(skewed(n) - skewed(n))


def test_pairing_sees_what_two_intervals_do_not() -> None:
    """A small change of every score is told from none, though both intervals overlap."""
    baseline = skewed(200)
    variant = 0.97 * baseline
    one, other = stats.mean(baseline), stats.mean(variant)

    assert other.high > one.low
    assert stats.paired_mean(variant - baseline).high < 0


@pytest.mark.parametrize("nonzero", [1, 2, 3])
@pytest.mark.parametrize("n", [100, 400, 5000])
def test_few_differences_are_no_evidence(n: int, nonzero: int) -> None:
    """Where three examples at most were answered otherwise, no difference is not left out."""
    differences = np.zeros(n)
    differences[:nonzero] = 1
    interval = stats.paired_mean(differences)

    assert interval.low < 0 < interval.high < 1


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([1.0, math.nan, 2.0, math.inf, -math.inf], "3 of 5 scores are NaN or infinite"),
        ([math.nan], "1 of 1 scores are NaN or infinite"),
        ([], r"scores of shape \(0,\)"),
        ([[1.0, 2.0]], r"scores of shape \(1, 2\): one for each example"),
    ],
)
def test_scores_that_have_no_mean_are_refused(scores: list[float], message: str) -> None:
    """What is not a number is counted and refused, never left out."""
    for interval in (stats.mean, stats.paired_mean):
        with pytest.raises(ValueError, match=message):
            interval(scores)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0, 1, 1], True),
        ([1.0], True),
        ([True, False], True),
        ([], False),
        ([0, 1, 0.5], False),
        ([0, 2], False),
        ([-1, 1], False),
        ([0.0, math.nan], False),
    ],
)
def test_shares_are_told_from_other_scores(scores: list[float], expected: bool) -> None:
    """Scores are a share's where each is 0 or 1."""
    assert expected is stats.is_share(scores)
