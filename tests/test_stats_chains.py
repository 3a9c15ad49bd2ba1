"""Products of ratios hold the truth, and the truly quickest is left out of no set of candidates."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import functools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import coverage
from weighin import stats
from weighin.stats import Interval

SETS = 150
ENDS = st.tuples(st.floats(0.01, 100), st.floats(1, 2), st.floats(1, 2))
SPEEDS = st.lists(st.integers(1, 9), min_size=1, max_size=7)


def interval(value: float, below: float = 1.1, above: float = 1.2) -> Interval:
    """An interval from so many times below to so many times above."""
    return Interval(value, value / below, value * above)


def fixed(ratio: Interval) -> object:
    """The same at any confidence."""
    return lambda confidence: ratio


# -- products ----------------------------------------------------------------------------------


def test_a_product_is_of_values_and_of_ends() -> None:
    product = stats.product([fixed(Interval(2.0, 1.9, 2.2)), fixed(Interval(0.5, 0.4, 0.6))])  # type: ignore[list-item]

    assert (1.0, pytest.approx(0.76), pytest.approx(1.32)) == tuple(vars(product).values())


@pytest.mark.parametrize(("count", "asked"), [(1, 0.95), (2, 0.975), (4, 0.9875)])
def test_each_ratio_is_asked_for_its_share_of_the_error(count: int, asked: float) -> None:
    """So that all of them hold their truths at once in 95 of 100 products."""
    heard: list[float] = []

    def ratio(confidence: float) -> Interval:
        heard.append(confidence)
        return interval(1.0)

    stats.product([ratio] * count)

    assert [pytest.approx(asked)] * count == heard


def test_of_nothing_the_product_is_one() -> None:
    assert Interval(1.0, 1.0, 1.0) == stats.product([])


def test_what_one_ratio_leaves_open_the_product_does() -> None:
    """Of too few blocks nothing is known but the median."""
    product = stats.product([fixed(interval(2.0)), fixed(Interval(3.0, 0.0, math.inf))])  # type: ignore[list-item]

    assert Interval(6.0, 0.0, math.inf) == product
    assert (None, None) == product.ends


@given(st.lists(ENDS, min_size=1, max_size=5))
def test_a_product_the_other_way_round_is_that_of_the_inverses(
    ends: list[tuple[float, ...]],
) -> None:
    ratios = [interval(*each) for each in ends]
    forwards = stats.product([fixed(each) for each in ratios])  # type: ignore[misc]
    backwards = stats.product([fixed(stats.inverse(each)) for each in reversed(ratios)])  # type: ignore[misc]

    assert forwards.low <= forwards.value <= forwards.high
    assert vars(stats.inverse(forwards)) == pytest.approx(vars(backwards))


def test_an_open_interval_is_open_the_other_way_round() -> None:
    assert Interval(0.5, 0.0, math.inf) == stats.inverse(Interval(2.0, 0.0, math.inf))


@pytest.mark.parametrize("pairs", [2, 4])
@pytest.mark.parametrize(
    "name",
    ["normal", "lognormal", "three in ten disturbed", "two modes, 50:50", "following by 0.3"],
)
def test_products_hold_the_truth(name: str, pairs: int) -> None:
    """Whatever the noise: where it has two modes, distances that are squared and added do not."""
    truth, found = coverage.of_products(name, 60, pairs, SETS)

    assert len(found) > SETS / 2
    assert coverage.missed(truth, found)[0] >= 0.95


# -- the quickest ------------------------------------------------------------------------------


def by_speed(speeds: list[int], one: int, other: int, confidence: float) -> bool:
    """Whether one is faster than another, without any doubt."""
    return speeds[one] > speeds[other]


@given(SPEEDS)
def test_without_doubt_the_quickest_are_left(speeds: list[int]) -> None:
    """All that are as quick as any, in their order."""
    candidates = list(range(len(speeds)))
    left = stats.unbeaten(candidates, functools.partial(by_speed, speeds), len(speeds) - 1)

    assert [at for at in candidates if speeds[at] == max(speeds)] == left


@given(SPEEDS)
def test_without_evidence_all_are_left(speeds: list[int]) -> None:
    candidates = list(range(len(speeds)))

    assert candidates == stats.unbeaten(candidates, lambda *_: False, len(speeds))


@given(SPEEDS, st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))))
def test_more_evidence_leaves_no_more(speeds: list[int], doubted: set[tuple[int, int]]) -> None:
    """What is doubted of who beats whom keeps more candidates, and none that is beaten is lost."""

    def doubtful(one: int, other: int, confidence: float) -> bool:
        return by_speed(speeds, one, other, confidence) and (one, other) not in doubted

    candidates = list(range(len(speeds)))
    sure = stats.unbeaten(candidates, functools.partial(by_speed, speeds), 1)

    assert set(sure) <= set(stats.unbeaten(candidates, doubtful, 1))


@pytest.mark.parametrize(("tests", "asked"), [(0, 0.99), (1, 0.99), (10, 0.99), (40, 0.9975)])
def test_many_tests_share_the_error(tests: int, asked: float) -> None:
    """On either side of an interval is half of what it leaves out, and one side of it is tested."""
    heard = set()

    def heard_of(one: int, other: int, confidence: float) -> bool:
        heard.add(round(confidence, 9))
        return False

    stats.unbeaten([0, 1], heard_of, tests)

    assert {asked} == heard


@pytest.mark.parametrize("engines", coverage.ENGINES)
@pytest.mark.parametrize("name", ["normal", "three in ten disturbed", "two modes, 80:20"])
def test_the_truly_quickest_is_marked(name: str, engines: str) -> None:
    """In 95 of 100 sets at least, of engines that are all alike too."""
    kept, _ = coverage.quickest_of(name, coverage.ENGINES[engines], 48, SETS)

    assert kept >= 0.95


def test_what_is_much_quicker_is_found_alone() -> None:
    """A mark that all rows had would say nothing."""
    _, alone = coverage.quickest_of("normal", coverage.ENGINES["five, one 20 % faster"], 48, SETS)

    assert alone >= 0.9
