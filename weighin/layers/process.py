"""A process of its own that looks at layers: `python -m weighin.layers.process`.

Files that were rewritten may end it, and its clock should not share a process with a training
framework. The orders are a line of JSON on standard input; progress and the answer are lines of
JSON on standard output.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighin import conversation
from weighin.build.finished import FinishedFiles
from weighin.conversation import Conversation
from weighin.core import WeighinError
from weighin.datasets import bringing, drawing
from weighin.datasets.bringing import Brought
from weighin.layers.analysing import Progress, Wanted, analysed
from weighin.layers.files import Beside
from weighin.layers.limits import INTERRUPTED, Stop, never
from weighin.layers.row import Layers, of_json
from weighin.measure.context import build_context

MODULE = "weighin.layers.process"
DRAWN = "drawn inputs"


def looked_at(
    compressed: Path,
    original: Path,
    brought: Brought | None,
    task: str | None,
    wanted: Wanted,
    progress: Progress,
) -> Layers:
    """Look at a compressed file's layers in a fresh process.

    An interrupt ends it with what it has measured by then, as the answer says by `stopped`; a
    second one ends it at once.

    Args:
        compressed: the file.
        original: its float model.
        brought: data; None for inputs that are drawn.
        task: what is asked, by name; if not given, as outputs and targets have it.
        wanted: how much is measured.
        progress: is told what is done.

    Raises:
        WeighinError: if anything does not fit, or the process crashes.
        KeyboardInterrupt: if it is interrupted before anything is measured, or twice.
    """
    orders = {
        "compressed": str(compressed.resolve()),
        "original": str(original.resolve()),
        "data": None if brought is None else {**vars(brought), "path": str(brought.path)},
        "task": task,
        "wanted": vars(wanted),
    }
    last: dict[str, Any] = {}
    with Conversation(MODULE, orders) as there, there.told_of_interrupts() as interrupts:
        for line in there:
            last = json.loads(line)
            if "doing" in last:
                progress(last["doing"], last["done"], last["total"])
        if "refused" in last:
            raise WeighinError(last["refused"])
        if "layers" not in last and interrupts:
            raise KeyboardInterrupt
        if "layers" not in last:
            doing = f" while it measured {last['doing']}" if "doing" in last else ""
            raise WeighinError(
                f"The process that looks at layers ended with {there.code}{doing}: "
                f"{there.last_words()}"
            )
    return of_json(last["layers"])


def answered(orders: Mapping[str, Any], progress: Progress, stop: Stop = never) -> Layers:
    """What is ordered, in this process.

    Args:
        orders: as `looked_at` gives them.
        progress: is told what is done.
        stop: says why nothing further is measured.

    Raises:
        WeighinError: if anything does not fit.
    """
    context = build_context(None, None)
    data = orders["data"]
    brought = None if data is None else Brought(**{**data, "path": Path(data["path"])})
    if brought is not None:
        bringing.register(brought)
    paths = [Path(orders["original"]), Path(orders["compressed"])]
    files = FinishedFiles.read(context, paths, brought.name if brought else DRAWN, orders["task"])
    if brought is None:
        drawing.register(DRAWN, files.signature, files.ranges)
    files.build(())
    return analysed(Beside.of(files), Wanted(**orders["wanted"]), progress, stop)


def main() -> None:
    """Do as ordered; interrupted, as far as that has come."""
    interrupts: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: interrupts.append(number))
    tell = conversation.teller()
    orders = conversation.orders()
    try:
        layers = answered(
            orders,
            lambda what, done, total: tell(doing=what, done=done, total=total),
            lambda: INTERRUPTED if interrupts else "",
        )
    except WeighinError as error:
        tell(refused=str(error))
        return
    tell(layers=layers.as_json())


if __name__ == "__main__":
    main()
