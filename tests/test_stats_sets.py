"""Figures of whole sets: the draws, SciPy's ends, properties, what is refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin import stats
from weighin.stats import Interval, Replicates

N = 150
ERRORS = np.random.default_rng(0).laplace(size=N)
OTHERS = 0.9 * ERRORS + 0.4 * np.random.default_rng(1).laplace(size=N)


def rmse(errors: np.ndarray) -> Callable[[np.ndarray], float]:
    """The root mean square of some of the errors."""
    return lambda chosen: math.sqrt(float((errors[chosen] ** 2).mean()))


def area(chosen: np.ndarray, positives: int = 20) -> float:
    """AUC of examples of which the first so many are positive; NaN where there is one class."""
    scores = ERRORS + (np.arange(N) < positives)
    above, below = scores[chosen[chosen < positives]], scores[chosen[chosen >= positives]]
    if not len(above) or not len(below):
        return math.nan
    return float((above[:, np.newaxis] > below).mean())


def test_draws_are_the_same_for_the_same_n() -> None:
    """Resamples are as many indices as there are examples, with repetition, always the same."""
    once, again = list(stats.draws(50, 7)), list(stats.draws(50, 7))

    assert np.array_equal(once, again)
    assert (7, 50) == np.shape(once)
    assert 0 == np.min(once)
    assert 49 == np.max(once)
    assert len(np.unique(once[0])) < 50


def test_replicates_are_the_figure_of_each_draw() -> None:
    """One figure for each draw, and each example's covariance with it, as NumPy has it."""
    replicates = stats.replicates(rmse(ERRORS), N, 60)
    counts = np.array([np.bincount(chosen, minlength=N) for chosen in stats.draws(N, 60)])
    covariances = np.cov(counts.T, replicates.values, bias=True)[-1, :-1]

    assert [rmse(ERRORS)(chosen) for chosen in stats.draws(N, 60)] == replicates.values.tolist()
    assert covariances == pytest.approx(replicates.influence, abs=1e-12)


@pytest.mark.parametrize("figure", [rmse(ERRORS), area], ids=["RMSE", "AUC"])
def test_ends_are_near_scipys(figure: Callable[[np.ndarray], float]) -> None:
    """Either end is the farther of BCa's and the normal one, by SciPy's bootstrap of 2,000."""
    from scipy.stats import bootstrap, norm

    whole = bootstrap(
        (np.arange(N),),
        figure,
        vectorized=False,
        n_resamples=2000,
        rng=np.random.default_rng(3),
    )
    value, reach = figure(np.arange(N)), float(norm.ppf(0.975)) * whole.standard_error
    interval = stats.of_set(figure, N)

    assert value == interval.value
    assert interval.low == pytest.approx(
        min(value - reach, whole.confidence_interval.low), abs=0.25 * whole.standard_error
    )
    assert interval.high == pytest.approx(
        max(value + reach, whole.confidence_interval.high), abs=0.25 * whole.standard_error
    )


@pytest.mark.parametrize(
    ("acceleration", "used"), [(0.0, 0.0), (0.04, 0.04), (-0.04, -0.04), (9.0, 0.2), (-9.0, -0.2)]
)
@pytest.mark.parametrize("below", [0.4, 0.5, 0.6])
def test_ends_are_those_of_efrons_formula(below: float, acceleration: float, used: float) -> None:
    """Exponential replicates, whose quantiles are known, with a known bias and acceleration."""
    n, many = 1000, 3999
    values = -np.log(1 - np.arange(1, many + 1) / (many + 1))
    error, value = values.std(ddof=1), -math.log(1 - below)
    influence = np.zeros(n)
    influence[0] = error * np.cbrt(6 * acceleration)
    normal = NormalDist()
    bias, z = normal.inv_cdf(below), normal.inv_cdf(0.975)
    share = normal.cdf(bias + (bias + z) / (1 - used * (bias + z)))
    interval = stats.interval_of(value, Replicates(values, influence))

    reach = 1.9623415 * error * math.sqrt(n / (n - 1))  # Student's of 999 degrees
    highest = min(-math.log(1 - share), values.max())
    assert value - reach == pytest.approx(interval.low, rel=1e-6)
    assert max(highest, value + reach) == pytest.approx(interval.high, rel=0.01)


def test_a_figure_beyond_all_replicates_still_has_an_interval_around_it() -> None:
    """Where no resample comes up to the figure, as of a maximum, the normal ends hold it."""
    replicates = Replicates(np.linspace(0.1, 0.2, 400), np.zeros(50))
    interval = stats.interval_of(0.3, replicates)

    assert interval.low <= 0.2 < 0.35 < interval.high


def test_a_mean_as_a_figure_is_near_the_mean() -> None:
    """The bootstrap over examples gives a mean about the interval that `mean` does."""
    scores = ERRORS**2
    expected, interval = stats.mean(scores), stats.of_set(lambda chosen: scores[chosen].mean(), N)
    error = scores.std() / math.sqrt(N)

    assert (expected.low, expected.high) == pytest.approx(
        (interval.low, interval.high), abs=0.6 * error
    )


