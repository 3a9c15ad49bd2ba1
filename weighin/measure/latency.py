"""Single inferences over several openings of a file, for the clock of pytest-benchmark."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from weighin.measure.paired import Side, seconds_of
from weighin.outcomes import Inferences

OPENINGS = 10  # of a file, over which the interval of its latency is taken
FEWEST_OPENINGS = 6  # whose median has a 95 % interval
OPENING_SECONDS = 0.8  # that opening them may take: a large model is opened less often,
LONGEST_OPENING = 20.0  # but still so often that there is an interval, if it takes no longer
ROUNDS = (64, 1000)  # fewest and most single calls that are timed: from 64 on there is a p90
ROUNDS_SECONDS = 4.0  # that the fewest may take: of slow calls there are fewer still


class Timed(Protocol):
    """What is timed: a file that is opened anew each time (`weighin.measure.target`)."""

    @property
    def open(self) -> Side:
        """Opens the file, to be timed."""
        ...

    @property
    def delegated(self) -> tuple[int, int] | None:
        """How many operators run in a delegate, and how many there are, where it was timed."""
        ...

    @property
    def left_out(self) -> Sequence[int] | None:
        """The file's operators that run in none there, by their place in it."""
        ...

    @property
    def accelerated(self) -> bool | None:
        """Whether an accelerator took the whole file, in the session opened last."""
        ...

    @property
    def fixed_seconds(self) -> float | None:
        """What a call costs in this runtime that computes next to nothing."""
        ...


class Openings:
    """A file, opened anew every few rounds: pytest-benchmark's `setup` for inferences.

    Two openings of one file differ by several percent, each steady in itself; rounds of a single
    opening would report that chance with a tiny interval.
    """

    def __init__(self, timed: Timed, seconds: float = 0.2) -> None:
        """Open once, to see what opening and one inference take.

        Args:
            timed: what is opened.
            seconds: how long all inferences may take, roughly; see `rounds_for`.
        """
        self._timed, self._open = timed, timed.open
        began = time.perf_counter()
        self._call, self._close = self._open()
        count = openings_for(time.perf_counter() - began)
        self._per_opening = -(-rounds_for(self._call, seconds) // count)
        self.rounds = self._per_opening * count
        self._begun = 0

    def setup(self) -> tuple[tuple[Callable[[], Any]], dict[str, Any]]:
        """Before each round: the call to time, warmed up where it is a new one."""
        if self._begun % self._per_opening == 0:
            self._close()
            self._call, self._close = self._open()
            for _ in range(min(20, self._per_opening) - 1):  # opening has called it once
                self._call()
        self._begun += 1
        return (self._call,), {}

    def inferences(self, seconds: Sequence[float]) -> Inferences:
        """The timed rounds as an outcome; closes what is open."""
        self._close()
        self._close = lambda: None
        per_opening, timed = self._per_opening, self._timed
        counts = [len(seconds[at : at + per_opening]) for at in range(0, len(seconds), per_opening)]
        return Inferences(
            seconds,
            timed.delegated,
            timed.fixed_seconds,
            counts,
            left_out=timed.left_out,
            accelerated=timed.accelerated,
        )


def openings_for(seconds: float) -> int:
    """How often to open a file whose opening takes so many seconds: 1 to 10 times."""
    affordable = min(OPENINGS, int(OPENING_SECONDS / seconds))
    if affordable < FEWEST_OPENINGS and seconds * FEWEST_OPENINGS <= LONGEST_OPENING:
        return FEWEST_OPENINGS
    return max(1, affordable)


def rounds_for(call: Callable[[], Any], seconds: float = 0.3) -> int:
    """How many single calls fit into so many seconds.

    At least 64, if they take 4 seconds at most, and at most 1,000.
    """
    fewest, most = ROUNDS
    call_seconds = min(seconds_of(call) for _ in range(2))  # one may be disturbed
    if call_seconds * fewest <= ROUNDS_SECONDS:
        call_seconds = statistics.median(seconds_of(call) for _ in range(5))
    affordable = int(ROUNDS_SECONDS / call_seconds)
    return max(1, min(most, max(min(fewest, affordable), int(seconds / call_seconds))))
