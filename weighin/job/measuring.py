"""Measuring a run's cells without pytest, by the very bench functions that pytest runs."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from weighin import bench
from weighin.core import Scope, SkippedError, WeighinError
from weighin.job.guarding import Guarded
from weighin.job.progress import Shown, Watcher, operation
from weighin.job.run import Run
from weighin.measure.cell import Cell
from weighin.measure.clock import PlainBenchmark

Bench = Callable[[Any, Cell], None]


def measure(run: Run, watcher: Watcher | None = None, guarded: Guarded | None = None) -> bool:
    """Measure all of a run's cells, and write their records.

    Args:
        run: what is measured.
        watcher: who is told how it goes; shown on standard error if not given.
        guarded: tells the process that guards this one; nobody if not given.

    Returns:
        Whether nothing failed.

    Raises:
        WeighinError: if a data set is missing, a folder cannot be written, none of the runtimes can
            be used, nothing could be built or a gate is on a figure that there is none of.
    """
    planned = [(function, cell) for function, scope in functions() for cell in run.cells(scope)]
    planned.sort(key=lambda each: each[1].needs_tensorflow)  # last, so that it disturbs nothing
    watcher, guarded = watcher or Shown(), guarded or Guarded()
    _refuse_absent([cell for _, cell in planned])
    run.begin([cell for _, cell in planned], watcher)
    run.refuse_in_vain()
    guarded.begun(run)
    left = [each for each in planned if not each[1].taken]
    try:
        with watcher.measuring(len(left)) as progress:
            for function, cell in left:
                progress.at(cell)
                guarded.at(cell, f"{cell.case}: {operation(cell)}")
                _measure(function, cell)
                run.keep(cell)
    finally:
        guarded.over()
        run.finish()
    return not any(record.status == "failed" for record in run.results().records)


def _refuse_absent(cells: Sequence[Cell]) -> None:
    """Refuse a run none of whose rows can be measured: its table would have none, and say nothing.

    Raises:
        WeighinError: with the reason of each engine.
    """
    reasons: dict[str, str] = {}
    for cell in cells:
        if cell.case.runtime:
            reason = cell.unavailable()
            if reason is None:
                return
            reasons.setdefault(cell.case.engine, reason)
    if reasons:
        told = "; ".join(f"{engine}: {reason}" for engine, reason in reasons.items())
        raise WeighinError(
            f"Nothing can be measured. {told}. weighin doctor says what can be used."
        )


def functions() -> Iterator[tuple[Bench, Scope]]:
    """The bench functions, each with the operation that it times."""
    for module in pkgutil.iter_modules(bench.__path__):
        for name, function in vars(
            importlib.import_module(f"{bench.__name__}.{module.name}")
        ).items():
            marks: Sequence[pytest.Mark] = getattr(function, "pytestmark", ())
            for mark in marks:
                if mark.name == "weigh" and name.startswith("bench_"):
                    yield function, mark.args[0]


def _measure(function: Bench, cell: Cell) -> None:
    """Measure a cell; whatever happens is in its records."""
    try:
        if crash := cell.context.crashes.get((cell.case, cell.scope)):
            cell.record_status("failed", crash)
            return
        if reason := cell.unavailable():
            cell.record_status("skipped", reason)
            return
        _ = cell.artifact  # what could not be built fails here, with its reason
        function(PlainBenchmark(), cell)
    except (pytest.skip.Exception, SkippedError) as skipped:
        cell.record_status("skipped", _first_line(str(skipped)))
    except WeighinError as error:
        cell.record_status("failed", _first_line(str(error)))
    except (Exception, SystemExit) as error:  # of a runtime or a metric of somebody's own, say
        cell.record_status("failed", f"{type(error).__name__}: {_first_line(str(error))}")
    finally:
        cell.close()


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0]
