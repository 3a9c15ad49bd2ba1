"""The way to an agent: connects, sends files once, checks replies, asks again where it failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeVar

import msgspec

from weighin import packages
from weighin.core import Arrays, Artifact, SkippedError, WeighinError
from weighin.devices import messages
from weighin.devices.packing import Described, unpacked
from weighin.devices.wire import LinkError, is_finite
from weighin.targets.state import State

T = TypeVar("T")
TRIES = 3  # of what the link failed in, the first included,
TRIES_HUNG = 2  # and of what was given up for silence
DOWN_SECONDS = 60.0  # for which a device that cannot be reached is not tried again
PAUSES = (0.5, 2.0)  # seconds between tries to reach one again
PART_BYTES = 1 << 20  # of a file, sent at once
SLOWEST = 5_000.0  # bytes a second that a link carries at least
CLOCKS = 1.05  # by how much of itself its clock may be faster than the one here
QUICK, LONG = 120.0, 3600.0  # seconds for what takes moments, and for what takes as long as it does


class Transport(Protocol):
    """What carries messages to an agent and its replies back."""

    def ask(
        self, message: Mapping[str, Any], content: bytes = b"", *, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """The reply to a message, within so many seconds.

        Raises:
            LinkError: if the link fails, or nothing lives there any more.
            WeighinError: if asking again would not help.
        """
        ...

    def close(self) -> None:
        """End it."""
        ...


class LacksError(WeighinError):
    """A file, or a session, is not there (any more)."""


@dataclass(frozen=True)
class Blob:
    """What must be there before something is asked: a file, or arrays that are kept like one."""

    sha256: str
    format: str
    size: int
    read: Callable[[int, int], bytes]

    @classmethod
    def of(cls, artifact: Artifact) -> Blob:
        """An artifact's file, read where it is sent."""

        def read(at: int, n: int) -> bytes:
            with artifact.path.open("rb") as file:
                file.seek(at)
                return file.read(n)

        return cls(artifact.sha256, artifact.format, artifact.bytes, read)


