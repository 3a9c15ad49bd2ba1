"""Intervals of shares, differences and quantiles: published values, properties, coverage.

An interval is right if it covers the true value as often as it promises, so that is simulated,
with fixed seeds, beside the formulas' published examples.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from helpers.intervals import DRAWS, covered, paired
from hypothesis import given
from hypothesis import strategies as st

from weighin import stats
from weighin.stats import Interval

SAMPLES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40)


def rounded(interval: Interval, digits: int) -> tuple[float, float]:
    """An interval's ends, as they are printed."""
    return round(interval.low, digits), round(interval.high, digits)


@pytest.mark.parametrize(
    ("successes", "n", "ends"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_proportion_is_as_published(successes: int, n: int, ends: tuple[float, float]) -> None:
    """The examples of Newcombe 1998, table I, method 3 (Wilson without correction)."""
    assert ends == rounded(stats.proportion(successes, n), 4)


def test_proportion_of_a_test_set() -> None:
    """9,915 of 10,000 right: Wilson's formula worked out to 40 digits."""
    interval = stats.proportion(9915, 10_000)

    assert 0.9915 == interval.value
    assert (0.9895024355540669, 0.9931200940475580) == pytest.approx(
        (interval.low, interval.high), abs=1e-12
    )


@pytest.mark.parametrize("n", [1, 2, 10, 100, 10_000])
def test_proportion_of_none_and_of_all(n: int) -> None:
    """At 0 and n Wilson's interval is z²/(n + z²) long, and ends at 0 or 1 exactly."""
    z = 1.959963984540054
    reach = z * z / (n + z * z)
    none, every = stats.proportion(0, n), stats.proportion(n, n)

    assert (0.0, 0.0) == (none.value, none.low)
    assert reach == pytest.approx(none.high)
    assert (1.0, 1.0) == (every.value, every.high)
    assert 1 - reach == pytest.approx(every.low)


@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_proportion_holds_its_estimate(counts: tuple[int, int]) -> None:
    """The estimate lies in its interval, and the interval between 0 and 1, never a point."""
    interval = stats.proportion(*counts)

    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low < interval.high


@given(st.integers(1, 500), st.integers(0, 500))
def test_proportion_shrinks_with_n(right: int, wrong: int) -> None:
    """The same share of four times the items has a shorter interval."""
    few = stats.proportion(right, right + wrong)
    many = stats.proportion(4 * right, 4 * (right + wrong))

    assert many.high - many.low < few.high - few.low


def test_more_confidence_is_longer() -> None:
    """A 99 % interval reaches further than a 95 % one, whatever it is of."""
    samples = list(range(100))
    for made in (
        functools.partial(stats.proportion, 50, 100),
        functools.partial(stats.paired_difference, 12, 8, 100),
        functools.partial(stats.median, samples),
        functools.partial(stats.quantile, samples, 0.9),
    ):
        usual, sure = made(), made(confidence=0.99)
        assert sure.low < usual.low <= usual.high < sure.high


def test_paired_difference_is_agresti_and_min() -> None:
    """Approval of a prime minister, 1,600 asked twice: 944 before, 880 after (Agresti 1990).

    The ends are Agresti and Min's formula worked out to 40 digits; Wald's, without the half
    items, are (-0.0587, -0.0213).
    """
    interval = stats.paired_difference(86, 150, 1600)

    assert -0.04 == interval.value
    assert (-0.0586829357259725, -0.0212171891179726) == pytest.approx(
        (interval.low, interval.high), abs=1e-12
    )


def test_no_difference_is_not_certain() -> None:
    """Where no item changed, the interval still has the width that so few items leave."""
    interval = stats.paired_difference(0, 0, 100)

    assert Interval(0.0, pytest.approx(-1.959963984540054 / 102), -interval.low) == interval


@given(paired())
def test_paired_difference_holds_its_estimate(counts: tuple[int, int, int]) -> None:
    """The estimate lies in its interval, and the interval between -1 and 1, never a point."""
    interval = stats.paired_difference(*counts)

    assert -1 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low < interval.high


@given(paired())
def test_paired_difference_is_symmetric(counts: tuple[int, int, int]) -> None:
    """Gains and losses exchanged, the interval is mirrored at 0."""
    gained, lost, n = counts
    there, back = stats.paired_difference(gained, lost, n), stats.paired_difference(lost, gained, n)

    assert Interval(-there.value, pytest.approx(-there.high), pytest.approx(-there.low)) == back


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 300))
def test_paired_difference_shrinks_with_n(gained: int, lost: int, same: int) -> None:
    """The same shares of four times the items have a shorter interval."""
    n = gained + lost + same
    few = stats.paired_difference(gained, lost, n)
    many = stats.paired_difference(4 * gained, 4 * lost, 4 * n)

    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(
    ("n", "ranks"),
    [(6, (1, 6)), (8, (1, 8)), (9, (2, 8)), (10, (2, 9)), (15, (4, 12)), (20, (6, 15))],
)
def test_median_has_the_published_ranks(n: int, ranks: tuple[int, int]) -> None:
    """Ranks of the samples that bound a 95 % interval, as tables of the sign test list them."""
    shuffled = np.random.default_rng(n).permutation(np.arange(1, n + 1)).tolist()

    assert Interval((n + 1) / 2, *ranks) == stats.median(shuffled)


