"""A module of weighin in a process of its own that tells as it goes: both sides of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, TextIO

from weighin.subprocesses import environment

TOGETHER_SECONDS = 1.0  # within which interrupts are one: some senders tell process and group


class Conversation:
    """A module in a process of its own: orders as a line of JSON, then what it tells, line by line.

    It is iterated over until it has told all; its child's side is `orders` and `telling`.

    Attributes:
        code: by which it ended, the negative number of a signal; 0 while it goes on.
    """

    def __init__(self, module: str, orders: Mapping[str, Any]) -> None:
        """Start `python -m MODULE` and give it orders.

        Args:
            module: of weighin, by its dotted name.
            orders: what JSON can hold.
        """
        self.code = 0
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(),
            text=True,
            encoding="utf-8",
        )
        with contextlib.suppress(BrokenPipeError):  # it has ended: its last words say why
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(orders) + "\n")
                self._process.stdin.close()

    def __enter__(self) -> Conversation:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for its end; where this process was interrupted, so is it, which may tidy up."""
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self._process.send_signal(signal.SIGINT)
        elif kind is not None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def __iter__(self) -> Iterator[str]:
        """The lines that it tells, until it ends."""
        if self._process.stdout is not None:
            yield from self._process.stdout
        self.code = self._process.wait()

    @contextlib.contextmanager
    def told_of_interrupts(self) -> Iterator[list[float]]:
        """While it lasts, an interrupt is passed on; another, a while later, kills the process.

        Gives when there were any, in seconds. Only a program's first thread is told of them.

        Raises:
            KeyboardInterrupt: at the second one.
        """
        interrupts: list[float] = []

        def interrupted(number: int, frame: object) -> None:
            interrupts.append(time.monotonic())
            if interrupts[-1] - interrupts[0] > TOGETHER_SECONDS:
                self._process.kill()
                raise KeyboardInterrupt
            self._process.send_signal(signal.SIGINT)

        if threading.current_thread() is not threading.main_thread():
            yield interrupts
            return
        before = signal.signal(signal.SIGINT, interrupted)
        try:
            yield interrupts
        finally:
            signal.signal(signal.SIGINT, before)

    def last_words(self) -> str:
        """The last line that it wrote to standard error."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:500] if lines else "no message"


def orders() -> Any:
    """What a `Conversation` has ordered this process to do."""
    return json.loads(sys.stdin.readline())


def telling() -> TextIO:
    """Where this process tells a `Conversation` its lines; what else prints goes elsewhere."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return told


def teller() -> Callable[..., None]:
    """What tells a `Conversation` words by name, as a line of JSON each."""
    told = telling()

    def tell(**words: Any) -> None:
        told.write(json.dumps(words) + "\n")
        told.flush()

    return tell
