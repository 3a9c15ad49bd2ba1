"""Progress of building and measuring: bars on a terminal, lines of building in a pipe.

Of a job in a process of its own each event is a line of JSON, which `show` reads.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from weighin.build.jobs import Job
from weighin.core import Artifact, Failure
from weighin.measure.cell import Cell
from weighin.report.layout import visible
from weighin.report.terminal import wrapped

_SCOPES = {
    "artifact": "size",
    "evaluation": "quality",
    "inference": "latency",
    "pair": "× faster",
    "engines": "between engines",
    "start": "cold start",
    "memory": "arena",
}


class Watcher(Protocol):
    """Who is told how a run goes."""

    def building(self) -> contextlib.AbstractContextManager[Builder]:
        """Is told of what is built, while the context lasts."""
        ...

    def measuring(self, total: int) -> contextlib.AbstractContextManager[Measurer]:
        """Is told of so many cells, while the context lasts."""
        ...


class Builder(Protocol):
    """Who is told what is built."""

    def asking(self, models: Sequence[str]) -> None:
        """Learn which models' functions are called first, which takes some seconds."""
        ...

    def begun(self, total: int) -> None:
        """Learn how many artifacts are to be built."""
        ...

    def finished(self, job: Job, outcome: Artifact | Failure) -> None:
        """Learn what became of one."""
        ...

    def say(self, text: str) -> None:
        """Learn something else, in words."""
        ...


class Measurer(Protocol):
    """Who is told what is measured."""

    def at(self, cell: Cell) -> None:
        """Learn which cell's turn it is."""
        ...


class Shown:
    """Shows a run on a console."""

    def __init__(self, console: Console | None = None) -> None:
        """Show on `console`, by default standard error."""
        self._console = console or Console(stderr=True, highlight=False)

    def building(self) -> BuildProgress:
        """Shows what is built."""
        return BuildProgress(self._console)

    def measuring(self, total: int) -> MeasureProgress:
        """Shows what is measured."""
        return MeasureProgress(total, self._console)


class BuildProgress:
    """Tells the user what is built; a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        """Show on `console`, by default standard output."""
        self._console = console or Console(highlight=False)
        self._bar = _bar("building", self._console)
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
        self.say(f"asking what {returned} may decide it")

    def begun(self, total: int) -> None:
        """Learn how many artifacts are to be built; say nothing if there are none."""
        self._total = total
        self._bar.update(self._task, total=total, visible=total > 0)
        if total and not self._console.is_terminal:
            self.say(f"building {total} artifacts (they are kept for later runs)")

    def finished(self, job: Job, outcome: Artifact | Failure) -> None:
        """Count one; failures are told on a terminal too."""
        if isinstance(outcome, Failure):
            self.ended(str(job), outcome.reason, skipped=outcome.skipped)
        else:
            self.ended(str(job), seconds=outcome.seconds)

    def ended(
        self, job: str, reason: str = "", *, skipped: bool = False, seconds: float = 0.0
    ) -> None:
        """The same in words: a reason if it was not built."""
        self._done += 1
        self._bar.update(self._task, advance=1, description=job)
        if reason:
            became = "skipped" if skipped else "failed"
            told = " for the same reason" if reason in self._failed else f": {reason}"
            self._failed.add(reason)
            self.say(f"{self._count()} {job} {became}{told}")
        elif not self._console.is_terminal:
            self.say(f"{self._count()} {job} ({seconds:.1f} s)")

    def _count(self) -> str:
        elapsed = time.monotonic() - self._began
        return f"[{self._done}/{self._total}, {elapsed:.0f} s]"

    def say(self, text: str) -> None:
        """Show a line."""
        if self._console.is_terminal:
            text = wrapped(text, self._console.width)
        self._console.print(visible(text), markup=False, soft_wrap=True)


class MeasureProgress:
    """Tells the user what is measured; a context manager.

    It is drawn between measurements alone: a bar that moves by itself would disturb them.
    """

    def __init__(self, total: int, console: Console | None = None) -> None:
        """Show so many cells on `console`, by default standard error; nothing in a pipe."""
        console = console or Console(stderr=True, highlight=False)
        self._bar = _bar("measuring", console, auto_refresh=False, transient=True)
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
        self.turn(_words(cell))

    def turn(self, what: str) -> None:
        """The same in words."""
        self._bar.update(self._task, completed=self._begun, description=what)
        self._bar.refresh()
        self._begun += 1


class Told:
    """Tells a run as lines of JSON, to whoever has started this process."""

    def __init__(self, stream: TextIO) -> None:
        """Write to a stream."""
        self._stream = stream

    def tell(self, **event: Any) -> None:
        """Write one line."""
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()

    @contextlib.contextmanager
    def building(self) -> Iterator[Told]:
        """What is built."""
        yield self

    @contextlib.contextmanager
    def measuring(self, total: int) -> Iterator[Told]:
        """What is measured."""
        self.tell(measuring=total)
        yield self

    def asking(self, models: Sequence[str]) -> None:
        """Tell which models' functions are called."""
        self.tell(asking=list(models))

    def begun(self, total: int) -> None:
        """Tell how many artifacts are to be built."""
        self.tell(begun=total)

    def finished(self, job: Job, outcome: Artifact | Failure) -> None:
        """Tell what became of one."""
        if isinstance(outcome, Failure):
            self.tell(job=str(job), reason=outcome.reason, skipped=outcome.skipped)
        else:
            self.tell(job=str(job), seconds=outcome.seconds)

    def say(self, text: str) -> None:
        """Tell something else, in words."""
        self.tell(said=text)

    def at(self, cell: Cell) -> None:
        """Tell which cell's turn it is."""
        self.tell(at=_words(cell))


def show(lines: Iterable[str], console: Console) -> Iterator[dict[str, Any]]:
    """Show the lines that `Told` writes; yields those that are no progress."""
    with contextlib.ExitStack() as stack:
        builder = stack.enter_context(BuildProgress(console))
        measurer: MeasureProgress | None = None
        for line in lines:
            event = json.loads(line)
            if "asking" in event:
                builder.asking(event["asking"])
            elif "begun" in event:
                builder.begun(event["begun"])
            elif "job" in event:
                builder.ended(event.pop("job"), **event)
            elif "said" in event:
                builder.say(event["said"])
            elif "measuring" in event:
                stack.pop_all().close()
                measurer = stack.enter_context(MeasureProgress(event["measuring"], console))
            elif "at" in event and measurer is not None:
                measurer.turn(event["at"])
            else:
                yield event


def _bar(what: str, console: Console, **how: bool) -> Progress:
    # in a notebook rich draws by ipywidgets, and without them prints a warning instead
    drawn = console.is_terminal or (console.is_jupyter and _has_widgets())
    return Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        disable=not drawn,
        **how,  # type: ignore[arg-type]
    )


def _has_widgets() -> bool:
    from importlib.util import find_spec

    return find_spec("ipywidgets") is not None


def _words(cell: Cell) -> str:
    return f"{cell.case.variant}: {operation(cell)}"


def operation(cell: Cell) -> str:
    """What is measured of a cell, in words."""
    return _SCOPES.get(cell.scope, cell.scope)
