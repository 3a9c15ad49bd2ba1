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
    """A result of a worker that sends pickles whatever it is asked for."""
    import distributed.worker
    from distributed.protocol.serialize import Serialized, serialize

    distributed.worker.to_serialize = lambda value: Serialized(*serialize(value))
    return Evil(folder)


def fail_pickled(folder: str) -> None:
    """An error of a worker that wraps it as it should not."""
    import distributed.worker
    from distributed.protocol import to_serialize

    wrapped = {"exception": to_serialize(EvilError(folder)), "traceback": None}
    told = {"status": "error", "exception_text": "", "traceback_text": ""}
    distributed.worker.error_message = lambda *error: wrapped | told
    raise EvilError(folder)


def fail(folder: str) -> None:
    """An error."""
    raise EvilError(folder)


def refuse() -> bytes:
    """An error as there are many."""
    raise ValueError("no words")
