"""One candidate after the other: whether there is time for it, what became of it, what is noted."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from weighin.core import Failure, WeighinError
from weighin.searches import space
from weighin.searches.front import dominates, is_beaten
from weighin.searches.ledger import (
    EXPORTS,
    FAILED,
    HOLDS,
    LARGER,
    MIXED,
    SKIPPED,
    TRAINED,
    WORSE,
    Entry,
    Ledger,
)
from weighin.searches.making import Maker
from weighin.searches.space import Choice, Chosen
from weighin.stats import Interval

MINUTES = 10.0  # of a search, where neither time nor trials are named
RESERVES = 3  # that hold, before larger ones are passed over: the smallest may not hold in the end
TRIES = 20  # draws of which each was tried before: then nothing new is to be expected
SHARES = {EXPORTS: 0.2, MIXED: 0.3, TRAINED: 1.0}  # of time and trials, where all three follow
WITHOUT_TRAINING = {EXPORTS: 0.6, MIXED: 1.0, TRAINED: 1.0}


class Judge(Protocol):
    """Who answers for candidates; see `weighin.searches.judging.Judge`."""

    def sizes(self, name: str, path: Path) -> dict[str, float]:
        """What a file tells without being run."""
        ...

    def difference(self, name: str, path: Path) -> Interval:
        """Its figure less the baseline's."""
        ...

    def shortfall(self, difference: Interval) -> float:
        """By how much its bad end lies beyond the margin; below 0 if it holds."""
        ...

    @property
    def within(self) -> float:
        """The margin, in the figure's unit."""
        ...

    @property
    def baseline_values(self) -> Mapping[str, float]:
        """The baseline's own, of what is made small: it holds by itself, and is to be beaten."""
        ...

    def times(self, name: str, path: Path) -> dict[str, float]:
        """What has to be measured."""
        ...


class Drawable(Protocol):
    """What can be chosen, each choice by itself."""

    @property
    def choices(self) -> Sequence[Choice]:
        """Among which values."""
        ...

    def variant(self, chosen: Chosen) -> str:
        """The name of what was chosen; raises a `WeighinError` if there is no such variant."""
        ...


@dataclass(frozen=True)
class Limits:
    """When a search ends.

    Attributes:
        seconds: that all candidates may take together; None for no end.
        trials: how many are tried; None for no end.
    """

    seconds: float | None = None
    trials: int | None = None

    @classmethod
    def of(cls, minutes: float | None, trials: int | None) -> Limits:
        """What is asked for; ten minutes if it is nothing.

        Raises:
            WeighinError: if there is no time for anything.
        """
        if minutes is None and trials is None:
            minutes = MINUTES
        if (minutes is not None and not minutes > 0) or (trials is not None and trials < 1):
            raise WeighinError(f"minutes={minutes}, trials={trials}: wanted what is above 0.")
        return cls(None if minutes is None else 60 * minutes, trials)


Told = Callable[["Trying", str], None]
Ranked = Callable[[str, Path], Sequence[str]]


