"""The typical ratio: SciPy's values, wild blocks, and how often its interval holds the truth."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from helpers.intervals import DRAWS, covered
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin import stats
from weighin.stats import Interval


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.25, 40.0])
@pytest.mark.parametrize("n", [5, 6, 30, 400])
def test_equal_ratios_are_a_point(ratio: float, n: int) -> None:
    """Ratios that are all the same leave nothing uncertain."""
    expected = pytest.approx(ratio)

    assert Interval(expected, expected, expected) == stats.typical_ratio([ratio] * n)


def test_the_middle_is_the_trimmed_mean_of_logarithms() -> None:
    """Of fifteen, three at either end are left out, and the others' geometric mean is taken."""
    middle = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8]
    ratios = [1e-6, *middle, 0.001, 0.01, 1e9, 1e3, 1e4]

    expected = math.prod(middle) ** (1 / 9)
    assert expected == pytest.approx(stats.typical_ratio(ratios).value)


@pytest.mark.parametrize("n", [5, 8, 11])
def test_few_ratios_have_students_interval(n: int) -> None:
    """Below a dozen the trimmed mean, and SciPy's own interval of it."""
    from scipy.stats.mstats import trimmed_mean, trimmed_mean_ci

    logs = np.random.default_rng(13).normal(0.1, 0.05, n)
    middle = float(trimmed_mean(logs, limits=(stats.TRIM, stats.TRIM)))
    low, high = trimmed_mean_ci(logs, limits=(stats.TRIM, stats.TRIM), alpha=0.05)
    found = stats.typical_ratio(np.exp(logs).tolist())

    assert [middle, float(low), float(high)] == pytest.approx(
        [math.log(found.value), math.log(found.low), math.log(found.high)]
    )


def test_the_typical_ratio_is_scipys_trimmed_mean() -> None:
    """SciPy's trimmed mean of the same logarithms, and Yuen's standard error of it."""
    from scipy.stats import trim_mean
    from scipy.stats.mstats import trimmed_mean, trimmed_stde

    logs = np.random.default_rng(6).normal(0.1, 0.05, 40)
    found = stats.typical_ratio(np.exp(logs).tolist())

    assert trim_mean(logs, 0.2) == pytest.approx(math.log(found.value))
    assert float(trimmed_mean(logs, (0.2, 0.2))) == pytest.approx(math.log(found.value))
    errors = (math.log(found.high) - math.log(found.value)) / float(trimmed_stde(logs, (0.2, 0.2)))
    assert 1.8 < errors < 2.8  # the t of 23 degrees of freedom is 2.07


@pytest.mark.parametrize("wild", [1e-6, 1e6])
def test_one_wild_block_changes_little(wild: float) -> None:
    """A block during which the machine did something else does not decide."""
    ratios = np.exp(np.random.default_rng(7).normal(math.log(1.2), 0.02, 30)).tolist()
    calm, disturbed = stats.typical_ratio(ratios), stats.typical_ratio([*ratios[1:], wild])

    assert calm.value == pytest.approx(disturbed.value, rel=0.005)
    assert disturbed.high / disturbed.low < 1.5 * calm.high / calm.low
    assert disturbed.low < 1.2 * 1.01
    assert disturbed.high > 1.2 * 0.99


@given(st.lists(st.floats(0.01, 100), min_size=5, max_size=25))
@settings(deadline=None, max_examples=25)
def test_ratios_turned_round_give_the_interval_turned_round(ratios: list[float]) -> None:
    """Who is called the baseline does not matter: 2 times as fast is 0.5 times from the other."""
    there = stats.typical_ratio(ratios)
    back = stats.typical_ratio([1 / ratio for ratio in ratios])

    assert [1 / there.value, 1 / there.high, 1 / there.low] == pytest.approx(
        [back.value, back.low, back.high], rel=1e-6
    )
    assert there.low <= there.value <= there.high


@pytest.mark.parametrize("n", [5, 6, 7, 11, 12, 15])
def test_the_fewest_ratios_give_a_sane_interval(n: int) -> None:
    """A few ratios a few per cent apart: 1 in 20 intervals misses, and none is 2 times as wide.

    Resamples of one value alone have no spread, and rounding must not make one of 1e-17 of it.
    """
    rows = np.exp(np.random.default_rng(10).normal(0.1, 0.02, (200, n)))
    found = [stats.typical_ratio(row) for row in rows]

    assert max(made.high / made.low for made in found) < 2
    assert 0.9 <= sum(made.low <= math.exp(0.1) <= made.high for made in found) / 200 <= 0.99


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_ratios_are_refused(n: int) -> None:
    """Less than five blocks have a middle, but nothing to say how sure it is."""
    with pytest.raises(ValueError, match=f"{n} ratios are too few"):
        stats.typical_ratio([1.0 + at for at in range(n)])


def test_no_ratios_are_refused() -> None:
    """No block at all is told in the same way, and not by an accident inside."""
    with pytest.raises(ValueError, match="0 ratios are too few"):
        stats.typical_ratio([])


def test_the_typical_ratio_is_repeatable() -> None:
    """The same ratios have the same interval in every run."""
    ratios = np.exp(np.random.default_rng(8).normal(0, 0.1, 30)).tolist()

    assert stats.typical_ratio(ratios) == stats.typical_ratio(ratios)


def _two_lumps(generator: np.random.Generator) -> np.ndarray:
    """Openings of a session are fast or slow, as their memory happens to lie; and a little noise.

    Symmetric about 0, as the ratios of one file against itself are.
    """
    lumps = generator.choice([-0.05, 0.0, 0.05], (DRAWS, 40), p=[0.25, 0.5, 0.25])
    return lumps + generator.normal(0, 0.005, (DRAWS, 40))


def _outliers(generator: np.random.Generator) -> np.ndarray:
    """Blocks of which one in twenty is disturbed, on either side."""
    logs = generator.normal(0, 0.01, (DRAWS, 40))
    return np.where(
        generator.random((DRAWS, 40)) < 0.05, generator.normal(0, 0.5, logs.shape), logs
    )


@pytest.mark.parametrize(
    "draw",
    [lambda generator: generator.normal(0, 0.02, (DRAWS, 30)), _two_lumps, _outliers],
    ids=["normal", "two lumps", "5 % outliers"],
)
def test_the_typical_ratio_covers_the_truth(
    draw: Callable[[np.random.Generator], np.ndarray],
) -> None:
    """Of 2,000 pairs of equal sessions, 93 to 97 % have an interval that holds 1."""
    rows = np.exp(draw(np.random.default_rng(9)))

    assert 0.93 <= covered(1.0, [stats.typical_ratio(row) for row in rows]) <= 0.97
