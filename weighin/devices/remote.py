"""A session on a device."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from typing import Any

from weighin import named
from weighin.core import Arrays, Artifact, WeighinError
from weighin.devices import messages
from weighin.devices.link import QUICK, Blob, Link
from weighin.devices.packing import packed

ASKED_BYTES = 8_000_000  # of inputs and outputs of one message
ARRAYS = "arrays"  # the format under which inputs are kept there


class RemoteSession:
    """A file that an agent has opened; opened again where the link failed meanwhile.

    What it is asked is answered by the device and never timed here: `seconds` is what the last
    `predict` took there.
    """

    def __init__(self, link: Link, artifact: Artifact, how: messages.Session) -> None:
        """Open it.

        Args:
            link: to the agent.
            artifact: the file; arrays are by the names of its signature.
            how: it is opened.

        Raises:
            WeighinError: if the device refuses it, or cannot be reached.
        """
        self.seconds: float | None = None
        self._link, self._artifact, self._how = link, artifact, how
        self._last: Arrays = {}
        self._generation = 0
        self._opened, _ = link.ask(self._open, messages.Opened, of=[Blob.of(artifact)])
        self._generation = link.generation

    @property
    def delegated(self) -> tuple[int, int] | None:
        """How many operators run in a delegate there, and how many there are."""
        return self._opened.delegated

    @property
    def left_out(self) -> tuple[int, ...] | None:
        """The file's operators that run in none there, by their place in it."""
        return self._opened.left_out

    @property
    def accelerated(self) -> bool | None:
        """Whether an accelerator took the whole file there; None if unknown."""
        return self._opened.accelerated

    def predict(self, inputs: Arrays) -> Arrays:
        """Outputs of examples; these are sent once, by their digest, for all files that ask."""
        example = named.example_bytes(inputs)
        example += sum(port.bytes for port in self._artifact.signature.outputs)
        most, count = max(1, ASKED_BYTES // max(1, example)), named.count(inputs)
        parts, total = list[Arrays](), 0.0
        for at in range(0, count, most):
            outputs, seconds = self._predicted(named.taken(inputs, slice(at, at + most)))
            parts.append(outputs)
            total += seconds
        self.seconds = total
        return named.joined(parts)

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """A call that answers one example there; it is not to be timed here."""
        described, content = packed(inputs)

        def call() -> None:
            told, arrays = self._asked(
                lambda: messages.Answer(session=self._number(), inputs=described), content
            )
            self._last = self._link.arrays(told.outputs, arrays)

        return call

    def answer(self) -> Arrays:
        """Outputs of the last call."""
        return dict(self._last)

    def close(self) -> None:
        """Close it there, if the connection is still that which it was opened on."""
        if self._generation == self._link.generation:
            with contextlib.suppress(WeighinError):  # if its agent has gone, it has, too
                self._link.exchange(messages.Close(session=self._opened.session), messages.Done)

    def _predicted(self, inputs: Arrays) -> tuple[Arrays, float]:
        described, content = packed(inputs)
        digest = hashlib.sha256(content).hexdigest()
        began = time.monotonic()
        blob = Blob(digest, ARRAYS, len(content), lambda at, n: content[at : at + n])
        told, arrays = self._asked(
            lambda: messages.Predict(session=self._number(), stored=digest, inputs=described),
            of=[blob],
        )
        self._link.refuse_longer(told.seconds, began)
        return self._link.arrays(told.outputs, arrays), told.seconds

    def _asked(
        self, asked: Callable[[], Any], content: bytes = b"", of: list[Blob] | None = None
    ) -> tuple[messages.Answered, bytes]:
        files = [Blob.of(self._artifact), *(of or [])]
        return self._link.ask(asked, messages.Answered, content, of=files)

    def _number(self) -> int:
        """The session's number on this connection; opened anew on another than before."""
        if self._generation != self._link.generation:
            self._opened, _ = self._link.exchange(self._open(), messages.Opened, seconds=QUICK)
            self._generation = self._link.generation
        return self._opened.session

    def _open(self) -> messages.Open:
        return messages.Open(session=self._how)
