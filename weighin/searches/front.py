"""Which candidates nothing beats, and which of them are shown on the test part."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from weighin.searches import space
from weighin.searches.judging import LATENCY
from weighin.searches.ledger import Entry, Ledger

MOST = 8  # that are shown: each takes evidence from the others
ROOMIER = 1.5  # times the smallest one's size, of one that stands in for it; and so on from there
RUNGS = 3  # of such
SAFER = (0.25, 0.5)  # shares of the margin by which the smallest one's stand-ins lie within it


def dominates(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether nothing of one is larger than of the other; of two that are alike, each does."""
    return all(one[name] <= value for name, value in other.items())


def is_beaten(values: Mapping[str, float], holding: Sequence[Mapping[str, float]]) -> bool:
    """Whether a candidate need not be looked at, for what holds is as good.

    Where one size is made small, what holds beats only what is not much larger, up to four such
    steps: the smallest was chosen by few examples, and where it fails in the end, one of the next
    size has to be there.

    Args:
        values: the candidate's.
        holding: of those that hold.
    """
    others = [each for each in holding if dominates(each, values)]
    if len(values) == 1 and LATENCY not in values and rung(values, others) <= RUNGS + 1:
        return any(_first(values) < ROOMIER * _first(each) for each in others)
    return bool(others)


def rung(values: Mapping[str, float], holding: Sequence[Mapping[str, float]]) -> int:
    """How many steps a candidate is larger than the smallest that holds; 0 if it is smaller."""
    smaller = [_first(each) for each in holding if dominates(each, values)]
    if not smaller or not min(smaller):
        return 0
    return 1 + math.floor(math.log(_first(values) / min(smaller), ROOMIER))


def _first(values: Mapping[str, float]) -> float:
    return next(iter(values.values()))


def front(holding: Sequence[Entry]) -> list[Entry]:
    """Those that no other one beats, in the order of their first value; of alike ones the first."""
    kept: list[Entry] = []
    for entry in holding:
        others = [each for each in holding if each is not entry]
        beaten = any(
            dominates(each.values, entry.values)
            and (each.values != entry.values or holding.index(each) < holding.index(entry))
            for each in others
        )
        if not beaten:
            kept.append(entry)
    return sorted(kept, key=lambda entry: list(entry.values.values()))


def finalists(ledger: Ledger, within: float) -> list[Entry]:
    """What is shown on the test part: the front.

    Where one thing is made small, that is one candidate, and it was chosen because it looks best
    by the validation part. So those stand in for it that are the smallest further within the
    margin, some that are not quite as small, and the smallest export by itself, of which few were
    tried.

    Args:
        ledger: of the search.
        within: the margin.
    """
    whole = front(ledger.holding)
    if not whole:
        return []
    if len(whole[0].values) > 1:
        step = max(1.0, (len(whole) - 1) / (MOST - 1))
        return [whole[round(at * step)] for at in range(min(MOST, len(whole)))]
    chosen = whole[:1]
    ranked = sorted(ledger.holding, key=lambda entry: list(entry.values.values()))
    for share in SAFER:
        for entry in ranked:
            if (entry.shortfall or 0.0) <= -share * within:
                if entry not in chosen:
                    chosen.append(entry)
                break
    chosen += [entry for entry in _rungs(ranked) if entry not in chosen]
    exports = (entry for entry in ranked if not space.trains(entry.variant))
    chosen += [entry for entry in itertools.islice(exports, 1) if entry not in chosen]
    return sorted(chosen, key=ranked.index)


def _rungs(ranked: Sequence[Entry]) -> list[Entry]:
    """Of each next size the one furthest within the margin; else the first that is larger.

    Args:
        ranked: what holds, the smallest first.
    """
    steps = [(rung(entry.values, [ranked[0].values]), entry) for entry in ranked]
    chosen = []
    for step in range(2, RUNGS + 2):  # the first is the smallest one's own
        alike = [entry for at, entry in steps if at == step]
        if alike:
            chosen.append(min(alike, key=lambda entry: entry.shortfall or 0.0))
    return chosen or [entry for at, entry in steps if at > 1][:1]


def nearest(known: Mapping[str, Entry], count: int = 3) -> list[Entry]:
    """Those that miss the margin by the least, by what is known of each last."""
    missed = [
        entry for entry in known.values() if entry.shortfall is not None and entry.shortfall >= 0
    ]
    return sorted(missed, key=lambda entry: entry.shortfall or 0.0)[:count]
