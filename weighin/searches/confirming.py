"""What was chosen, on the test part: weighed as anybody's files are, and judged with correction."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin import stats
from weighin.build.finished import FinishedFiles
from weighin.core import WeighinError
from weighin.datasets.bringing import Brought
from weighin.job import weighing
from weighin.job.measuring import measure
from weighin.job.progress import Watcher
from weighin.job.run import Run
from weighin.searches.questions import Question
from weighin.stats import CONFIDENCE, Interval


@dataclass(frozen=True)
class Shown:
    """One file on the test part.

    Attributes:
        difference: of its figure to the baseline's, with its 95 % interval; None if it failed.
        p: of "worse by the margin or more", corrected for all that are shown (Holm).
        speedup: how many times faster than the baseline; None if it was not measured.
        failed: why there is no difference.
    """

    difference: Interval | None
    p: float | None
    speedup: Interval | None = None
    failed: str = ""


def confirmed(
    judged_by: FinishedFiles,
    files: Mapping[str, Path],
    test: Brought,
    asked: Question,
    how: weighing.Asked,
    profile: str,
    told: Mapping[str, Any],
    watcher: Watcher | None = None,
) -> tuple[dict[str, Shown], Path]:
    """Weigh files on the test part, which is read here for the first time.

    Args:
        judged_by: the baseline, as the search asked it.
        files: what was chosen, by variants.
        test: the test part.
        asked: the figure and its margin.
        how: how files are measured.
        profile: of training.
        told: of the search, for readers of the records.
        watcher: who is told how it goes.

    Returns:
        What became of each, and the file of records.

    Raises:
        WeighinError: if the baseline cannot be weighed, or records not be written.
    """
    test.register()
    baseline = dataclasses.replace(judged_by, dataset=test.name)
    baseline.build(())
    run = weighing.on_files(baseline.beside(files), how, "search", profile)
    run.told["search"] = dict(told)
    measure(run, watcher)
    if run.unwritten or run.path is None:
        raise WeighinError(f"Not all records are there: {run.unwritten}")
    return _judged(run, list(files), asked), run.path


def _judged(run: Run, names: Sequence[str], asked: Question) -> dict[str, Shown]:
    cases = {cell.case.variant: cell.case for cell in run.cells("evaluation")}
    baseline = run.context.evaluation(cases["baseline"])
    differences: dict[str, Interval] = {}
    values: dict[str, float] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            evaluation = run.context.evaluation(cases[name])
        except WeighinError as error:
            failed[name] = str(error)
            continue
        differences[name] = asked.difference(evaluation, baseline, CONFIDENCE)
        values[name] = asked.significance(evaluation, baseline)
    corrected = dict(zip(values, stats.holm(list(values.values())), strict=True))
    speedups = _speedups(run)
    return {
        name: Shown(
            differences.get(name), corrected.get(name), speedups.get(name), failed.get(name, "")
        )
        for name in names
    }


def _speedups(run: Run) -> dict[str, Interval]:
    return {
        record.variant: Interval(record.value, record.low, record.high)
        for record in run.results().records
        if record.metric == "speedup"
        and record.value is not None
        and record.low is not None
        and record.high is not None
    }
