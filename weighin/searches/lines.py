"""Products of steps, each made bolder while it holds and milder while it does not.

A few candidates that train are soon all there is time for. A step's values stand from mild to bold,
so that of each product one number is searched by halving: how far along its steps' values it goes.
Where a step can do it in several ways, each is a product of its own. Only then, or where a step has
no such values, draws say what to try.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from weighin.core import WeighinError
from weighin.searches.front import dominates
from weighin.searches.ledger import FAILED, HOLDS, SKIPPED, WORSE, Entry
from weighin.searches.space import Choice, Space

HALVINGS = 4  # of one product
EXPORTS = 2  # that each product is tried with: the others cost a file, not a training
FRESH = 4  # turns, in one of which a product is tried that was not yet
Chosen = dict[str, int]


def proposed(space: Space, entries: Sequence[Entry], phase: str) -> Chosen | None:
    """What is tried next; None once all products have been.

    The product goes on that has led to the smallest file so far; now and then one begins that has
    not been tried: first the one of most steps.

    Args:
        space: what can be chosen, with the export that suits best first.
        entries: what was tried so far.
        phase: of the entries that count as turns.
    """
    known = {entry.variant: entry for entry in entries}
    lines = [
        _Line(space, steps, way, known) for steps in _products(space) for way in _ways(space, steps)
    ]
    begun = [line for line in lines if line.is_begun and line.following is not None]
    fresh = [line for line in lines if not line.is_begun and line.following is not None]
    turn = sum(entry.phase == phase for entry in entries)
    if begun and (turn % FRESH or not fresh):
        return min(begun, key=lambda line: (line.smallest, line.nearest)).following
    return fresh[0].following if fresh else None


def _products(space: Space) -> list[tuple[Choice, ...]]:
    """All sets of steps that go from mild to bold, those of most steps first."""
    steps = [choice for choice in space.choices if choice.is_ordered and choice.values[0] is None]
    return [
        product
        for size in range(len(steps), 0, -1)
        for product in itertools.combinations(steps, size)
    ]


def _ways(space: Space, steps: Sequence[Choice]) -> list[Chosen]:
    """In which ways some steps can be taken: values without an order, and the first exports."""
    taken = {step.name.partition(".")[0] for step in steps}
    places = {
        choice.name: range(len(choice.values))
        for choice in space.choices
        if choice.name.partition(".")[0] in taken
        and choice.values[0] is not None
        and not choice.is_ordered
    }
    places |= {each.name: range(len(each.values))[:EXPORTS] for each in space.choices[-1:]}
    return [dict(zip(places, way, strict=True)) for way in itertools.product(*places.values())]


class _Line:
    """One product, from mild to bold.

    Attributes:
        following: what is tried of it next; None if there is nothing more.
        is_begun: whether any of it was tried.
        smallest: the first value of the smallest that holds.
        nearest: by how little one of it misses the margin.
    """

    def __init__(
        self, space: Space, steps: Sequence[Choice], way: Chosen, known: Mapping[str, Entry]
    ) -> None:
        self.following: Chosen | None = None
        self.is_begun, self.smallest, self.nearest = False, math.inf, math.inf
        low, high, at = 0.0, 1.0, 0.5
        seen: set[str] = set()
        held = [entry.values for entry in known.values() if entry.outcome == HOLDS]
        for _ in range(HALVINGS):
            chosen = _at(space, steps, at) | way
            try:
                name = space.variant(chosen)
            except WeighinError:
                return
            if name in seen:
                return
            seen.add(name)
            entry = known.get(name)
            if entry is None:
                self.following = chosen
                return
            self.is_begun = True
            if entry.outcome in (FAILED, SKIPPED):
                return
            if entry.outcome == HOLDS:
                self.smallest = min(self.smallest, next(iter(entry.values.values())))
            if entry.outcome == WORSE:
                if any(dominates(each, entry.values) for each in held):
                    return  # bolder ones are worse still, milder ones larger than what holds
                self.nearest = min(self.nearest, entry.shortfall or 0.0)
                high, at = at, (low + at) / 2
            else:  # it holds, or is larger than what does: only bolder ones are of use
                low, at = at, (at + high) / 2


def _at(space: Space, steps: Sequence[Choice], share: float) -> Chosen:
    """Values so far along those of each step; of all other choices the first."""
    chosen = dict.fromkeys((choice.name for choice in space.choices), 0)
    for step in steps:
        values = len(step.values) - 1
        chosen[step.name] = min(values, 1 + round(share * (values - 1)))
    return chosen
