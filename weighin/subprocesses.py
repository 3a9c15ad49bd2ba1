"""Running a module of weighin in a process of its own, which may crash, hang or load TensorFlow."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from weighin.core import WeighinError

FOLDER = Path(__file__).resolve().parents[1]  # holds weighin, installed or not


class SubprocessError(WeighinError):
    """The process failed: the message is the last line that it wrote, or how it was ended.

    Attributes:
        of_itself: whether it ended of itself, so that the message is its own.
    """

    def __init__(self, message: str, *, of_itself: bool = False) -> None:
        """Take the reason."""
        super().__init__(message)
        self.of_itself = of_itself


def run_module(module: str, *words: str, given: bytes = b"", seconds: float | None = None) -> bytes:
    """What `python -m MODULE WORDS…` prints in a fresh process.

    Args:
        module: of weighin, by its dotted name.
        words: its arguments.
        given: its standard input.
        seconds: how long it may take.

    Raises:
        SubprocessError: if it fails, crashes or takes longer.
    """
    command = [sys.executable, "-m", module, *words]
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, cwd=FOLDER, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise SubprocessError(f"did not end within {seconds:g} s") from None
    if done.returncode < 0:
        raise SubprocessError(f"crashed: {_signal(-done.returncode)}")
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise SubprocessError(lines[-1][:500] if lines else "no message", of_itself=True)
    return done.stdout


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
