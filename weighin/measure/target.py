"""Where sessions run and calls are timed: this machine, or a device (`weighin.devices`).

A target times calls where it runs, so that nothing on the way to it is ever timed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from weighin import registry
from weighin.core import Arrays, Artifact, Session
from weighin.measure import paired, vela
from weighin.measure.clock import Clock
from weighin.measure.closeness import refuse_far
from weighin.measure.cold_start import cold_starts
from weighin.measure.latency import Openings
from weighin.measure.renaming import given_as, graph_of, renamed
from weighin.outcomes import ColdStart, Inferences, Memory, Pair

CHECKED = "what this file answered when it was checked"


@dataclass(frozen=True)
class Opening:
    """A file that is opened anew to be timed, and what it must answer then.

    Attributes:
        artifact: the file; arrays are by the names of its signature.
        runtime: a registered runtime's name.
        threads: of a session.
        example: what is answered, inputs by name, each `(1, …)`.
        answer: what this file answered to it when it was checked, outputs by name, each `(1, …)`.
    """

    artifact: Artifact
    runtime: str
    threads: int
    example: Arrays
    answer: Arrays


class Target(Protocol):
    """Where sessions run and are timed."""

    @property
    def name(self) -> str:
        """As cases name it: empty for this machine."""
        ...

    def available(self, runtime: str) -> str | None:
        """Why a runtime cannot be used there; None if it can, or if that cannot be asked now."""
        ...

    def open(self, artifact: Artifact, runtime: str, threads: int) -> Session:
        """Open a file; arrays by the names of its signature.

        Raises:
            WeighinError: if the runtime refuses it, or the target cannot be reached.
        """
        ...

    def cold_starts(
        self, artifact: Artifact, runtime: str, threads: int, example: Arrays, count: int
    ) -> list[ColdStart]:
        """Load, allocate and answer one example in fresh processes, one after the other."""
        ...

    def inferences(self, opening: Opening, clock: Clock) -> Inferences | None:
        """Single inferences over several openings; None if the clock is switched off."""
        ...

    def pair(self, first: Opening, second: Opening, *, seconds: float, pin: bool) -> Pair:
        """Two openings in interleaved blocks: of two files, runtimes or numbers of threads."""
        ...

    def memory(self, artifact: Artifact, runtime: str) -> Memory:
        """What a file takes of a microcontroller's memory, and what an NPU's compiler says."""
        ...

    def fixed_seconds(self, runtime: str) -> float | None:
        """What a call costs in a runtime that computes next to nothing, measured once."""
        ...

    def facts(self) -> dict[str, Any]:
        """What a reader of records needs to know of it: machine, versions, states, calibration.

        Nothing of this machine, whose facts are the run's own.
        """
        ...

    def close(self) -> None:
        """Release what is held there."""
        ...


class OpenedAnew:
    """An opening on this machine: each time checked, before it is timed.

    Attributes:
        delegated: how many operators run in a delegate, and how many there are, in the session
            opened first; None if the runtime does not say, or nothing was opened yet.
        left_out: the file's operators that ran in no delegate, by their place in it; None as above.
        accelerated: whether an accelerator took the whole file, in the session opened last; None
            as above.
    """

    def __init__(self, opening: Opening, fixed_seconds: Callable[[str], float | None]) -> None:
        """Read what is needed to check it; nothing is opened yet."""
        self._opening, self._fixed_seconds = opening, fixed_seconds
        self._graph = graph_of(opening.artifact)
        self.delegated: tuple[int, int] | None = None
        self.left_out: Sequence[int] | None = None
        self.accelerated: bool | None = None

    @property
    def fixed_seconds(self) -> float | None:
        """What a call costs in its runtime that computes next to nothing."""
        return self._fixed_seconds(self._opening.runtime)

    def open(self) -> tuple[Callable[[], Any], Callable[[], None]]:
        """Open it: the call to time, called once, and what closes the session.

        Raises:
            WeighinError: if it does not answer as when it was checked.
        """
        opening = self._opening
        session = _opened(opening.artifact, opening.runtime, opening.threads)
        try:
            call = session.inference(opening.example)
            call()
            refuse_far(session.answer(), opening.answer, CHECKED, self._graph)
        except BaseException:
            session.close()
            raise
        if self.delegated is None:
            self.delegated = session.delegated
            # a runtime of somebody's own may know only how many
            self.left_out = getattr(session, "left_out", None)
        self.accelerated = getattr(session, "accelerated", None)
        return call, session.close


class ThisMachine:
    """The machine and the process that a run is in."""

    name = ""

    def __init__(self, definitions: Sequence[Path] = ()) -> None:
        """Take the files and folders that may register runtimes, for fresh processes."""
        self._definitions = definitions
        self._overheads: dict[str, float | None] = {}

    def available(self, runtime: str) -> str | None:
        """Why it cannot be used here, as the runtime says."""
        return registry.runtimes[runtime].available()

    def open(self, artifact: Artifact, runtime: str, threads: int) -> Session:
        """Open a file in this process."""
        return _opened(artifact, runtime, threads)

    def cold_starts(
        self, artifact: Artifact, runtime: str, threads: int, example: Arrays, count: int
    ) -> list[ColdStart]:
        """In fresh processes of this machine."""
        given = given_as(artifact, example)
        return cold_starts(runtime, artifact.path, threads, given, self._definitions, count=count)

    def inferences(self, opening: Opening, clock: Clock) -> Inferences | None:
        """The runtime's own call, nothing around it; the file is opened anew up to ten times."""
        openings = Openings(OpenedAnew(opening, self.fixed_seconds))
        clock.pedantic(operator.call, setup=openings.setup, rounds=openings.rounds)
        return openings.inferences(clock.stats.stats.data) if clock.enabled else None

    def pair(self, first: Opening, second: Opening, *, seconds: float, pin: bool) -> Pair:
        """In this process, on one core where `pin` asks for it."""
        sides = (OpenedAnew(each, self.fixed_seconds).open for each in (first, second))
        return paired.measure(*sides, seconds=seconds, pin=pin)

    def memory(self, artifact: Artifact, runtime: str) -> Memory:
        """What a runtime for microcontrollers tells of it, and Vela, where that is installed."""
        return Memory(
            registry.runtimes[runtime].memory(artifact.path), vela.estimates(artifact.path)
        )

    def fixed_seconds(self, runtime: str) -> float | None:
        """What a call costs in a runtime that computes next to nothing, measured once."""
        if runtime not in self._overheads:
            call = registry.runtimes[runtime].call_overhead()
            self._overheads[runtime] = None if call is None else paired.median_seconds(call)
        return self._overheads[runtime]

    def facts(self) -> dict[str, Any]:
        """Nothing: they are the run's own."""
        return {}

    def close(self) -> None:
        """Nothing is held."""


def _opened(artifact: Artifact, runtime: str, threads: int) -> Session:
    return renamed(registry.runtimes[runtime].open(artifact.path, threads), artifact)
