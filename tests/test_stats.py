"""Entropy, concordance and exact tests: values by hand, by counting and by SciPy."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin import stats


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
