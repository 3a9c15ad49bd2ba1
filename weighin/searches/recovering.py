"""Training by a few epochs first: how long more take, and whether they would help."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from weighin.searches.front import is_beaten, rung
from weighin.searches.ledger import FAILED, HOLDS, SKIPPED, WORSE, Entry

KNOWN = 3  # observations of what is left of a shortfall after more epochs, by which that is told
LEAST = 0.1  # of it that is left, before they are made, or at best


def expected(epochs: int, entries: Sequence[Entry], budgets: Sequence[int]) -> float:
    """Seconds that so many epochs will take, by what was trained before; 0 if nothing was.

    Args:
        epochs: further ones.
        entries: what was tried so far.
        budgets: of epochs, the recipe's last.
    """
    rates = [
        entry.seconds / sum(at for at in budgets if at <= entry.epochs)
        for entry in entries
        if entry.epochs and entry.epochs in budgets and entry.outcome not in (FAILED, SKIPPED)
    ]
    return epochs * sorted(rates)[len(rates) // 2] if rates else 0.0


def is_hopeless(
    entry: Entry, entries: Sequence[Entry], budgets: Sequence[int], within: float
) -> bool:
    """Whether more epochs would hardly bring a candidate within the margin.

    By its own recovery from one budget to the next, or else by what is usual here.

    Args:
        entry: the candidate, which misses the margin.
        entries: what was tried before.
        budgets: of epochs, the recipe's last.
        within: the margin.
    """
    left = sum(budget > (entry.epochs or 0) for budget in budgets)
    last = entry.recovery[-1][1]
    own = _rates(entry)
    usual = sorted(rate for each in entries for rate in _rates(each))
    rate = LEAST if len(usual) < KNOWN else max(LEAST, usual[len(usual) // 2])
    return not left or last * (own[-1] if own else rate) ** left > within / 2


def promising(entries: Sequence[Entry], budgets: Sequence[int], within: float) -> list[Entry]:
    """Candidates that may hold after more epochs and are not beaten.

    First come those that would be the smallest, then those of each next size; of these the nearest.

    Args:
        entries: what was tried so far.
        budgets: of epochs, the recipe's last.
        within: the margin.
    """
    held = [entry.values for entry in entries if entry.outcome == HOLDS]
    waiting = [
        entry
        for entry in {entry.variant: entry for entry in entries}.values()
        if entry.outcome == WORSE
        and entry.epochs
        and not is_beaten(entry.values, held)
        and not is_hopeless(entry, entries, budgets, within)
    ]
    return sorted(
        waiting,
        key=lambda entry: (rung(entry.values, held), entry.shortfall or 0.0, entry.variant),
    )


def _rates(entry: Entry) -> list[float]:
    """What is left of a shortfall from each budget of epochs to the next."""
    shortfalls = [short for _, short in entry.recovery]
    pairs = itertools.pairwise(shortfalls)
    return [max(0.0, after) / before for before, after in pairs if before > 0]
