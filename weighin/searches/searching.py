"""The search itself: post-training exports, then mixed precision, then what trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from weighin.core import Failure, WeighinError
from weighin.searches import mixing
from weighin.searches.ledger import EXPORTS, FAILED, MIXED, PHASES, Entry
from weighin.searches.space import Chosen
from weighin.searches.training import Training
from weighin.searches.trying import RESERVES, Trying

CHUNK = 4  # exports that are made together
BASES = 3  # exports whose worst layers are left in more bits


class Search(Trying):
    """A search in progress: its phases."""

    def run(self) -> None:
        """Search until a limit is met, or nothing new is to be expected."""
        for phase, search in zip(PHASES, (self._export, self._mix, self._train), strict=True):
            self.phase = phase
            if not self.is_over():
                search()

    def _export(self) -> None:
        """Each export by itself, the smaller files of some first."""
        names = self.maker.first()
        # the same pieces whenever a search goes on: each decides who comes first in it
        for piece in [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]:
            if all(name in self.ledger.known for name in piece):
                continue
            if self.is_over():
                return
            self.told(self, piece[0])
            began = self.clock()
            made = self.maker.make(piece)
            each = (self.clock() - began) / len(made)
            sizes = {name: self.sizes(name, path) for name, path in made.items()}
            for name in sorted(made, key=lambda name: _rank(sizes[name])):
                if name in self.ledger.known:
                    continue
                if self.trials_left <= 0:  # what is made is asked even if its time is over
                    return
                self._try(Entry(name, EXPORTS, FAILED, seconds=each), made[name], RESERVES)

    def _mix(self) -> None:
        """Exports that are too bad, with layers left in more bits: the worst, then others drawn."""
        bases = self.once(
            "bases", lambda: [each.variant for each in mixing.bases(self.ledger.entries)[:BASES]]
        )
        if not bases or self.is_over():
            return
        layers = {base: self._layers(base) for base in bases}
        if not layers[bases[0]]:
            return
        whole = mixing.Layered.of(bases, layers[bases[0]])
        for base in bases:
            proposed = mixing.proposed(base, layers[base], lambda: self.ledger.known)
            for name, left, precision in proposed:
                if self.is_over():
                    return
                if name not in self.ledger.known:
                    self._make(name, whole.chosen(base, left, precision))
        while not self.maker.budgets and not self.is_over():
            drawn = self.drawn(whole, MIXED)
            if drawn is None:
                return
            self._make(*drawn)

    def _make(self, name: str, chosen: Chosen) -> None:
        """Make and judge one of mixed precision."""
        self.told(self, name)
        began = self.clock()
        path = self.maker.make([name])[name]
        blank = Entry(name, MIXED, FAILED, chosen=chosen, seconds=self.clock() - began)
        self._try(blank, path, 1 if chosen else RESERVES)

    def _train(self) -> None:
        """What trains further."""
        Training(self).run()

    def _layers(self, base: str) -> list[str]:
        """A file's layers, those that cost most first; looked at once."""

        def looked_at() -> Sequence[str]:
            self.told(self, f"layers of {base}")
            path = self.maker.make([base])[base]
            try:
                return [] if isinstance(path, Failure) else self.ranked(base, path)
            except WeighinError:  # such a file cannot be taken apart; others can
                return []

        return self.once(f"layers {base}", looked_at)

    def _try(self, blank: Entry, path: Path | Failure, allowed: int) -> None:
        self.told(self, blank.variant)
        self.note(self.judged(blank, path, allowed))


def _rank(values: Mapping[str, float]) -> tuple[bool, list[float]]:
    """By which files come first: the smallest; of what is measured only, in their order."""
    return (not values, list(values.values()))
