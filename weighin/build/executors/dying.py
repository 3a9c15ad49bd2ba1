"""What is said of a build process that died: by what, while it did what, and its last words."""

from __future__ import annotations

import signal
from pathlib import Path

from weighin.build.jobs import Job


def death(exit_code: int | None, last_words: str, job: Job | None = None) -> str:
    """Why a job has no outcome: by what its process ended, and what to try instead.

    Args:
        exit_code: of the process, the negative number of a signal; None where nobody knows.
        last_words: `last_words` of its log.
        job: what it was at, if it built one.
    """
    last = f" {last_words}" if last_words else ""
    ended = "killed, out of memory or crashed"
    if exit_code is not None and exit_code < 0:
        ended = f"signal {-exit_code}, {_signal_name(-exit_code)}"
        ended += ": killed, or out of memory" if exit_code == -signal.SIGKILL else ""
    elif exit_code is not None:
        ended = f"exit code {exit_code}"
    if job is None or job.export is None or exit_code in (None, -signal.SIGKILL, -signal.SIGTERM):
        return f"the build process died without an answer ({ended}).{last}"
    return (
        f"the build process died without an answer ({ended}) while the converter made "
        f"{job.export}, or its file was tried: one of the model's layers is more than they bear. "
        f"Try float16 or dynamic; where the model has recurrent layers, unroll=True.{last}"
    )


def last_words(log: Path, named: str = "") -> str:
    """What a process wrote last, and where that stands.

    Args:
        log: what it wrote to.
        named: how the log is called, if not by its path.
    """
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except FileNotFoundError:
        return "It died before it wrote anything."
    place = named or log
    return (
        f"Its last words: {lines[-1][:200]} ({place})" if lines else f"It wrote nothing ({place})."
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "without a name"
