"""The agent: reads messages from standard input, does as they ask, replies on standard output.

Both are kept for messages alone: whatever else is printed, by native code too, goes to standard
error. It ends when its standard input does, at once: nobody waits for what it is doing.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weighin.core import WeighinError
from weighin.devices.operations import Operations
from weighin.devices.store import MOST_BYTES
from weighin.devices.wire import Incoming, Message, framed

BEAT_SECONDS = 5.0  # between signs of life while something is done
READ_BYTES = 1 << 16
WAITING = 4  # messages that are read before one is answered
_ENDS = (b"\x03", b"\x04")  # Control-C and Control-D, of a person at a terminal


def serve(folder: Path | None = None, most_bytes: int = MOST_BYTES) -> None:
    """Serve one client until it goes.

    Args:
        folder: of the cache; weighin's own if none is given.
        most_bytes: of files that may be kept.
    """
    given, taken = _taken_over()
    talk = _Talk(given, taken)
    operations = Operations(folder, most_bytes)
    talk.tell({"number": 0, "ready": True})
    threading.Thread(target=talk.listen, daemon=True).start()
    while True:
        message = talk.next()
        number = message.header.get("number")
        with talk.alive(number):
            asked = message.header.get("message")
            reply, content = operations.perform(
                asked if isinstance(asked, dict) else {}, message.content
            )
        talk.tell({"number": number, "reply": reply}, content)


class _Talk:
    """The two ends of the pipe."""

    def __init__(self, given: int, taken: int) -> None:
        self._given, self._taken = given, taken
        self._writing = threading.Lock()
        self._asked: queue.Queue[Message] = queue.Queue(WAITING)
        self._is_terminal = os.isatty(given)
        if self._is_terminal:
            _make_raw(given)

    def tell(self, header: dict[str, object], content: bytes = b"") -> None:
        """Write a message; where nobody reads any more, end."""
        left = memoryview(framed(Message(header, content)))
        try:
            with self._writing:
                while left:
                    left = left[os.write(self._taken, left) :]
        except OSError:
            os._exit(0)

    def listen(self) -> None:
        """Read messages until there are no more; then end, whatever is being done."""
        incoming = Incoming()
        try:
            while data := os.read(self._given, READ_BYTES):
                if self._is_terminal and data in _ENDS:
                    break
                incoming.feed(data)
                for message in incoming.messages():
                    self._asked.put(message)
        except (OSError, WeighinError) as error:
            os.write(2, f"weighin agent: {error}\n".encode())
            os._exit(1)
        os._exit(0)

    def next(self) -> Message:
        """The next message, waited for."""
        return self._asked.get()

    @contextmanager
    def alive(self, number: object) -> Iterator[None]:
        """Signs of life meanwhile: so rare that they disturb no measurement."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(BEAT_SECONDS):
                self.tell({"number": number, "alive": True})

        beating = threading.Thread(target=beat, daemon=True)
        beating.start()
        try:
            yield
        finally:
            done.set()
            beating.join()


def _taken_over() -> tuple[int, int]:
    """Standard input and output for messages alone: whatever else reads or writes finds others."""
    sys.stdout.flush()
    given, taken = os.dup(0), os.dup(1)  # which no process that is started inherits
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return given, taken


def _make_raw(given: int) -> None:
    """Let a terminal in between pass every byte as it is."""
    try:
        import tty
    except ImportError:  # on Windows
        return
    os.write(2, b"weighin agent: speaks with weighin elsewhere; Control-D ends it\r\n")
    tty.setraw(given)
