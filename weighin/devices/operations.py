"""What an agent can do: keep files, open and ask them, measure. Messages in, replies out.

It knows nothing of how messages travel. Nothing that comes is run, unpickled or taken for a path.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import msgspec
from filelock import FileLock

from weighin import packages, registry
from weighin.build.cache import Cache, default_folder
from weighin.core import Artifact, Skip, SkippedError, WeighinError
from weighin.core import Session as OpenSession
from weighin.devices import messages
from weighin.devices.packing import Described, packed, unpacked
from weighin.devices.remote import ARRAYS
from weighin.devices.store import MOST_BYTES, LackingError, Store
from weighin.measure import calibration
from weighin.measure.clock import PlainBenchmark
from weighin.measure.target import Opening, ThisMachine
from weighin.targets import machine, state

FOLDER = "received"
NO_TENSORFLOW = "an agent loads no TensorFlow"
MOST_SESSIONS = 16  # that one client holds open
Reply = tuple[Any, bytes]


class Operations:
    """One client's agent: its files and its open sessions.

    What is timed is timed alone: agents of one machine that share a cache wait for each other.
    """

    def __init__(self, folder: Path | None = None, most_bytes: int = MOST_BYTES) -> None:
        """Take the cache folder, weighin's own if none is given, and how many bytes it may keep."""
        self._cache = Cache(folder or default_folder())
        self._store = Store(self._cache.folder / FOLDER, most_bytes)
        self._here = ThisMachine()
        self._sessions: dict[int, OpenSession] = {}
        self._next = 1
        self._operations: dict[type, Callable[[Any, bytes], Reply]] = {
            messages.Facts: self._facts,
            messages.Look: self._look,
            messages.Holds: self._holds,
            messages.Store: self._keep,
            messages.Open: self._open,
            messages.Predict: self._predict,
            messages.Answer: self._answer,
            messages.Close: self._close,
            messages.Start: self._start,
            messages.Infer: self._infer,
            messages.Pair: self._pair,
            messages.Memory: self._memory,
            messages.Fixed: self._fixed,
        }

    def perform(self, message: Mapping[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Do as a message asks.

        Returns:
            The reply, one of `weighin.devices.messages`, as what JSON can hold, and the bytes of
            its arrays. What is refused or fails has a reply too: `messages.Refused`.
        """
        try:
            asked: Any = messages.converted(message, cast(Any, messages.Asked))
            reply, arrays = self._operations[type(asked)](asked, content)
        except LackingError as error:
            reply, arrays = _refused(str(error), "lacks"), b""
        except SkippedError as error:
            reply, arrays = _refused(str(error), "skipped"), b""
        except WeighinError as error:
            reply, arrays = _refused(str(error), "failed"), b""
        except Exception as error:  # of a runtime, say: the client shows it as its row's reason
            reply, arrays = _refused(f"{type(error).__name__}: {error}", "failed"), b""
        return msgspec.to_builtins(reply), arrays

    def close(self) -> None:
        """Close all sessions."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def _facts(self, asked: messages.Facts, content: bytes) -> Reply:
        versions = packages.packages()
        kept = calibration.load(self._cache).values()
        told = messages.Told(
            weighin=str(versions["weighin"]),
            commit=packages.commit(),
            machine=messages.converted(machine.facts(), messages.Machine),
            packages=versions,
            runtimes={each.name: _available(each.name) for each in registry.runtimes.values()},
            calibrations=tuple(each for each in kept if math.isfinite(each.session_spread)),
            state=state.read(),
        )
        return told, b""

    def _look(self, asked: messages.Look, content: bytes) -> Reply:
        return asdict(state.read()), b""

    def _holds(self, asked: messages.Holds, content: bytes) -> Reply:
        size, whole = self._store.holds(asked.sha256, asked.format)
        return messages.Held(bytes=size, whole=whole), b""

    def _keep(self, asked: messages.Store, content: bytes) -> Reply:
        size = self._store.add(asked.sha256, asked.format, asked.at, asked.total, content)
        return messages.Held(bytes=size, whole=size == asked.total), b""

    def _open(self, asked: messages.Open, content: bytes) -> Reply:
        if len(self._sessions) >= MOST_SESSIONS:
            raise WeighinError(f"{MOST_SESSIONS} sessions are open; close one first")
        how = asked.session
        artifact = self._artifact(how)
        session = self._here.open(artifact, how.runtime, how.threads)
        number, self._next = self._next, self._next + 1
        self._sessions[number] = session
        told = messages.Opened(  # a runtime of somebody's own may know less
            session=number,
            delegated=session.delegated,
            left_out=getattr(session, "left_out", None),
            accelerated=getattr(session, "accelerated", None),
        )
        return told, b""

    def _predict(self, asked: messages.Predict, content: bytes) -> Reply:
        session = self._session(asked.session)
        stored = self._store.path(asked.stored, ARRAYS).read_bytes()
        inputs = unpacked(asked.inputs, stored)
        with self._alone():
            began = time.perf_counter()
            outputs = session.predict(inputs)
            seconds = time.perf_counter() - began
        return _answered(outputs, seconds)

    def _answer(self, asked: messages.Answer, content: bytes) -> Reply:
        session = self._session(asked.session)
        session.inference(unpacked(asked.inputs, content))()
        return _answered(session.answer(), 0.0)

    def _close(self, asked: messages.Close, content: bytes) -> Reply:
        if asked.session in self._sessions:
            self._sessions.pop(asked.session).close()
        return messages.Done(), b""

    def _start(self, asked: messages.Start, content: bytes) -> Reply:
        how, example = asked.session, unpacked(asked.example, content)
        artifact = self._artifact(how)
        with self._alone():
            starts = self._here.cold_starts(
                artifact, how.runtime, how.threads, example, asked.count
            )
        runs = tuple(
            messages.Run(seconds=run.seconds, peak_bytes=run.peak_bytes, answer=run.answer)
            for run in starts
        )
        return messages.Started(runs=runs), b""

    def _infer(self, asked: messages.Infer, content: bytes) -> Reply:
        opening, _ = self._opening(asked.opening, content)
        with self._alone():
            timed = self._here.inferences(opening, PlainBenchmark())
        if timed is None:
            raise WeighinError("nothing was timed")
        told = messages.Inferred(
            seconds=tuple(timed.seconds),
            openings=tuple(timed.openings),
            delegated=timed.delegated,
            left_out=None if timed.left_out is None else tuple(timed.left_out),
            accelerated=timed.accelerated,
            fixed_seconds=timed.fixed_seconds,
        )
        return told, b""

    def _pair(self, asked: messages.Pair, content: bytes) -> Reply:
        first, rest = self._opening(asked.first, content)
        second, _ = self._opening(asked.second, rest)
        with self._alone():
            pair = self._here.pair(first, second, seconds=asked.seconds, pin=asked.pin)
        told = messages.Paired(blocks=pair.blocks, stopped=pair.stopped, pinned=pair.pinned)
        return told, b""

    def _memory(self, asked: messages.Memory, content: bytes) -> Reply:
        told = self._here.memory(self._artifact(asked.session), asked.session.runtime)
        estimates = {npu: _estimated(each) for npu, each in told.estimates.items()}
        return messages.Remembered(**asdict(told.arena), estimates=estimates), b""

    def _fixed(self, asked: messages.Fixed, content: bytes) -> Reply:
        _refuse_unavailable(asked.runtime)
        with self._alone():
            return messages.Cost(seconds=self._here.fixed_seconds(asked.runtime)), b""

    def _artifact(self, how: messages.Session) -> Artifact:
        """The file as an artifact: what a client says of it beside that decides no figure."""
        _refuse_unavailable(how.runtime)
        file = how.file
        if file.format not in registry.runtimes[how.runtime].formats:
            raise WeighinError(f"{how.runtime} opens no .{file.format} files")
        path = self._store.path(file.sha256, file.format)
        facts = {"own_names": dict(file.own_names)} if file.own_names else {}
        return Artifact(
            *("", path, file.format, file.sha256, path.stat().st_size, None, {}, 0.0, facts)
        )

    def _opening(self, timed: messages.Timed, content: bytes) -> tuple[Opening, bytes]:
        """An opening, and what stands in the block behind its arrays."""
        ends = [sum(each.bytes for each in part) for part in (timed.example, timed.answer)]
        example = unpacked(timed.example, content[: ends[0]])
        answer = unpacked(timed.answer, content[ends[0] : sum(ends)])
        artifact = self._artifact(timed)
        opening = Opening(artifact, timed.runtime, timed.threads, example, answer)
        return opening, content[sum(ends) :]

    def _session(self, number: int) -> OpenSession:
        if number not in self._sessions:
            raise LackingError("there is no such session")
        return self._sessions[number]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nothing else is measured meanwhile, by an agent whose client has gone, say."""
        self._cache.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._cache.folder / "measuring.lock"):
            yield


def _available(runtime: str) -> str | None:
    known = registry.runtimes[runtime]
    return NO_TENSORFLOW if known.needs_tensorflow else known.available()


def _refuse_unavailable(runtime: str) -> None:
    if reason := _available(runtime):
        raise SkippedError(reason)


def _estimated(told: tuple[float, str] | Skip) -> messages.Estimated:
    if isinstance(told, Skip):
        return messages.Estimated(seconds=None, words=told.reason, status=told.status)
    return messages.Estimated(seconds=told[0], words=told[1])


def _answered(outputs: Mapping[str, Any], seconds: float) -> Reply:
    described: tuple[Described, ...]
    described, content = packed(outputs)
    return messages.Answered(outputs=described, seconds=seconds), content


def _refused(reason: str, kind: messages.Reason) -> messages.Refused:
    return messages.Refused(refused=reason.strip()[:4000] or "no reason given", kind=kind)