class Link:
    """A connection to an agent, made anew where it failed.

    Attributes:
        name: of the device, in reasons.
        generation: of its sessions: another number, and those of before are gone.
        told: what the agent said of its machine; None where it was never reached.
        states: of the machine, on each connection: the first, and the last where that is known.
    """

    def __init__(self, name: str, connect: Callable[[], Transport]) -> None:
        """Take what starts an agent and connects to it; nothing is reached yet."""
        self.name = name
        self.generation = 0
        self.told: messages.Told | None = None
        self.states: list[tuple[State, State | None]] = []
        self._connect = connect
        self._transport: Transport | None = None
        self._sent: set[tuple[str, str]] = set()
        self._down = (0.0, "")  # until when it is not tried, and why

    def reach(self) -> messages.Told:
        """Connect, unless it is; what the agent said of its machine.

        Raises:
            WeighinError: if it cannot be reached, is of another version or another machine; for a
                while the same one without trying.
        """
        until, why = self._down
        if self._transport is None or self.told is None:
            if time.monotonic() < until:
                raise WeighinError(why)
            try:
                self.told = self._reconnected()
            except WeighinError as error:
                self._drop()
                text = str(error)
                why = text if text.startswith(self.name) else f"{self.name}: {text}"
                self._down = (time.monotonic() + DOWN_SECONDS, why)
                raise WeighinError(why) from None
        return self.told

    def ask(
        self,
        asked: Callable[[], Any],
        kind: type[T],
        content: bytes = b"",
        *,
        of: Sequence[Blob] = (),
        seconds: float = LONG,
    ) -> tuple[T, bytes]:
        """The reply to a message, checked; asked again, whole, where the link failed.

        Args:
            asked: makes one of `messages.Asked`, for the connection that there is then.
            kind: what the reply must be.
            content: the bytes of its arrays.
            of: what must be there; it is sent first.
            seconds: that the agent may take.

        Raises:
            LinkError: if the link failed too often.
            SkippedError: if the device leaves it out.
            WeighinError: if it refuses, cannot be reached, or answers something else.
        """
        failed = 0
        while True:
            try:
                return self._once(asked, kind, content, of, seconds)
            except LinkError as error:
                failed += 1
                self._drop()
                if failed >= (TRIES_HUNG if error.hung else TRIES):
                    raise LinkError(f"{error} (tried {failed} times)", hung=error.hung) from None

    def exchange(
        self, asked: Any, kind: type[T], content: bytes = b"", seconds: float = QUICK
    ) -> tuple[T, bytes]:
        """One message and its reply, over the connection that there is.

        Raises:
            LinkError: if the link fails.
            LacksError: if something is not there that was.
            SkippedError, WeighinError: as `ask`.
        """
        if self._transport is None:
            raise LinkError(f"{self.name}: there is no connection")
        limit = seconds + len(content) / SLOWEST
        try:
            reply, arrays = self._transport.ask(msgspec.to_builtins(asked), content, seconds=limit)
        except LinkError as error:
            raise LinkError(f"{self.name}: {error}", hung=error.hung) from None
        except WeighinError as error:
            raise WeighinError(f"{self.name}: {error}") from None
        if not is_finite(reply):  # whatever carried it
            self.wrong("a number in its reply is not finite")
        if "refused" in reply:
            self._refused(reply)
        try:
            return messages.converted(reply, kind), arrays
        except WeighinError as error:
            self.wrong(str(error))

    def wrong(self, how: str) -> NoReturn:
        """Refuse what an agent answers: nothing else that it says over this link is believed.

        Raises:
            WeighinError: saying how it is wrong.
        """
        self._drop()
        raise WeighinError(f"{self.name} answered wrongly: {how}")

    def refuse_longer(self, told: float, began: float) -> None:
        """Refuse times that come to more than one waited for them: its clock or its unit is wrong.

        Args:
            told: seconds, of all that was timed.
            began: when it was asked, by `time.monotonic`.

        Raises:
            WeighinError: saying both.
        """
        waited = time.monotonic() - began
        if told > CLOCKS * waited:
            self.wrong(
                f"it tells times of {told:.3g} s together, and answered within {waited:.3g} s: its "
                f"clock is wrong"
            )

    def arrays(self, described: Sequence[Described], content: bytes) -> Arrays:
        """Arrays that came with a reply.

        Raises:
            WeighinError: if they are not as described.
        """
        try:
            return unpacked(described, content)
        except WeighinError as error:
            self.wrong(str(error))

    def close(self) -> None:
        """Ask for the machine's state a last time, and let the agent end."""
        if self._transport is not None and self.states:
            try:
                after, _ = self.exchange(messages.Look(), State)
            except WeighinError:
                pass  # what it was like at the end is not known then
            else:
                self.states[-1] = (self.states[-1][0], after)
        self._drop()

    def _once(
        self,
        asked: Callable[[], Any],
        kind: type[T],
        content: bytes,
        of: Sequence[Blob],
        seconds: float,
    ) -> tuple[T, bytes]:
        self.reach()
        try:
            self._send(of)
            return self.exchange(asked(), kind, content, seconds)
        except LacksError:  # its cache let go of a file
            self._forget()
        try:
            self._send(of)
            return self.exchange(asked(), kind, content, seconds)
        except LacksError as error:
            raise WeighinError(str(error)) from None

    def _refused(self, reply: Mapping[str, Any]) -> NoReturn:
        try:
            refused = messages.converted(reply, messages.Refused)
        except WeighinError as error:
            self.wrong(str(error))
        kinds = {"failed": WeighinError, "lacks": LacksError, "skipped": SkippedError}
        raise kinds[refused.kind](f"{self.name}: {refused.refused}")

    def _send(self, blobs: Sequence[Blob]) -> None:
        """Send what is not there yet, or the rest of it."""
        for blob in blobs:
            if (blob.sha256, blob.format) in self._sent:
                continue
            try:
                self._send_parts(blob)
            except LacksError:  # what was there is damaged, or of another writer: once more
                self._send_parts(blob)
            self._sent.add((blob.sha256, blob.format))

    def _send_parts(self, blob: Blob) -> None:
        place = {"sha256": blob.sha256, "format": blob.format}
        held, _ = self.exchange(messages.Holds(**place), messages.Held)
        while not held.whole:
            at = held.bytes
            part = blob.read(at, PART_BYTES)
            if not part and at < blob.size:
                raise WeighinError(f"the file {blob.sha256[:12]} is shorter than it was")
            asked = messages.Store(**place, at=at, total=blob.size)
            held, _ = self.exchange(asked, messages.Held, part)
            if held.bytes < at + len(part) or held.bytes > blob.size:
                self.wrong(f"it holds {held.bytes:,} bytes where {at + len(part):,} were sent")
            if held.bytes == blob.size and not held.whole:
                self.wrong("all of a file was sent, and it holds not the whole")

    def _reconnected(self) -> messages.Told:
        """Connect; to a device that was reached before a few times, for its link may come back."""
        for pause in PAUSES if self.told is not None else ():
            try:
                return self._connected()
            except LinkError:
                self._drop()
                time.sleep(pause)
        return self._connected()

    def _connected(self) -> messages.Told:
        self._transport = self._connect()
        self._forget()
        reply, _ = self.exchange(messages.Facts(), dict)
        here, there = packages.version("weighin"), reply.get("weighin")
        if there != here:
            raise WeighinError(
                f"weighin {str(there)[:80]} is there and {here} here: install the same on both"
            )
        try:
            told = messages.converted(reply, messages.Told)
        except WeighinError as error:
            self.wrong(str(error))
        if self.told is not None and told.machine != self.told.machine:
            raise WeighinError("another machine answers than before: its figures do not mix")
        self.states.append((told.state, None))
        return told

    def _forget(self) -> None:
        self.generation += 1
        self._sent.clear()

    def _drop(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()