@dataclass
class Trying:
    """A search in progress, whichever candidates it tries.

    Attributes:
        maker: makes files of variants.
        judge: answers for them.
        ledger: what was tried so far.
        objectives: what is made small.
        ranked: names of a file's layers, those that cost most first.
        limits: when it ends.
        seed: of draws.
        told: is told what is tried, and that something became of it.
        clock: seconds from any moment on.
    """

    maker: Maker
    judge: Judge
    ledger: Ledger
    objectives: Sequence[str]
    ranked: Ranked
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    told: Told = lambda search, doing: None
    clock: Callable[[], float] = time.monotonic
    phase: str = EXPORTS
    _spent: float = 0.0
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        """Take up what earlier processes have spent."""
        self._spent, self._began = self.ledger.seconds, self.clock()

    @property
    def seconds(self) -> float:
        """What was spent so far, in earlier processes too."""
        return self._spent + self.clock() - self._began

    def is_over(self, ahead: float = 0.0) -> bool:
        """Whether the phase's share of time or trials is used up, or would be in some seconds."""
        return self.time_left <= ahead or self.trials_left <= 0

    @property
    def trials_left(self) -> float:
        """How many may be tried yet; infinite without a limit."""
        trials = self.limits.trials
        if trials is None:
            return math.inf
        return max(1, round(self._share * trials)) - len(self.ledger.known)

    @property
    def time_left(self) -> float:
        """Seconds until the phase's share of time is used up; infinite without a limit."""
        seconds = self.limits.seconds
        return math.inf if seconds is None else self._share * seconds - self.seconds

    @property
    def _share(self) -> float:
        """Of time and trials, at which the phase ends."""
        return (SHARES if self.maker.budgets else WITHOUT_TRAINING)[self.phase]

    def drawn(
        self, whole: Drawable, phase: str, taken: Sequence[Entry] = ()
    ) -> tuple[str, Chosen] | None:
        """What is suggested and was not tried yet; None if nothing new is to be expected.

        Args:
            whole: from which it is drawn.
            phase: that it is for.
            taken: what is tried already, and not known yet.
        """
        tried = sum(entry.phase == phase for entry in (*self.ledger.entries, *taken))
        known = {*self.ledger.known, *(entry.variant for entry in taken)}
        for attempt in range(TRIES):
            seed = 1000 * (self.seed + 1) + TRIES * tried + attempt
            chosen = self.ledger.suggested(whole.choices, seed)
            name = _variant(whole, chosen)
            is_new = name is not None and name not in known
            if name is not None and is_new and (phase != TRAINED or space.trains(name)):
                return name, chosen
        return None

    def once(self, key: str, made: Callable[[], Sequence[str]]) -> list[str]:
        """What was noted, or is made now and noted if there is any: it stays when more is known."""
        noted = self.ledger.noted(key)
        if not noted:
            noted = list(made())
            if noted:
                self.ledger.note(key, noted)
        return list(noted)

    def sizes(self, name: str, path: Path | Failure) -> dict[str, float]:
        """A file's sizes; none of one that says none, whose turn will tell why."""
        if isinstance(path, Failure):
            return {}
        try:
            return self.judge.sizes(name, path)
        except WeighinError:
            return {}

    def note(self, entry: Entry) -> None:
        """Note what became of a candidate."""
        self.ledger.add(dataclasses.replace(entry, spent=self.seconds))
        self.told(self, entry.variant)

    def judged(self, blank: Entry, path: Path | Failure, allowed: int) -> Entry:
        """What became of a candidate.

        Args:
            blank: what is known of it.
            path: its file, or why there is none.
            allowed: how many that hold and are no larger leave it a chance still.
        """
        began = self.clock()
        entry = self._outcome(blank, path, allowed)
        return dataclasses.replace(entry, seconds=blank.seconds + self.clock() - began)

    def _outcome(self, blank: Entry, path: Path | Failure, allowed: int) -> Entry:
        if isinstance(path, Failure):
            outcome = SKIPPED if path.skipped else FAILED
            return dataclasses.replace(blank, outcome=outcome, reason=path.reason)
        if reason := self.ledger.begin(blank.variant):
            return dataclasses.replace(blank, outcome=FAILED, reason=reason)
        entry = self._answered(blank, path, allowed)
        self.ledger.end(blank.variant)
        return entry

    def _answered(self, blank: Entry, path: Path, allowed: int) -> Entry:
        """What a candidate's own file answers."""
        try:
            values = self.judge.sizes(blank.variant, path)
            if self._beaten(values, allowed):
                return dataclasses.replace(blank, outcome=LARGER, values=values)
            change = self.judge.difference(blank.variant, path)
            shortfall = self.judge.shortfall(change)
            holds = shortfall < 0
            values |= self.judge.times(blank.variant, path) if holds else {}
            if holds and dominates(self.judge.baseline_values, values):
                return dataclasses.replace(blank, outcome=LARGER, values=values)
        except WeighinError as error:
            return dataclasses.replace(blank, outcome=FAILED, reason=str(error))
        except KeyboardInterrupt:
            self.ledger.end(blank.variant)
            raise
        missing = {name: 1.0 for name in self.objectives if name not in values}
        return dataclasses.replace(
            blank,
            outcome=HOLDS if holds else WORSE,
            values={name: (values | missing)[name] for name in self.objectives},
            difference=(change.value, change.low, change.high),
            shortfall=shortfall,
            recovery=(*blank.recovery, (blank.epochs or 0, shortfall)),
        )

    def _beaten(self, values: Mapping[str, float], allowed: int = 1) -> bool:
        """Whether the baseline, or so many that hold, are no larger, as far as sizes tell it."""
        if set(values) != set(self.objectives):
            return False
        if dominates(self.judge.baseline_values, values):
            return True
        held = [entry.values for entry in self.ledger.holding]
        if allowed > 1:  # of exports few are tried, and most hold
            return sum(dominates(each, values) for each in held) >= allowed
        return is_beaten(values, held)


def _variant(whole: Drawable, chosen: Chosen) -> str | None:
    """What was chosen, if it makes sense."""
    try:
        return whole.variant(chosen)
    except WeighinError:
        return None
