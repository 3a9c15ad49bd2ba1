"""A device as a target: what runs and measures there, asked of its agent."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from weighin.core import Arrays, Artifact, Session, Skip, WeighinError
from weighin.devices import messages
from weighin.devices.link import LONG, QUICK, Blob, Link, Transport
from weighin.devices.packing import packed
from weighin.devices.remote import RemoteSession
from weighin.measure.clock import Clock
from weighin.measure.paired import PATIENCE
from weighin.measure.target import Opening
from weighin.outcomes import Arena, ColdStart, Inferences, Memory, Pair
from weighin.targets import state

T = TypeVar("T")


class Device:
    """A machine where an agent runs; see `weighin.measure.target.Target`."""

    def __init__(self, name: str, connect: Callable[[], Transport]) -> None:
        """Take what starts an agent and connects to it; nothing is reached yet.

        Args:
            name: as cases and messages call it.
            connect: called when something is asked, and after the link has failed.
        """
        self.name = name
        self._link = Link(name, connect)
        self._overheads: dict[str, float | None] = {}

    def available(self, runtime: str) -> str | None:
        """The device's own reason; None too while it cannot be reached: its rows then fail."""
        try:
            told = self._link.reach()
        except WeighinError:
            return None
        if runtime not in told.runtimes:
            return f"{self.name} knows no runtime {runtime}, which is defined here alone"
        reason = told.runtimes[runtime]
        return f"{self.name}: {reason}" if reason else None

    def open(self, artifact: Artifact, runtime: str, threads: int) -> Session:
        """Open a file there; the session opens it again where the link failed in between."""
        # the agent knows the file's own names, so that its session goes by the signature's
        return RemoteSession(self._link, artifact, _how(artifact, runtime, threads))

    def cold_starts(
        self, artifact: Artifact, runtime: str, threads: int, example: Arrays, count: int
    ) -> list[ColdStart]:
        """In fresh processes of the device."""
        if not count:
            return []
        described, content = packed(example)
        how = _how(artifact, runtime, threads)
        asked = messages.Start(session=how, example=described, count=count)
        began = time.monotonic()
        told = self._measured(asked, messages.Started, content, artifact, LONG + QUICK * count)
        if len(told.runs) != count:
            self._link.wrong(f"{len(told.runs)} cold starts where {count} were asked")
        self._link.refuse_longer(sum(run.seconds for run in told.runs), began)
        return [ColdStart(run.seconds, run.peak_bytes, run.answer) for run in told.runs]

    def inferences(self, opening: Opening, clock: Clock) -> Inferences | None:
        """Timed there; the clock here times how long one waits for that."""
        timed, content = _timed(opening)

        def ask() -> messages.Inferred:
            asked = messages.Infer(opening=timed)
            return self._measured(asked, messages.Inferred, content, opening.artifact)

        began = time.monotonic()
        told: messages.Inferred = clock.pedantic(ask)
        if sum(told.openings) != len(told.seconds):
            self._link.wrong(f"{len(told.seconds)} inferences of {sum(told.openings)}")
        self._link.refuse_longer(sum(told.seconds), began)
        if not clock.enabled:
            return None
        return Inferences(
            told.seconds,
            told.delegated,
            told.fixed_seconds,
            told.openings,
            left_out=told.left_out,
            accelerated=told.accelerated,
        )

    def pair(self, first: Opening, second: Opening, *, seconds: float, pin: bool) -> Pair:
        """Interleaved there, in one request: repeated whole if the link failed, never spliced."""
        (one, front), (other, back) = _timed(first), _timed(second)
        asked = messages.Pair(first=one, second=other, seconds=seconds, pin=pin)
        began = time.monotonic()
        told, _ = self._link.ask(
            lambda: asked,
            messages.Paired,
            front + back,
            of=[Blob.of(first.artifact), Blob.of(second.artifact)],
            seconds=LONG + 2 * PATIENCE * seconds,
        )
        self._link.refuse_longer(sum(map(sum, told.blocks)), began)
        return Pair(told.blocks, told.stopped, told.pinned)

    def memory(self, artifact: Artifact, runtime: str) -> Memory:
        """As the runtime tells it there."""
        asked = messages.Memory(session=_how(artifact, runtime, 1))
        told = self._measured(asked, messages.Remembered, b"", artifact)
        return Memory(
            Arena(told.total, told.head, told.tail),
            {
                npu: Skip(each.words, each.status)
                if each.seconds is None
                else (each.seconds, each.words)
                for npu, each in told.estimates.items()
            },
        )

    def fixed_seconds(self, runtime: str) -> float | None:
        """What a call costs there that computes next to nothing."""
        if runtime not in self._overheads:
            began = time.monotonic()
            told, _ = self._link.ask(lambda: messages.Fixed(runtime=runtime), messages.Cost)
            self._link.refuse_longer(told.seconds or 0.0, began)
            self._overheads[runtime] = told.seconds
        return self._overheads[runtime]

    def facts(self) -> dict[str, Any]:
        """What it told of itself; nothing where it was never reached."""
        told, states = self._link.told, self._link.states
        if told is None:
            return {}
        pairs = [(before, after) for before, after in states if after is not None]
        disturbed = [
            each for pair in pairs for each in state.disturbances(*pair, told.machine.cores)
        ]
        return {
            "machine": msgspec.to_builtins(told.machine),
            "packages": dict(told.packages),
            "commit": told.commit,
            "calibrations": [dataclasses.asdict(each) for each in told.calibrations],
            "states": [
                dataclasses.asdict(each) for pair in states for each in pair if each is not None
            ],
            "disturbances": list(dict.fromkeys(disturbed)),
            "connections": len(states),
        }

    def examine(self) -> messages.Told:
        """What it tells of itself.

        Raises:
            WeighinError: with the reason, if it cannot be reached.
        """
        return self._link.reach()

    def close(self) -> None:
        """Ask for the machine's state a last time, and let the agent end."""
        self._link.close()

    def _measured(
        self,
        asked: Any,
        kind: type[T],
        content: bytes,
        artifact: Artifact,
        seconds: float = LONG,
    ) -> T:
        told, _ = self._link.ask(
            lambda: asked, kind, content, of=[Blob.of(artifact)], seconds=seconds
        )
        return told


def _how(artifact: Artifact, runtime: str, threads: int) -> messages.Session:
    """How a file is opened, as messages have it."""
    file = messages.File(
        sha256=artifact.sha256,
        format=artifact.format,
        bytes=artifact.bytes,
        own_names={
            side: dict(names) for side, names in artifact.facts.get("own_names", {}).items()
        },
    )
    return messages.Session(file=file, runtime=runtime, threads=threads)


def _timed(opening: Opening) -> tuple[messages.Timed, bytes]:
    """An opening as messages have it, and the bytes of its arrays."""
    how = _how(opening.artifact, opening.runtime, opening.threads)
    (example, first), (answer, second) = packed(opening.example), packed(opening.answer)
    timed = messages.Timed(
        file=how.file, runtime=how.runtime, threads=how.threads, example=example, answer=answer
    )
    return timed, first + second
