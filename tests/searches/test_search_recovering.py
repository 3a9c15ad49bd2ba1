"""Whether more epochs are worth their time."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from weighin.build.budgets import budgets
from weighin.searches.ledger import Entry
from weighin.searches.recovering import expected, is_hopeless

WITHIN = 0.01


def entry(*shortfalls: float, seconds: float = 0.0) -> Entry:
    """A candidate after 1, 3, 9 epochs."""
    recovery = tuple(zip((1, 3, 9), shortfalls, strict=False))
    epochs = recovery[-1][0]
    return Entry("v", "training", "worse", epochs, {"a": 1}, recovery=recovery, seconds=seconds)


def test_before_anything_is_known_only_what_is_far_off_is_hopeless() -> None:
    assert not is_hopeless(entry(0.04), [], budgets(3), WITHIN)
    assert is_hopeless(entry(0.2), [], budgets(3), WITHIN)


def test_then_what_is_usual_tells() -> None:
    slow = [entry(0.04, 0.03), entry(0.04, 0.028), entry(0.05, 0.04)]

    assert is_hopeless(entry(0.02), slow, budgets(3), WITHIN)
    assert not is_hopeless(entry(0.006), slow, budgets(3), WITHIN)


def test_its_own_recovery_tells_more() -> None:
    slow = [entry(0.04, 0.03)] * 3

    assert not is_hopeless(entry(0.04, 0.01), slow, budgets(9), WITHIN)
    assert is_hopeless(entry(0.04, 0.039), [entry(0.04, 0.0)] * 3, budgets(9), WITHIN)


def test_after_all_epochs_there_is_nothing_to_hope_for() -> None:
    assert is_hopeless(entry(0.04, 0.001), [], budgets(3), WITHIN)


def test_time_is_expected_by_what_epochs_took() -> None:
    known = [entry(0.1, seconds=10.0), entry(0.1, 0.05, seconds=40.0)]

    assert 0.0 == expected(9, [], budgets(9))
    assert 90.0 == expected(9, known, budgets(9))
