"""Weighing in a process of its own: `python -m weighin.job.process`, for `weighin.weigh`.

Latency is measured where no TensorFlow is loaded, which a notebook has; and a script that calls
`weighin.weigh` at its top is not run again by every build process.

The orders are a line of JSON on standard input; what happens is told as lines of JSON on standard
output, the last of which names the results file, or says why there is none.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from weighin.core import WeighinError
from weighin.datasets.bringing import Brought
from weighin.datasets.kinds.reading import Reading
from weighin.job.progress import Told, show
from weighin.job.weighing import Asked, planned
from weighin.subprocesses import environment

MODULE = "weighin.job.process"
_PATHS = ("weights", "results_dir", "devices")
_LISTS = ("variants", "runtimes", "threads", "gates")
_PAIRS = ("size", "mean", "std")


def weigh(files: Sequence[str | Path], asked: Asked, console: Console) -> Path:
    """Weigh in a fresh process, and show what it tells.

    Args:
        files: as of `weighing.planned`.
        asked: how.
        console: where progress is shown.

    Returns:
        The results file.

    Raises:
        WeighinError: if nothing could be measured, or the process was ended.
    """
    orders = json.dumps({"files": [str(file) for file in files], "asked": _as_json(asked)})
    last: dict[str, Any] = {}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(),
            text=True,
            encoding="utf-8",
        )
        if process.stdin is None or process.stdout is None:
            raise WeighinError("The process that weighs cannot be spoken to.")
        process.stdin.write(orders + "\n")
        process.stdin.close()
        try:
            for line in show(process.stdout, console):
                last = line
            code = process.wait()
        except KeyboardInterrupt:  # of a notebook, which tells this process alone
            process.send_signal(signal.SIGINT)
            process.wait()  # it writes what it has measured so far
            raise
        if "refused" in last:
            raise WeighinError(last["refused"])
        if code or "path" not in last:
            errors.seek(0)
            lines = errors.read().decode(errors="replace").strip().splitlines()
            raise WeighinError(
                f"The process that weighs ended with {code}: {lines[-1] if lines else 'no message'}"
            )
    return Path(last["path"])


def _as_json(asked: Asked) -> dict[str, Any]:
    told = dataclasses.asdict(asked)
    for name in _PATHS:
        told[name] = None if told[name] is None else str(told[name])
    if isinstance(asked.data, Brought):
        told["data"] = {**told["data"], "path": str(asked.data.path)}
    elif asked.data is not None:
        told["data"] = str(asked.data)
    return told


def _of_json(told: Mapping[str, Any]) -> Asked:
    given = dict(told)
    for name in _PATHS:
        given[name] = None if given[name] is None else Path(given[name])
    for name in _LISTS:
        given[name] = tuple(given[name])
    reading = dict(given.pop("reading"))
    reading |= {name: tuple(reading[name]) for name in _PAIRS if reading[name] is not None}
    data = given.pop("data")
    if isinstance(data, dict):
        data = Brought(**{**data, "path": Path(data["path"])})
    return Asked(reading=Reading(**reading), data=data, **given)


def main() -> None:
    """Do as ordered."""
    from weighin.job.measuring import measure

    told = Told(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)  # whatever else prints may not come between
    orders = json.loads(sys.stdin.readline())
    try:
        run = planned(orders["files"], _of_json(orders["asked"]))
        measure(run, told)
    except WeighinError as error:
        told.tell(refused=str(error))
        return
    if run.unwritten:
        told.tell(refused=f"Not all records are there: {run.unwritten}")
        return
    told.tell(path=str((run.path or Path()).absolute()))


if __name__ == "__main__":
    main()
