"""Verdicts of quality and speed: each is reached, mirrored, and seldom called by chance."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from helpers.intervals import DRAWS, paired
from hypothesis import assume, given
from hypothesis import strategies as st

from weighin import stats
from weighin.stats import Interval


@pytest.mark.parametrize(
    ("gained", "lost", "n", "margin", "expected"),
    [
        (20, 5, 1000, 0.005, "better"),
        (5, 20, 1000, 0.005, "worse"),
        (0, 6, 10, 0.005, "worse"),
        (0, 5, 10, 0.005, "no evidence"),
        (12, 14, 1000, 0.005, "no evidence"),
        (12, 14, 1000, 0.02, "same within ±2 points"),
        (12, 14, 10_000, 0.005, "same within ±0.5 points"),
        (12, 14, 10_000, 0.0013, "same within ±0.13 points"),
        (12, 14, 10_000, 0.0, "no evidence"),
        (0, 0, 10_000, 0.005, "same within ±0.5 points"),
        (0, 0, 10, 0.005, "no evidence"),
        (20, 5, 1_000_000, 0.005, "better"),
    ],
)
def test_every_quality_verdict_is_reached(
    gained: int, lost: int, n: int, margin: float, expected: str
) -> None:
    """Better or worse by the test, the same by the margin, or nothing for want of images."""
    assert expected == stats.quality_verdict(gained, lost, n, margin)


@given(paired(), st.floats(0, 1))
def test_quality_is_never_called_against_the_count(
    counts: tuple[int, int, int], margin: float
) -> None:
    """What lost more than it gained is never better, nor the other way round."""
    gained, lost, n = counts
    verdict = stats.quality_verdict(gained, lost, n, margin)

    assert gained > lost or verdict != "better"
    assert gained < lost or verdict != "worse"


@given(paired(), st.floats(0, 1))
def test_quality_verdicts_are_mirrored(counts: tuple[int, int, int], margin: float) -> None:
    """Gains and losses exchanged, better is worse, and the rest stays."""
    gained, lost, n = counts
    mirror = {"better": "worse", "worse": "better"}
    verdict = stats.quality_verdict(gained, lost, n, margin)

    assert mirror.get(verdict, verdict) == stats.quality_verdict(lost, gained, n, margin)


@given(paired(), st.floats(0, 1), st.floats(0, 1))
def test_a_wider_margin_takes_no_sameness_away(
    counts: tuple[int, int, int], one: float, other: float
) -> None:
    """What is the same within a narrow margin is so within a wider one."""
    narrow, wide = (stats.quality_verdict(*counts, margin) for margin in sorted((one, other)))

    assert not narrow.startswith("same") or wide.startswith("same")


def test_same_is_called_by_the_interval() -> None:
    """The end of the interval itself is the narrowest margin within which two are the same."""
    reach = -stats.paired_difference(12, 14, 1000).low

    assert stats.quality_verdict(12, 14, 1000, reach).startswith("same within")
    assert "no evidence" == stats.quality_verdict(12, 14, 1000, reach * 0.999)


def test_as_good_models_are_seldom_called() -> None:
    """Of 2,000 test sets on which neither is better, at most 5 % are called better or worse."""
    made = functools.cache(stats.quality_verdict)
    counts = np.random.default_rng(5).multinomial(2000, (0.02, 0.02, 0.96), DRAWS)
    verdicts = [made(int(more), int(fewer), 2000) for more, fewer, _ in counts]

    assert 0.01 <= sum(word in ("better", "worse") for word in verdicts) / DRAWS <= 0.055


@pytest.mark.parametrize(
    ("difference", "margin", "higher_is"),
    [
        (Interval(0.3, 0.1, 0.5), 0.2, "better"),
        (Interval(0.3, 0.1, 0.5), 9.0, "better"),
        (Interval(-0.3, -0.5, -0.1), 0.2, "worse"),
        (Interval(0.1, 0.0, 0.2), 0.2, "same within ±0.2 dB"),
        (Interval(-0.1, -0.2, 0.0), 0.2, "same within ±0.2 dB"),
        (Interval(0.0, -0.2, 0.1), 0.19, "no evidence"),
        (Interval(0.0, -0.1, 0.2), 0.19, "no evidence"),
        (Interval(0.0, 0.0, 0.0), 0.0, "same within ±0 dB"),
    ],
)
def test_every_verdict_of_an_interval_is_reached(
    difference: Interval, margin: float, higher_is: str
) -> None:
    """Better or worse where the interval leaves out 0, by the direction that is good."""
    mirror = {"better": "worse", "worse": "better"}
    text = f"{margin:g} dB"

    assert higher_is == stats.verdict_of(difference, margin, "higher", text)
    assert mirror.get(higher_is, higher_is) == stats.verdict_of(difference, margin, "lower", text)


def test_a_direction_that_is_none_is_refused() -> None:
    """Nothing is better of a figure of which neither direction is."""
    with pytest.raises(ValueError, match="better is '': it is 'higher' or 'lower'"):
        stats.verdict_of(Interval(1.0, 0.5, 1.5), 0.1, "", "0.1")


def around(middle: float, reach: float) -> list[float]:
    """Forty ratios spread evenly over `middle` ± `reach`, a low one after each high one."""
    spread = np.linspace(-reach, reach, 40)
    return (middle + np.stack([spread[:20], spread[:19:-1]], axis=1).ravel()).tolist()


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        (around(1.10, 0.05), "faster"),
        (around(1.021, 0.02), "faster"),
        (around(1.03, 0.2), "no evidence"),
        (around(1.0, 0.2), "no evidence"),
        (around(1.0, 0.03), "same within ±2 %"),
        (around(1.012, 0.01), "same within ±2 %"),
        (around(0.90, 0.05), "slower"),
        (around(0.979, 0.02), "slower"),
        (around(0.97, 0.2), "no evidence"),
        ([1.5] * (stats.FEWEST - 1), "no evidence"),
    ],
)
def test_every_speed_verdict_is_reached(ratios: list[float], expected: str) -> None:
    """Called if the interval leaves out 1 and the ratio is no trifle, in either direction."""
    assert expected == stats.speed_verdict(ratios)


def test_a_speed_is_called_at_99_per_cent() -> None:
    """An interval that leaves out 1 at 95 % alone calls nothing: pairs are many."""
    ratios = around(1.035, 0.09)
    usual, sure = (stats.typical_ratio(ratios, each) for each in (0.95, 0.99))

    assert usual.low > 1 > sure.low
    assert "no evidence" == stats.speed_verdict(ratios)


def test_the_smallest_speedup_can_be_chosen() -> None:
    """A trifle for one is a finding for another."""
    small = around(1.015, 0.005)

    assert ["same within ±2 %", "faster"] == [
        stats.speed_verdict(small, smallest) for smallest in (0.02, 0.01)
    ]


@given(st.floats(0.5, 2), st.floats(0, 0.3), st.floats(0.001, 0.5))
def test_speed_verdicts_are_mirrored(middle: float, reach: float, smallest: float) -> None:
    """Sides exchanged, faster is slower; and neither is called with 1 in the interval."""
    ratios = np.exp(np.asarray(around(math.log(middle), reach))).tolist()
    interval = stats.typical_ratio(ratios)
    sure = stats.typical_ratio(ratios, stats.SPEED_CONFIDENCE)
    edges = (*(interval.low, interval.high, sure.low, sure.high), interval.value)
    limits = (1, 1 + smallest, 1 / (1 + smallest))
    assume(all(abs(edge - limit) > 1e-9 for edge in edges for limit in limits))
    verdict = stats.speed_verdict(ratios, smallest)

    swapped = {"faster": "slower", "slower": "faster"}.get(verdict, verdict)
    assert swapped == stats.speed_verdict([1 / ratio for ratio in ratios], smallest)
    assert verdict not in ("faster", "slower") or not sure.low <= 1 <= sure.high