@given(
    st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=12),
    st.sampled_from([np.mean, np.median, np.max, np.ptp]),
)
@settings(max_examples=15, deadline=None)
def test_a_figure_lies_in_its_interval(
    scores: list[float], figure: Callable[[np.ndarray], float]
) -> None:
    """The figure of all examples lies between two numbers, also where it is the highest."""
    interval = stats.of_set(lambda chosen: figure(np.array(scores)[chosen]), len(scores))

    assert interval.low <= interval.value <= interval.high
    assert math.isfinite(interval.high - interval.low)


@pytest.mark.parametrize(("shift", "scale"), [(0, 1e-9), (7, 3.0), (-2, -0.5)])
def test_a_figure_shifts_and_scales(shift: float, scale: float) -> None:
    """A figure in another unit, or counted the other way round, has the same interval in it."""
    figure = rmse(ERRORS)
    interval = stats.of_set(figure, N)
    there = stats.of_set(lambda chosen: shift + scale * figure(chosen), N)
    ends = sorted((shift + scale * interval.low, shift + scale * interval.high))

    assert ends == pytest.approx([there.low, there.high])


def test_the_order_of_examples_hardly_matters() -> None:
    """Other examples are drawn where they stand otherwise, which moves ends by little."""
    one, other = (stats.of_set(rmse(errors), N) for errors in (ERRORS, ERRORS[::-1]))

    assert one.low == pytest.approx(other.low, abs=0.2 * (one.value - one.low))
    assert one.high == pytest.approx(other.high, abs=0.2 * (one.high - one.value))


def test_more_confidence_is_a_longer_interval() -> None:
    """A 99 % interval reaches further than a 95 % one."""
    usual, sure = (stats.of_set(rmse(ERRORS), N, confidence=share) for share in (0.95, 0.99))

    assert sure.low < usual.low < usual.high < sure.high


def test_a_perfect_figure_is_a_point() -> None:
    """Where no resample differs, the examples show no spread."""
    assert Interval(1.0, 1.0, 1.0) == stats.of_set(lambda chosen: 1.0, 20)
    assert Interval(3.0, 3.0, 3.0) == stats.of_set(lambda chosen: 3.0 * len(chosen), 1)


def test_a_model_beside_itself_is_no_different() -> None:
    """The difference of a figure and itself is exactly 0, 0, 0."""
    replicates = stats.replicates(rmse(ERRORS), N)

    assert Interval(0.0, 0.0, 0.0) == stats.paired_set(1.5, replicates, 1.5, replicates)


def test_a_paired_difference_is_that_of_the_difference_as_a_figure() -> None:
    """Two models' replicates, each computed once, give what computing both at once would."""
    all_of_them = np.arange(N)
    one, other = rmse(OTHERS), rmse(ERRORS)
    expected = stats.of_set(lambda chosen: one(chosen) - other(chosen), N)
    interval = stats.paired_set(
        one(all_of_them), stats.replicates(one, N), other(all_of_them), stats.replicates(other, N)
    )

    assert (expected.value, expected.low, expected.high) == pytest.approx(
        (interval.value, interval.low, interval.high)
    )


def test_draws_without_a_figure_are_left_out() -> None:
    """Resamples of one class have no AUC: up to a tenth of them are passed over."""
    replicates = stats.replicates(lambda chosen: area(chosen, 3), N)
    left_out = int(np.isnan(replicates.values).sum())
    interval = stats.interval_of(area(np.arange(N), 3), replicates)

    assert 5 < left_out <= 40
    assert np.isfinite(replicates.influence).all()
    assert interval.low < interval.value < interval.high


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_too_few_examples_of_one_class_are_refused(bad: float) -> None:
    """Where more than a tenth of the resamples have no figure, there is no interval."""
    replicates = stats.replicates(
        lambda chosen: bad if math.isnan(area(chosen, 1)) else 0.5 + chosen[0], N
    )
    message = r"1\d\d of 400 resamples have no figure: too few examples of one class"

    with pytest.raises(ValueError, match=message):
        stats.interval_of(0.5, replicates)
    with pytest.raises(ValueError, match=message):
        stats.paired_set(0.5, replicates, 0.5, stats.replicates(rmse(ERRORS), N))
    with pytest.raises(ValueError, match="400 of 400 resamples have no figure"):
        stats.of_set(lambda chosen: 1.0 if np.all(chosen == np.arange(N)) else bad, N)


def test_figures_that_cannot_be_compared_are_refused() -> None:
    """A figure that is no number, no examples, or replicates of other draws have no interval."""
    replicates = stats.replicates(rmse(ERRORS), N)

    with pytest.raises(ValueError, match="a figure that is nan has no interval"):
        stats.interval_of(math.nan, replicates)
    with pytest.raises(ValueError, match="there are no examples"):
        stats.of_set(lambda chosen: 1.0, 0)
    with pytest.raises(ValueError, match="400 resamples of 150 examples are not paired with 30 of"):
        stats.paired_set(1.0, replicates, 1.0, stats.replicates(rmse(ERRORS), N, 30))
    with pytest.raises(ValueError, match="not paired with 400 of 100"):
        stats.paired_set(1.0, replicates, 1.0, Replicates(replicates.values, np.zeros(100)))
