"""The part of a search that trains: products of steps, sparsities by layer, then draws.

Each candidate is trained for a few epochs first, then for more and more as long as it may come to
hold. Where time is limited, what takes much of it waits: first it is found out by few epochs where
the margin lies, and from the middle on those that missed it by little are trained further (as by
successive halving; Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and
hyperparameter optimization").
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from weighin import grammar
from weighin.searches import lines, mixing, space, sparsities
from weighin.searches.front import rung
from weighin.searches.judging import LATENCY
from weighin.searches.ledger import FAILED, SKIPPED, TRAINED, WORSE, Entry
from weighin.searches.recovering import expected, is_hopeless, promising
from weighin.searches.space import Chosen
from weighin.searches.trying import Trying

TAKEN = 5  # exports that are tried with
LONG = 0.1  # of the time of all, beyond which a training waits
_BATCH, _BEGUN = "batch", "training began"  # noted in the ledger
NEW = 0.5  # of the time for what trains, in which only new candidates are tried


class Training:
    """What trains further, in a search."""

    def __init__(self, search: Trying) -> None:
        """Be the last phase of a search."""
        self._search, self._ledger, self._maker = search, search.ledger, search.maker
        self._made: set[tuple[str, int]] = set()  # side by side, by this process

    def run(self) -> None:
        """Try candidates until a limit is met, or nothing new is to be expected."""
        search = self._search
        if not self._maker.budgets:
            return
        exports = search.once(
            "exports", lambda: mixing.best(self._ledger.entries, search.objectives)[:TAKEN]
        )
        if not exports or len(space.of_steps(exports).choices) < 2:
            return
        whole = space.of_steps(search.once("suited", lambda: self._suited(exports)))
        if self._ledger.noted(_BEGUN) is None:
            self._ledger.note(_BEGUN, search.seconds)
        while not search.is_over():
            batch = self._batch(whole)
            self._make_together(batch)
            # what there is no time for is left; what fits it may come after
            if not sum(self._is_tried(entry) for entry in batch):
                return

    def _is_tried(self, entry: Entry) -> bool:
        self._search.told(self._search, entry.variant)
        return self._trained(entry)

    def _suited(self, exports: Sequence[str]) -> list[str]:
        """The exports, that first which holds and makes a first candidate smallest.

        What is smallest of dense weights is not of those that are zero or alike.
        """
        whole, epochs = space.of_steps(exports), self._maker.budgets[0]
        chosen = lines.proposed(whole, (), TRAINED)
        first = self._search.objectives[0]
        if chosen is None or first == LATENCY:  # which no size tells
            return list(exports)
        names = [whole.variant({**chosen, space.EXPORT: at}) for at in range(len(exports))]
        self._search.told(self._search, names[0])
        made = self._maker.make(names, epochs)
        sizes = {
            export: self._search.sizes(name, made[name]).get(first, math.inf)
            for export, name in zip(exports, names, strict=True)
        }
        holding = {entry.variant for entry in self._ledger.holding}
        return sorted(exports, key=lambda export: (export not in holding, sizes[export]))

    def _batch(self, whole: space.Space) -> list[Entry]:
        """What is tried next, as many as are trained side by side, some for two exports.

        It is the same when a search goes on.
        """
        entries = self._ledger.entries
        noted = self._ledger.noted(_BATCH)
        if noted:
            done = {entry.variant for entry in entries[noted["at"] :]}
            left = [each for each in noted["variants"] if each[0] not in done]
            if left:
                return [self._blank(name, chosen) for name, chosen in left]
        batch: list[Entry] = []
        trainings: set[Any] = set()
        while len(batch) < min(lines.EXPORTS * self._maker.at_once, self._search.trials_left):
            entry = self._next(whole, batch)
            steps = entry and grammar.parse(entry.variant).steps
            if entry is None or (len(trainings - {steps}) == self._maker.at_once):
                break
            trainings.add(steps)
            batch.append(entry)
        variants = [[entry.variant, dict(entry.chosen)] for entry in batch]
        self._ledger.note(_BATCH, {"at": len(entries), "variants": variants})
        return batch

    def _blank(self, name: str, chosen: Chosen) -> Entry:
        """What is known of a candidate: what came of fewer epochs, or nothing."""
        return self._ledger.known.get(name) or Entry(name, TRAINED, FAILED, chosen=chosen)

    def _make_together(self, batch: Sequence[Entry]) -> None:
        """Train some for their next epochs side by side; each is asked in its turn."""
        by_epochs: dict[int, list[str]] = {}
        for entry in batch:
            by_epochs.setdefault(self._following(entry), []).append(entry.variant)
        for epochs, names in by_epochs.items():
            ahead = max(self._ahead(name, epochs, self._ledger.entries) for name in names)
            if len(names) > 1 and not self._search.is_over(ahead):
                self._search.told(self._search, " and ".join(names))
                self._maker.make(names, epochs)
                self._made |= {(name, epochs) for name in names}

    def _ahead(self, variant: str, epochs: int, entries: Sequence[Entry]) -> float:
        """Seconds that training a variant will take; none of what is trained for another export."""
        steps = grammar.parse(variant).steps
        is_there = (variant, epochs) in self._made or any(
            (entry.epochs or 0) >= epochs and grammar.parse(entry.variant).steps == steps
            for entry in self._ledger.entries
        )
        return 0.0 if is_there else expected(epochs, entries, self._maker.budgets)

    def _next(self, whole: space.Space, batch: Sequence[Entry]) -> Entry | None:
        """What is tried next; None if only what was tried before is suggested.

        Args:
            whole: what can be chosen.
            batch: what is tried beside it, of which nothing is known yet.
        """
        pending = [dataclasses.replace(entry, outcome=SKIPPED) for entry in batch]
        entries = [*self._ledger.entries, *pending]
        if self._is_late() and (waiting := self._waiting(entries)) is not None:
            return waiting
        chosen = lines.proposed(whole, entries, TRAINED)
        if chosen is not None:
            return Entry(whole.variant(chosen), TRAINED, FAILED, chosen=chosen)
        if (waiting := self._waiting(entries)) is not None:
            return waiting
        name = sparsities.proposed(entries, self._maker.layers())
        if name is not None:
            return Entry(name, TRAINED, FAILED)
        drawn = self._search.drawn(whole, TRAINED, batch)
        return None if drawn is None else Entry(drawn[0], TRAINED, FAILED, chosen=drawn[1])

    def _waiting(self, entries: Sequence[Entry]) -> Entry | None:
        """The most promising of those whose further training has waited, and fits the time left."""
        if self._search.limits.seconds is None:
            return None
        for entry in promising(entries, self._maker.budgets, self._search.judge.within):
            ahead = self._ahead(entry.variant, self._following(entry), entries)
            if ahead < self._search.time_left:
                return entry
        return None

    def _is_late(self) -> bool:
        """Whether the time is over in which only new candidates are tried."""
        search = self._search
        spent = search.seconds - (self._ledger.noted(_BEGUN) or 0.0)
        return spent > NEW * (spent + search.time_left)

    def _trained(self, entry: Entry) -> bool:
        """Train a candidate for more and more epochs, as long as it may come to hold.

        Args:
            entry: what is known of it; with the epochs that it had, if it has waited.

        Returns:
            Whether there was time for it; what there is none for is not noted.
        """
        search, had = self._search, entry.epochs
        for epochs in self._maker.budgets:
            if epochs <= (had or 0):
                continue
            ahead = self._ahead(entry.variant, epochs, [*self._ledger.entries, entry])
            is_over = search.is_over(ahead) and (entry.variant, epochs) not in self._made
            if is_over and entry.epochs == had:
                return False
            is_further = entry.epochs != had
            if is_over or (is_further and (self._is_long(ahead) or self._is_larger(entry))):
                break
            began = search.clock()
            path = self._maker.make([entry.variant], epochs)[entry.variant]
            # of files that an earlier search has made, too: by these it is known what more takes
            took = max(search.clock() - began, self._maker.seconds(entry.variant, epochs))
            seconds = entry.seconds + took
            entry = dataclasses.replace(entry, epochs=epochs, seconds=seconds)
            entry = search.judged(entry, path, allowed=1)
            if entry.outcome != WORSE or is_hopeless(
                entry, self._ledger.entries, self._maker.budgets, search.judge.within
            ):
                break
        search.note(entry)
        return True

    def _following(self, entry: Entry) -> int:
        """The epochs that a candidate is trained for next."""
        return next(each for each in self._maker.budgets if each > (entry.epochs or 0))

    def _is_larger(self, entry: Entry) -> bool:
        """Whether something that holds is smaller: then others come first."""
        held = [each.values for each in self._ledger.holding]
        return self._search.limits.seconds is not None and rung(entry.values, held) > 0

    def _is_long(self, seconds: float) -> bool:
        limit = self._search.limits.seconds
        return limit is not None and seconds > LONG * limit
