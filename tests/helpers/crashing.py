"""The command `weighin`, with native code in it that ends the process: `python -c PROGRAM WORDS…`.

The environment variable CRASHES says at what, `FILE CALL NUMBER HOW`: in which file's sessions, at
which call of `predict` or `inference`, the how manyth in a process, and how: `segv`, `exit` or
`kill`; or `wait`, for ever. COUNTED names a file that gets a line for each cell that is measured.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weighin.bench import bench_start
from weighin.job import guarding, measuring
from weighin.measure import target

PROGRAM = "from helpers import crashing; crashing.plant(); crashing.main()"
MODULE = "helpers.crashing"
PLANTED, COUNTED = "CRASHES", "COUNTED"
_CRASHES: dict[str, Callable[[], object]] = {
    "segv": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(3),
    "wait": lambda: time.sleep(600),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


class Counting:
    """A session that ends its process at one of its calls."""

    calls = 0  # of all sessions of this process

    def __init__(self, session: Any, call: str, number: int, how: str) -> None:
        """Wrap a session."""
        self._session, self._call, self._number, self._how = session, call, number, how

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def predict(self, inputs: Any) -> Any:
        """Answer examples, or do not."""
        self._count("predict")
        return self._session.predict(inputs)

    def inference(self, inputs: Any) -> Callable[[], Any]:
        """A call that answers, or does not."""
        call = self._session.inference(inputs)

        def counted() -> Any:
            self._count("inference")
            return call()

        return counted

    def _count(self, call: str) -> None:
        if call == self._call:
            Counting.calls += 1
            if Counting.calls >= self._number:
                _CRASHES[self._how]()


def plant() -> None:
    """Put all that in its place."""
    bench_start.PROCESSES = 1
    planted, counted = os.environ.get(PLANTED), os.environ.get(COUNTED)
    if planted:
        file, call, number, how = planted.split()
        opened: Any = target._opened

        def opening(artifact: Any, runtime: str, threads: int) -> Any:
            session = opened(artifact, runtime, threads)
            is_it = Path(artifact.path).name == file
            return Counting(session, call, int(number), how) if is_it else session

        target._opened = opening
    if counted:
        measured: Any = measuring._measure

        def counting(function: Any, cell: Any) -> None:
            with Path(counted).open("a") as file:
                file.write(f"{cell.scope} {cell.case}\n")
            measured(function, cell)

        measuring._measure = counting


def main() -> None:
    """The command."""
    from weighin.__main__ import main as command

    command()


if __name__ == "__main__":  # in the place of `weighin.job.process`
    plant()
    from weighin.job import process

    assert guarding.GUARDED not in os.environ
    process.main()
