"""The pipe to an agent: a command's standard input and output, watched for silence."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from weighin.core import WeighinError
from weighin.devices.wire import Incoming, LinkError, Message, framed

SILENT_SECONDS = 60.0  # after which an agent hangs: one that lives says so every few seconds
READ_BYTES = WRITTEN_BYTES = 1 << 16
WAITING = 64  # blocks that are read ahead
KEPT_ERRORS = 4_000  # bytes of what a command says on standard error
_GREETINGS = ("INFO:", "WARNING:")
ENDING_SECONDS = 3.0  # that a command may take to end
LAST_WORDS_SECONDS = 1.0  # for which what an ended command said is waited for


class Pipe:
    """A command that runs an agent, by the words of a user's own devices file, without a shell."""

    def __init__(self, command: Sequence[str], *, silent: float = SILENT_SECONDS) -> None:
        """Start it, and wait until the agent is ready: what it says before is passed over.

        Args:
            command: its words.
            silent: seconds without a sign of life after which it is given up.

        Raises:
            WeighinError: if there is no such command, or no agent answers.
        """
        self._silent, self._command = silent, Path(command[0]).name
        self._incoming, self._errors = Incoming(), b""
        self._number, self._closed = 0, False
        self._come: queue.Queue[bytes] = queue.Queue(WAITING)
        self._to_write: queue.Queue[bytes | None] = queue.Queue()
        self._seen = time.monotonic()  # when something was read or written last
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # Control-C is for weighin, which then ends it
            )
        except OSError as error:
            raise WeighinError(f"{command[0]} cannot be run: {error.strerror}") from None
        ends = (self._process.stdin, self._process.stdout, self._process.stderr)
        works = zip((self._write, self._read, self._listen), ends, strict=True)
        threads = [threading.Thread(target=work, args=(end,), daemon=True) for work, end in works]
        self._listening = threads[-1]
        for thread in threads:
            thread.start()
        try:
            self._awaited(0, silent)
        except BaseException:
            self.close()
            raise

    def ask(
        self, message: Mapping[str, Any], content: bytes = b"", *, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """The reply to a message, within so many seconds; see `link.Transport`."""
        self._number += 1
        header = {"number": self._number, "message": message}
        self._seen = time.monotonic()
        self._to_write.put(framed(Message(header, content)))
        come = self._awaited(self._number, seconds)
        reply = come.header.get("reply")
        if not isinstance(reply, dict):
            raise LinkError("it answered without a reply")
        return reply, come.content

    def close(self) -> None:
        """Close its standard input, by which an agent ends; end the command if it does not."""
        self._closed = True
        self._to_write.put(None)
        try:
            self._process.wait(ENDING_SECONDS / 3)
        except subprocess.TimeoutExpired:
            for ending in (signal.SIGTERM, signal.SIGKILL):
                _signal(self._process, ending)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(ENDING_SECONDS)
                    break
        with contextlib.suppress(queue.Empty):  # who reads may wait for room
            while True:
                self._come.get_nowait()

    def _awaited(self, number: int, seconds: float) -> Message:
        """The message of a number that is no sign of life.

        Raises:
            LinkError: if it does not come, saying what is known of why.
        """
        ends = time.monotonic() + seconds
        while True:
            for message in self._incoming.messages():
                told = message.header.get("number")
                if told != number:
                    raise LinkError(f"it answered message {str(told)[:20]}, not {number}")
                if "alive" not in message.header:
                    return message
            left = min(ends, self._seen + self._silent) - time.monotonic()
            try:
                data = self._come.get(timeout=max(0.001, left))
            except queue.Empty:
                if time.monotonic() >= ends:
                    why = f"it did not answer within {seconds:.0f} s"
                elif time.monotonic() >= self._seen + self._silent:
                    why = f"it gave no sign of life for {self._silent:g} s"
                else:
                    continue
                raise LinkError(f"{why}{self._said()}", hung=True) from None
            if not data:
                raise LinkError(self._ended())
            self._incoming.feed(data)

    def _ended(self) -> str:
        """How the command ended, in words."""
        try:
            code = self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            return f"{self._command} closed its standard output{self._said()}"
        self._listening.join(LAST_WORDS_SECONDS)
        how = f"with {code}" if code >= 0 else f"by signal {-code}"
        return f"{self._command} ended {how}{self._said()}"

    def _said(self) -> str:
        """The last lines of what it said that was no message."""
        said = [
            lines[-1][:300]
            for text in (self._errors, self._incoming.noise)
            if (lines := _lines(text.decode(errors="replace")))
        ]
        return f"; it said: {' | '.join(map(_printable, said))}" if said else ""

    def _write(self, end: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), end:
            while (data := self._to_write.get()) is not None:
                left = memoryview(data)
                while left:
                    left = left[os.write(end.fileno(), left[:WRITTEN_BYTES]) :]
                    self._seen = time.monotonic()

    def _read(self, end: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), end:
            while (data := os.read(end.fileno(), READ_BYTES)) and not self._closed:
                self._seen = time.monotonic()
                self._come.put(data)
        if not self._closed:
            self._come.put(b"")

    def _listen(self, end: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), end:
            while data := os.read(end.fileno(), READ_BYTES):
                self._errors = (self._errors + data)[-KEPT_ERRORS:]


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Tell the command and what it started, which are a session of their own."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, number) if hasattr(os, "killpg") else process.send_signal(number)


def _lines(text: str) -> list[str]:
    """The lines that may be reasons: native code greets in others."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(_GREETINGS)]


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)
