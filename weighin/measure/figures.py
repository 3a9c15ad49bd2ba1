"""Outcomes → records: a figure for each metric of an operation, or why there is none."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from weighin import registry
from weighin.core import (
    ComputedMetric,
    Figure,
    Record,
    Skip,
    Status,
    Task,
    WeighinError,
    contradiction,
)
from weighin.core.case import Case
from weighin.outcomes import Evaluation


def figures(case: Case, scope: str, outcome: Any, sha256: str, task: Task) -> list[Record]:
    """A record for each metric of a scope that a task has; one that fails has a `failed` one."""
    records = []
    for metric in metrics_for(scope, task):
        blank = Record(case, metric.name, metric.unit, "not measured", artifact=sha256)
        try:
            record = _recorded(blank, metric, _finite(metric.compute(outcome)))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            records.append(dataclasses.replace(blank, status="failed", reason=reason))
            continue
        records.append(record)
    return records


def _recorded(blank: Record, metric: ComputedMetric, figure: Figure | Skip) -> Record:
    """The record of a figure, or of why there is none.

    Raises:
        ValueError: if the figure contradicts itself, as no file of results may.
    """
    if isinstance(figure, Skip):
        return dataclasses.replace(blank, status=figure.status, reason=figure.reason)
    record = dataclasses.replace(blank, status="ok", **dataclasses.asdict(figure))
    if problem := contradiction(record, metric):
        raise ValueError(f"the figure contradicts itself: {problem}")
    return record


def _finite(figure: Figure | Skip) -> Figure | Skip:
    """A figure of plain Python numbers.

    Raises:
        ValueError: if one of them is not finite, which no table and no JSON can hold.
    """
    if isinstance(figure, Skip):
        return figure
    value, low, high = (
        None if number is None else float(number)
        for number in (figure.value, figure.low, figure.high)
    )
    if value is None or not all(math.isfinite(n) for n in (value, low or 0.0, high or 0.0)):
        raise ValueError(f"the figure is not finite: {figure.value} [{low}, {high}]")
    return dataclasses.replace(figure, value=value, low=low, high=high)


def without_figures(
    case: Case, scope: str, status: Status, reason: str, task: Task | None
) -> list[Record]:
    """Records that say of every metric of a scope why there is no figure.

    Of a task that is not known, they are the metrics that all tasks have.
    """
    metrics = metrics_for(scope, task)
    blanks = [Record(case, metric.name, metric.unit, "not measured") for metric in metrics]
    return [dataclasses.replace(blank, status=status, reason=reason) for blank in blanks]


def refuse_changed(records: Iterable[Record], evaluation: Evaluation) -> None:
    """Refuse an evaluation that was made once more, and came out otherwise than it is recorded.

    Args:
        records: figures of the evaluation before.
        evaluation: that of now; figures that it alone decides are held against these.

    Raises:
        WeighinError: with both figures.
    """
    for record in records:
        metric = registry.metrics[record.metric]
        if not metric.quality or metric.relative or record.value is None:
            continue
        figure = metric.compute(evaluation)
        value = figure.reason if isinstance(figure, Skip) else figure.value
        if value != record.value:
            raise WeighinError(
                f"{record.case} answers otherwise than in the run that goes on ({record.metric} "
                f"{value}, and {record.value} before): measure anew, without --resume"
            )


def metrics_for(scope: str, task: Task | None) -> list[ComputedMetric]:
    """The metrics of a scope that a task has; of one that is not known, those of all tasks."""
    figures = {quality.name for quality in task.figures} if task else set()
    return [
        metric
        for metric in registry.metrics.values()
        if metric.scope == scope and metric.applies(figures)
    ]
