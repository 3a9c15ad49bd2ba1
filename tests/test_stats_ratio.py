"""The typical ratio: exact ranks, wild blocks, and how often its interval holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.coverage import NOISES, of_ratios, ratios_of
from weighin import stats
from weighin.stats import FEWEST, Interval

SETS = 600


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.25, 40.0])
@pytest.mark.parametrize("n", [FEWEST, FEWEST + 1, 400])
def test_equal_ratios_are_a_point(ratio: float, n: int) -> None:
    """Ratios that are all the same leave nothing uncertain."""
    expected = pytest.approx(ratio)

    assert Interval(expected, expected, expected) == stats.typical_ratio([ratio] * n)


def test_the_middle_is_the_median_of_logarithms() -> None:
    """Of an even number, the geometric mean of the two in the middle."""
    assert stats.typical_ratio([1e-9, 1.0, 4.0, 1e9]).value == pytest.approx(2.0)
    assert stats.typical_ratio([1e-9, 3.0, 1e9]).value == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("n", "confidence", "rank"), [(30, 0.95, 10), (40, 0.95, 14), (30, 0.99, 8)]
)
def test_the_ends_are_the_ranks_of_the_binomial(n: int, confidence: float, rank: int) -> None:
    """Those of tables (Conover 1999, table A3), of ratios that do not go with each other."""
    half = np.arange(1, n // 2 + 1, dtype=float)
    ratios = np.stack([half, n + 1 - half], axis=1).ravel()  # a low one after each high one

    found = stats.typical_ratio(ratios.tolist(), confidence)

    assert (found.low, found.high) == (rank, n + 1 - rank)


@pytest.mark.parametrize("n", [1, 5, FEWEST - 1])
def test_few_ratios_have_no_interval(n: int) -> None:
    """Their middle is told, and anything may be true: no verdict follows."""
    ratios = [2.0] * n

    assert stats.typical_ratio(ratios) == Interval(2.0, 0.0, math.inf)
    assert stats.speed_verdict(ratios) == "no evidence"


def test_no_ratios_are_refused() -> None:
    """No block at all is told, and not by an accident inside."""
    with pytest.raises(ValueError, match="there are no ratios"):
        stats.typical_ratio([])


def test_ratios_that_drift_are_worth_few_and_have_no_interval() -> None:
    """A machine that is slow for the half of a pair says nothing of the files."""
    ratios = [1.0] * 20 + [1.5] * 20

    assert stats.independent(ratios) < 2
    assert stats.typical_ratio(ratios).high == math.inf


@pytest.mark.parametrize("wild", [1e-6, 1e6])
def test_one_wild_block_changes_little(wild: float) -> None:
    """A block during which the machine did something else does not decide."""
    ratios = np.exp(np.random.default_rng(7).normal(math.log(1.2), 0.02, 40)).tolist()
    calm, disturbed = stats.typical_ratio(ratios), stats.typical_ratio([*ratios[1:], wild])

    assert calm.value == pytest.approx(disturbed.value, rel=0.005)
    assert disturbed.high / disturbed.low < 1.5 * calm.high / calm.low


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=60))
@settings(max_examples=50)
def test_ratios_turned_round_give_the_interval_turned_round(ratios: list[float]) -> None:
    """Who is called the baseline does not matter: 2 times as fast is 0.5 times from the other."""
    there = stats.typical_ratio(ratios)
    back = stats.typical_ratio([1 / ratio for ratio in ratios])

    assert back.value == pytest.approx(1 / there.value, rel=1e-6)
    if there.high < math.inf:
        assert [back.low, back.high] == pytest.approx([1 / there.high, 1 / there.low], rel=1e-6)
    assert there.low <= there.value <= there.high


@pytest.mark.parametrize("n", [FEWEST, 100])
@pytest.mark.parametrize("noise", [name for name in NOISES if name[-3:] not in ("0.6", "0.9")])
def test_the_interval_covers_the_truth_whatever_the_noise(noise: str, n: int) -> None:
    """From the fewest blocks that have one on: 93 % at least, and most have one."""
    truth, found = of_ratios(noise, n, SETS)

    assert len(found) > (0.65 if noise.startswith("following") else 0.92) * SETS
    assert sum(each.low <= truth <= each.high for each in found) >= 0.93 * len(found)


@pytest.mark.parametrize("correlation", ["0.6", "0.9"])
def test_drifting_machines_seldom_get_a_false_verdict(correlation: str) -> None:
    """What follows itself that much is worth few blocks: most pairs are left without a verdict."""
    rows = ratios_of(f"following by {correlation}", FEWEST, SETS, scale=0.03)
    called = sum(stats.speed_verdict(row) in ("faster", "slower") for row in rows)

    assert called / SETS < 0.03
