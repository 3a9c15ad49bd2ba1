"""Progress of building and measuring: a bar on a terminal; of building plain lines in a pipe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from weighin.build.jobs import Job
from weighin.core import Artifact, Failure
from weighin.measure.cell import Cell

_SCOPES = {
    "artifact": "size",
    "evaluation": "quality",
    "inference": "latency",
    "pair": "× faster",
    "start": "cold start",
}


class BuildProgress:
    """Tells the user what is built; a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        """Show on `console`, by default standard output."""
        self._console = console or Console(highlight=False)
        self._bar = Progress(
            TextColumn("building"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, visible=False)
        self._total = self._done = 0
        self._failed: set[str] = set()  # reasons that were told
        self._began = time.monotonic()

    def __enter__(self) -> BuildProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def asking(self, models: Sequence[str]) -> None:
        """Learn which models' functions are called first, which takes some seconds."""
        names = ", ".join(models)
        returned = (
            f"{names} returns: more than the model's own file"
            if len(models) == 1
            else f"{names} return: more than the models' own files"
        )
        self._say(f"asking what {returned} may decide it")

    def begun(self, total: int) -> None:
        """Learn how many artifacts are to be built; say nothing if there are none."""
        self._total = total
        self._bar.update(self._task, total=total, visible=total > 0)
        if total and not self._console.is_terminal:
            self._say(f"building {total} artifacts (they are kept for later runs)")

    def finished(self, job: Job, outcome: Artifact | Failure) -> None:
        """Count one; failures are told on a terminal too."""
        self._done += 1
        self._bar.update(self._task, advance=1, description=str(job))
        if isinstance(outcome, Failure):
            became = "skipped" if outcome.skipped else "failed"
            is_told = outcome.reason in self._failed
            self._failed.add(outcome.reason)
            reason = " for the same reason" if is_told else f": {outcome.reason}"
            self._say(f"{self._count()} {job} {became}{reason}")
        elif not self._console.is_terminal:
            self._say(f"{self._count()} {job} ({outcome.seconds:.1f} s)")

    def _count(self) -> str:
        elapsed = time.monotonic() - self._began
        return f"[{self._done}/{self._total}, {elapsed:.0f} s]"

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


class MeasureProgress:
    """Tells the user what is measured; a context manager.

    It is drawn between measurements alone: a bar that moves by itself would disturb them.
    """

    def __init__(self, total: int, console: Console | None = None) -> None:
        """Show so many cells on `console`, by default standard error; nothing in a pipe."""
        self._console = console or Console(stderr=True, highlight=False)
        self._bar = Progress(
            TextColumn("measuring"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            auto_refresh=False,
            transient=True,
            disable=not (self._console.is_terminal or self._console.is_jupyter),
        )
        self._task = self._bar.add_task("", total=total)
        self._begun = 0

    def __enter__(self) -> MeasureProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def at(self, cell: Cell) -> None:
        """Learn which cell's turn it is."""
        what = f"{cell.case.variant}: {_SCOPES.get(cell.scope, cell.scope)}"
        self._bar.update(self._task, completed=self._begun, description=what)
        self._bar.refresh()
        self._begun += 1
