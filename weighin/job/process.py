"""Weighing in a process of its own: `python -m weighin.job.process`, for `weighin.weigh`.

Latency is measured where no TensorFlow is loaded, which a notebook has; and a script that calls
`weighin.weigh` at its top is not run again by every build process.

The orders are a line of JSON on standard input; what happens is told as lines of JSON on standard
output, the last of which names the results file, or says why there is none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from weighin import conversation
from weighin.conversation import Conversation
from weighin.core import WeighinError
from weighin.datasets.bringing import Brought
from weighin.datasets.kinds.reading import Reading
from weighin.job.guarding import Guard, Guarded
from weighin.job.progress import Told, show
from weighin.job.weighing import Asked, planned

MODULE = "weighin.job.process"
_PATHS = ("weights", "results_dir", "devices", "resume")
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
        WeighinError: if nothing could be measured, or the process was ended; not where it was while
            it measured a cell: another then goes on without it.
    """
    orders = {"files": [str(file) for file in files], "asked": as_json(asked)}
    guard = Guard()
    while True:
        last: dict[str, Any] = {}
        with Conversation(MODULE, orders | guard.told()) as there:
            for event in show(there, console):
                guard.learn(event)
                last = event
            words = there.last_words()
        if "refused" in last:
            raise WeighinError(last["refused"])
        if not there.code and "path" in last:
            return Path(last["path"])
        if not guard.goes_on(there.code):
            raise WeighinError(f"{guard.gave_up(there.code)}: {words}")
        console.print(f"{guard.crashes[-1]['reason']}: another goes on without it", markup=False)


def as_json(asked: Asked) -> dict[str, Any]:
    """How what was brought is weighed, as JSON has it."""
    told = dataclasses.asdict(asked)
    for name in _PATHS:
        told[name] = None if told[name] is None else str(told[name])
    if isinstance(asked.data, Brought):
        told["data"] = {**told["data"], "path": str(asked.data.path)}
    elif asked.data is not None:
        told["data"] = str(asked.data)
    return told


def of_json(told: Mapping[str, Any]) -> Asked:
    """The same, read again."""
    given = dict(told)
    for name in _PATHS:
        given[name] = None if given[name] is None else Path(given[name])
    for name in _LISTS:
        given[name] = tuple(given[name])
    reading = dict(given.pop("reading"))
    reading |= {name: tuple(reading[name]) for name in _PAIRS if reading[name] is not None}
    data = brought_of(given.pop("data"))
    return Asked(reading=Reading(**reading), data=data, **given)


def brought_of(told: Any) -> Any:
    """Data that were brought, read again; whatever else is told, as it is."""
    return Brought(**{**told, "path": Path(told["path"])}) if isinstance(told, dict) else told


def main() -> None:
    """Do as ordered."""
    from weighin.job.measuring import measure

    told = Told(conversation.telling())
    orders = conversation.orders()
    guarded = Guarded(told.tell, orders["journal"], orders["crashes"])
    try:
        run = planned(orders["files"], guarded.resuming(of_json(orders["asked"])))
        measure(run, told, guarded)
    except WeighinError as error:
        told.tell(refused=str(error))
        return
    if run.unwritten:
        told.tell(refused=f"Not all records are there: {run.unwritten}")
        return
    told.tell(path=str((run.path or Path()).absolute()))


if __name__ == "__main__":
    main()