def test_quantile_has_the_ranks_of_the_binomial() -> None:
    """For 0.9 of 100 samples: ranks 84 and 96 leave 2.1 and 2.4 % outside, the next too much."""
    outside = [math.comb(100, k) * 0.9**k * 0.1 ** (100 - k) for k in range(101)]
    assert sum(outside[:84]) < 0.025 < sum(outside[:85])
    assert sum(outside[96:]) < 0.025 < sum(outside[95:])

    interval = stats.quantile(list(range(1, 101)), 0.9)

    assert (pytest.approx(90.1), 84, 96) == (interval.value, interval.low, interval.high)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    ("samples", "ends"),
    [([3.0], (3.0, 3.0)), ([2.0, 1.0], (1.0, 2.0)), ([3.0, 1.0, 2.0], (1.0, 3.0))],
)
def test_few_samples_give_all_they_have(
    samples: list[float], ends: tuple[float, float], share: float
) -> None:
    """Too few samples for 95 %: the ends are the lowest and the highest, none is made up."""
    interval = stats.quantile(samples, share)

    assert ends[0] <= interval.low <= interval.value <= interval.high == ends[1]
    if share == 0.5:
        assert ends[0] == interval.low


def test_median_of_two_lies_between_them() -> None:
    """The median of two samples is their mean, and its interval all that is known."""
    assert Interval(1.5, 1.0, 2.0) == stats.median([2.0, 1.0])


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("n", [1, 2, 5, 50])
@pytest.mark.parametrize("value", [0.0, 0.1, 9.31e-05])
def test_constant_samples_have_a_point(value: float, n: int, share: float) -> None:
    """Samples that are all the same leave nothing uncertain."""
    assert Interval(value, value, value) == stats.quantile([value] * n, share)


@given(SAMPLES, st.sampled_from([0.5, 0.9, 0.99]))
def test_quantile_holds_its_estimate(samples: list[float], share: float) -> None:
    """The estimate lies in its interval, and the interval among the samples."""
    interval = stats.quantile(samples, share)

    assert min(samples) <= interval.low <= interval.value <= interval.high <= max(samples)


@given(SAMPLES, st.randoms())
def test_the_order_of_samples_does_not_matter(samples: list[float], random: object) -> None:
    """A median has no memory of which sample came first."""
    shuffled = list(samples)
    random.shuffle(shuffled)

    assert stats.median(samples) == stats.median(shuffled)


def test_median_is_the_middle_quantile() -> None:
    """A median is the quantile at one half, interval and all."""
    samples = np.random.default_rng(0).exponential(size=51).tolist()

    assert stats.quantile(samples, 0.5) == stats.median(samples)


def test_median_shrinks_with_n() -> None:
    """Four times the samples leave a shorter interval."""
    samples = np.random.default_rng(1).exponential(size=400).tolist()
    few, many = stats.median(samples[:100]), stats.median(samples)

    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(("share", "n"), [(0.98, 1000), (0.5, 100)])
def test_proportion_covers_the_truth(share: float, n: int) -> None:
    """Of 2,000 samples, 93 to 97 % have an interval that holds the share they were drawn by."""
    made = functools.cache(stats.proportion)
    counts = np.random.default_rng(2).binomial(n, share, DRAWS)

    assert 0.93 <= covered(share, [made(int(count), n) for count in counts]) <= 0.97


@pytest.mark.parametrize(("gained", "lost"), [(0.02, 0.03), (0.01, 0.01)])
def test_paired_difference_covers_the_truth(gained: float, lost: float) -> None:
    """Of 2,000 test sets, 93 to 97 % have an interval that holds the true difference."""
    n = 2000
    made = functools.cache(stats.paired_difference)
    shares = (gained, lost, 1 - gained - lost)
    counts = np.random.default_rng(3).multinomial(n, shares, DRAWS)
    intervals = [made(int(more), int(fewer), n) for more, fewer, _ in counts]

    assert 0.93 <= covered(gained - lost, intervals) <= 0.97


@pytest.mark.parametrize(
    ("interval", "truth", "n"),
    [
        (stats.median, math.log(2), 60),
        (functools.partial(stats.quantile, share=0.9), math.log(10), 100),
    ],
    ids=["median", "quantile 0.9"],
)
def test_order_statistics_cover_the_truth(
    interval: Callable[[Sequence[float]], Interval], truth: float, n: int
) -> None:
    """Of 2,000 skewed samples, 93 to 98.5 % have an interval that holds the true quantile.

    The ends can only be samples, so coverage moves in steps as n grows, and the step taken is
    the one above 95 %: it may lie above 97 %, though not by more than one rank's share.
    """
    samples = np.random.default_rng(4).exponential(size=(DRAWS, n)).tolist()

    assert 0.93 <= covered(truth, [interval(each) for each in samples]) <= 0.985
