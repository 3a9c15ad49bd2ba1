"""Runtimes, sessions and watchers that do nothing, but remember what was asked of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from weighin.measure.cell import Cell


class FakeRuntime:
    """A runtime that opens nothing, but says what was asked of it."""

    formats, on_request, rounding = ("tflite",), True, 0.0
    litert_kernels = False

    def __init__(self, name: str, missing: str = "", needs_tensorflow: bool = False) -> None:
        """Be available unless it is said why not."""
        self.name, self.missing, self.needs_tensorflow = name, missing, needs_tensorflow
        self.asked: list[str] = []

    def available(self) -> str | None:
        """As it was said."""
        return self.missing or None

    def declines(self, scope: str) -> None:
        """Nothing."""

    def load(self) -> None:
        """Import nothing."""
        self.asked.append("load")

    def call_overhead(self) -> None:
        """There is no call."""
        self.asked.append("call")


class FakeWatcher:
    """Remembers what it was told.

    Attributes:
        total: how many cells were announced.
        turns: variant and runtime of each cell whose turn came.
    """

    def __init__(self) -> None:
        """Nothing was told yet."""
        self.total, self.turns = 0, list[tuple[str, str]]()

    @contextlib.contextmanager
    def building(self) -> Iterator[Any]:
        """Takes whatever is built."""
        yield self

    def asking(self, *_: object) -> None:
        """What is built is not what is tested here."""

    begun = finished = say = asking

    @contextlib.contextmanager
    def measuring(self, total: int) -> Iterator[FakeWatcher]:
        """Takes so many cells."""
        self.total = total
        yield self

    def at(self, cell: Cell) -> None:
        """A cell's turn."""
        self.turns.append((cell.case.variant, cell.case.runtime))


class FakeSession:
    """A session that only closes."""

    closed = False

    def close(self) -> None:
        """Be closed."""
        self.closed = True
