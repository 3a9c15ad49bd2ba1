"""Several tests at once: what Holm's procedure keeps, and p-values that agree with intervals."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin import stats
from weighin.stats.several import SMALLEST

P_VALUES = st.lists(st.floats(0, 1), max_size=20)


def test_holm_by_hand() -> None:
    """The smallest times four, the next times three; none below the one before it."""
    assert [0.03, 0.06, 0.06, 0.02] == pytest.approx(stats.holm([0.01, 0.04, 0.03, 0.005]))
    assert [] == stats.holm([])


@given(P_VALUES)
def test_correcting_calls_nothing_more(values: list[float]) -> None:
    """No p-value falls, none exceeds 1 or the number of tests, and their order stays."""
    adjusted = stats.holm(values)

    assert len(values) == len(adjusted)
    for own, after in zip(values, adjusted, strict=True):
        assert own <= after <= min(1.0, len(values) * max(values))
    ranked = [adjusted[at] for at in np.argsort(values, kind="stable")]
    assert sorted(adjusted) == ranked


@given(P_VALUES, st.integers(0, 2**32 - 1))
def test_the_order_of_tests_does_not_matter(values: list[float], seed: int) -> None:
    """A table's rows may stand in any order."""
    places = np.random.default_rng(seed).permutation(len(values))
    mixed = stats.holm([values[at] for at in places])

    assert [stats.holm(values)[at] for at in places] == mixed


@pytest.mark.parametrize("true_effects", [0, 5])
def test_few_tables_have_any_false_verdict(true_effects: int) -> None:
    """Of 1,000 tables of 20 rows at most 5 % call one that is as good, whatever the others are.

    By McNemar's test of rows that share the baseline's answers, as they do in a table.
    """
    draw = np.random.default_rng(11)
    tables, rows, n = 1000, 20, 200
    mcnemar = functools.cache(stats.mcnemar)
    false = 0
    for _ in range(tables):
        base = draw.random(n) < 0.9
        shares = np.where(np.arange(rows) < true_effects, 0.6, 0.9)[:, np.newaxis]
        kept = draw.random((rows, n)) < 0.7  # answers that are the baseline's own
        answers = np.where(kept, base, draw.random((rows, n)) < shares)
        gained, lost = (answers & ~base).sum(axis=1), (~answers & base).sum(axis=1)
        values = [mcnemar(int(a), int(b)) for a, b in zip(gained, lost, strict=True)]
        false += any(p < 0.05 for p in stats.holm(values)[true_effects:])

    assert false / tables <= 0.05


@given(st.integers(0, 2**32 - 1), st.integers(15, 60), st.floats(-1, 1))
def test_a_p_value_is_small_where_the_interval_leaves_out_nothing(
    seed: int, n: int, shift: float
) -> None:
    """Below 5 % exactly where the 95 % interval leaves out 0."""
    differences = np.random.default_rng(seed).normal(shift, 1.0, n)
    interval = stats.paired_mean(differences)
    p = stats.significance(lambda confidence: stats.paired_mean(differences, confidence))

    assert (p < 0.05) == (interval.low > 0 or interval.high < 0)
    assert SMALLEST <= p <= 1


def test_p_values_of_no_difference_are_even() -> None:
    """Of 400 sets without a difference about as many are below 10 % as should be."""
    draw = np.random.default_rng(12)
    values = [
        stats.significance(functools.partial(stats.paired_mean, draw.normal(size=10)))
        for _ in range(400)
    ]

    assert 0.06 <= np.mean(np.array(values) < 0.1) <= 0.14


def test_equal_answers_have_no_evidence() -> None:
    """An interval of 0 to 0 leaves nothing out; one all above 0 has the smallest p there is."""
    assert 1.0 == stats.significance(lambda confidence: stats.Interval(0.0, 0.0, 0.0))
    assert SMALLEST == stats.significance(lambda confidence: stats.Interval(1.0, 1.0, 1.0))
