"""Intervals: published values, properties, and how often they cover what is true.

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
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from weighin import stats
from weighin.stats import Interval

DRAWS = 2000
SAMPLES = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=40)


@st.composite
def paired(draw: st.DrawFn) -> tuple[int, int, int]:
    """Counts of gained, lost and all items."""
    n = draw(st.integers(1, 10_000))
    gained = draw(st.integers(0, n))
    return gained, draw(st.integers(0, n - gained)), n


def rounded(interval: Interval, digits: int) -> tuple[float, float]:
    """An interval's ends, as they are printed."""
    return round(interval.low, digits), round(interval.high, digits)


def covered(truth: float, intervals: Sequence[Interval]) -> float:
    """Share of intervals that hold the truth."""
    assert DRAWS == len(intervals)
    return sum(each.low <= truth <= each.high for each in intervals) / DRAWS


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3], [1, 2, 3], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3], [2, 4, 6], 8 / 3 / (2 / 3 + 8 / 3 + 4)),  # 2 covariance / (variances + means²)
        ([1, 2, 3], [2, 3, 4], 4 / 3 / (2 / 3 + 2 / 3 + 1)),
        ([1, 2, 3], [0, 0, 0], 0.0),
        ([5, 5, 5], [5, 5, 5], math.nan),
    ],
)
def test_concordance_of_known_figures(
    first: list[float], second: list[float], expected: float
) -> None:
    """Lin's formula, worked out by hand: a shift or a scale lowers it, though they correlate."""
    assert expected == pytest.approx(stats.concordance(first, second), nan_ok=True)
    assert expected == pytest.approx(stats.concordance(second, first), nan_ok=True)


@pytest.mark.parametrize(
    ("counts", "bits"),
    [
        ([7], 0.0),
        ([5, 5], 1.0),
        ([3, 3, 3, 3], 2.0),
        ([4, 2, 1, 1], 1.75),  # 1/2, 1/4, 1/8, 1/8
        ([9, 1], 0.4689955936),
    ],
)
def test_entropy_of_known_distributions(counts: list[int], bits: float) -> None:
    """-Σ p log2 p, worked out by hand."""
    assert bits == pytest.approx(stats.entropy(counts))


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=300))
def test_entropy_is_that_of_equal_shares_at_most(counts: list[int]) -> None:
    """Never below 0, nor above the logarithm of how many items there are."""
    assert 0 <= stats.entropy(counts) <= math.log2(len(counts)) + 1e-9


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


@pytest.mark.parametrize(
    ("gained", "lost", "expected"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (0, 5, 2 / 2**5),
        (0, 6, 2 / 2**6),
        (2, 8, 2 * (1 + 10 + 45) / 2**10),
        (10, 10, 1.0),
        (86, 150, 3.716e-5),
    ],
)
def test_mcnemar_is_the_binomial_of_what_changed(gained: int, lost: int, expected: float) -> None:
    """Twice the tail of a fair coin's throws; the last is Agresti's prime minister, exactly."""
    assert expected == pytest.approx(stats.mcnemar(gained, lost), rel=1e-3)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_by_counting(gained: int, lost: int) -> None:
    """Sum of all splits that are no likelier than the one found."""
    n = gained + lost
    ways = [math.comb(n, k) for k in range(n + 1)]

    expected = sum(way for way in ways if way <= ways[gained]) / 2**n
    assert expected == pytest.approx(stats.mcnemar(gained, lost))


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_mcnemar_is_symmetric(gained: int, lost: int) -> None:
    """Which of the two is called the first does not matter; the result is a probability."""
    p = stats.mcnemar(gained, lost)

    assert p == stats.mcnemar(lost, gained)
    assert 0 <= p <= 1


counts = st.tuples(st.integers(0, 40), st.integers(0, 40))


@given(counts, counts)
def test_fisher_by_counting(first: tuple[int, int], second: tuple[int, int]) -> None:
    """Sum of all tables of the same margins that are no likelier than the one found."""
    n, m, total = sum(first), sum(second), first[0] + second[0]
    ways = {
        k: math.comb(n, k) * math.comb(m, total - k)
        for k in range(max(0, total - m), min(n, total) + 1)
    }

    expected = sum(way for way in ways.values() if way <= ways[first[0]]) / math.comb(n + m, total)
    assert expected == pytest.approx(stats.fisher(first, second))


def test_fisher_on_the_tea() -> None:
    """Fisher's own table: three of four cups told right; 34 of 70."""
    assert 34 / 70 == pytest.approx(stats.fisher((3, 1), (1, 3)))


@given(*[st.tuples(st.integers(0, 20_000), st.integers(0, 20_000))] * 2)
@settings(max_examples=30)
def test_fisher_is_scipys(first: tuple[int, int], second: tuple[int, int]) -> None:
    """Of as many images as test sets have; and which of the two is the first does not matter."""
    from scipy.stats import fisher_exact

    p = stats.fisher(first, second)

    assert float(fisher_exact([first, second])[1]) == pytest.approx(p, rel=1e-6, abs=1e-12)
    assert p == pytest.approx(stats.fisher(second, first), rel=1e-6, abs=1e-12)
    assert p == pytest.approx(stats.fisher(first[::-1], second[::-1]), rel=1e-6, abs=1e-12)


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


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (Interval(1.10, 1.05, 1.15), "faster"),
        (Interval(1.02, 1.001, 1.04), "faster"),
        (Interval(1.019, 1.018, 1.02), "no evidence"),
        (Interval(1.10, 1.00, 1.20), "no evidence"),
        (Interval(1.10, 0.99, 1.20), "no evidence"),
        (Interval(1.0, 0.99, 1.01), "no evidence"),
        (Interval(0.90, 0.85, 0.95), "slower"),
        (Interval(0.979, 0.97, 0.99), "slower"),
        (Interval(0.985, 0.98, 0.99), "no evidence"),
        (Interval(0.90, 0.80, 1.00), "no evidence"),
    ],
)
def test_every_speed_verdict_is_reached(interval: Interval, expected: str) -> None:
    """Called if the interval leaves out 1 and the ratio is no trifle, in either direction."""
    assert expected == stats.speed_verdict(interval)


def test_the_smallest_speedup_can_be_chosen() -> None:
    """A trifle for one is a finding for another."""
    small = Interval(1.015, 1.01, 1.02)

    assert ["no evidence", "faster"] == [
        stats.speed_verdict(small, smallest) for smallest in (0.02, 0.01)
    ]


@given(st.floats(0.1, 10), st.floats(1, 3), st.floats(1, 3), st.floats(0, 0.5))
def test_speed_verdicts_are_mirrored(
    value: float, below: float, above: float, smallest: float
) -> None:
    """Sides exchanged, faster is slower; and neither is called with 1 in the interval."""
    interval = Interval(value, value / below, value * above)
    mirrored = Interval(1 / value, 1 / interval.high, 1 / interval.low)
    verdict = stats.speed_verdict(interval, smallest)
    edges = (interval.low, interval.high, value / (1 + smallest), value * (1 + smallest))
    assume(all(abs(edge - 1) > 1e-9 for edge in edges))

    swapped = {"faster": "slower", "slower": "faster"}.get(verdict, verdict)
    assert swapped == stats.speed_verdict(mirrored, smallest)
    assert verdict == "no evidence" or not interval.low <= 1 <= interval.high
