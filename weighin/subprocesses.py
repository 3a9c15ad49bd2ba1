"""Running a module of weighin in a process of its own, and native code without its chatter."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil

from weighin.core import WeighinError

MOST_SECONDS = 900.0  # that a process may take for what takes moments: a first answer
FOLDER = Path(__file__).resolve().parents[1]  # holds weighin, installed or not


def environment() -> dict[str, str]:
    """This process's environment variables, by which another finds weighin as it was found here."""
    there = [str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(there)}


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
    if done.returncode:
        raise _failure(done.returncode, done.stderr)
    return done.stdout


class Started:
    """A module in a process of its own that gets ready, waits to be told, and then ends.

    It reads what it is given, prints a line when it is ready, and reads a line before it goes on.
    Several may get ready side by side, so that what each does then disturbs no other.
    """

    def __init__(self, module: str, given: bytes, seconds: float = MOST_SECONDS) -> None:
        """Start `python -m MODULE` and give it the beginning of its standard input.

        Args:
            module: of weighin, by its dotted name.
            given: to be read first.
            seconds: that it may take to get ready, and to end when it goes on.
        """
        self._seconds, self._given_up = seconds, False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=FOLDER,
        )
        self._write(given)

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()  # nothing, where it has ended
        self._process.communicate()
        self._errors.close()

    def wait(self) -> None:
        """Wait until it is ready.

        Raises:
            SubprocessError: if it ends before, or takes too long.
        """
        with self._limited():
            ready = self._process.stdout and self._process.stdout.readline()
        if not ready:
            raise self._failed()

    def go(self) -> bytes:
        """Let it go on; what it prints then.

        Raises:
            SubprocessError: if it fails, crashes or takes too long.
        """
        self._write(b"go\n")
        with self._limited():
            printed, _ = self._process.communicate()
        if self._process.returncode:
            raise self._failed()
        return printed

    def _write(self, given: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended: `wait` and `go` say why
            if self._process.stdin is not None:
                self._process.stdin.write(given)
                self._process.stdin.flush()

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        """End it where it goes on for ever: native code heeds nothing else."""
        timer = threading.Timer(self._seconds, self._give_up)
        timer.daemon = True  # nobody who was interrupted meanwhile waits for it
        try:
            timer.start()
            yield
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._given_up = True
        self._process.kill()

    def _failed(self) -> SubprocessError:
        self._process.wait()
        if self._given_up:
            return SubprocessError(f"did not end within {self._seconds:g} s")
        self._errors.seek(0)
        return _failure(self._process.returncode, self._errors.read())


def limit_memory(size: int) -> None:
    """Let this process take so many bytes more than it has, where the system can hold it to that.

    What would take more then fails as if there were no more.
    """
    try:
        import resource
    except ImportError:  # on Windows
        return
    held = getattr(psutil.Process().memory_info(), "data", 0)
    with contextlib.suppress(ValueError, OSError):  # a lower limit was set before
        resource.setrlimit(resource.RLIMIT_DATA, (held + size, held + size))


def _failure(returncode: int, errors: bytes) -> SubprocessError:
    if returncode < 0:
        return SubprocessError(f"crashed: {signal_name(-returncode)}")
    lines = errors.decode(errors="replace").strip().splitlines()
    return SubprocessError(lines[-1][:500] if lines else "no message", of_itself=True)


def signal_name(number: int) -> str:
    """What the system calls a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@contextlib.contextmanager
def native_output_hidden(*, shown_on_failure: bool = True) -> Iterator[None]:
    """Keep what native code writes to standard error off the screen, but show it on failure."""
    with native_output() as said:
        try:
            yield
        except BaseException:
            if shown_on_failure:
                os.write(said.screen, said().encode(errors="surrogateescape"))
            raise


class Said:
    """What native code writes to standard error meanwhile, as a function.

    Attributes:
        screen: the file descriptor of what standard error was before.
    """

    def __init__(self, hidden: IO[bytes], screen: int) -> None:
        """Take what is written to a file."""
        self._hidden, self.screen = hidden, screen

    def __call__(self) -> str:
        """All that was written so far."""
        self._hidden.seek(0)
        return self._hidden.read().decode(errors="surrogateescape")


@contextlib.contextmanager
def native_output() -> Iterator[Said]:
    """Keep what native code writes to standard error off the screen, to be looked at."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as hidden:
        screen = os.dup(2)
        os.dup2(hidden.fileno(), 2)
        try:
            yield Said(hidden, screen)
        finally:
            os.dup2(screen, 2)
            os.close(screen)
