"""Things that leave a trace where they are unpickled."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def touch(folder: str) -> Exception:
    """Leave the number of this process."""
    Path(folder, str(os.getpid())).touch()
    return RuntimeError("touched")


class Evil:
    """Leaves a trace."""

    def __init__(self, folder: str) -> None:
        """Take where."""
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return touch, (self.folder,)


class EvilError(Exception):
    """Likewise, when it is raised."""

    def __init__(self, folder: str) -> None:
        """Take where."""
        super().__init__("some words")
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return touch, (self.folder,)


def give(folder: str) -> Evil:
    """A result."""
    return Evil(folder)


def give_pickled(folder: str) -> Evil:
    """A result of a worker that sends pickles to whom asks for none."""
    from distributed.protocol import serialize

    serialize.families["msgpack"] = serialize.families["pickle"]
    real = serialize.pickle_dumps

    def dumps(x: Any, context: Any = None) -> Any:
        return real(x, context)

    serialize.families["msgpack"] = (dumps, serialize.msgpack_loads, True)
    return Evil(folder)


def fail(folder: str) -> None:
    """An error."""
    raise EvilError(folder)


def refuse() -> bytes:
    """An error as there are many."""
    raise ValueError("no words")
