"""Outcomes → records: a figure for each metric of an operation, or why there is none."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from weighin import registry
from weighin.core import ComputedMetric, Figure, Record, Skip, Status, Task, contradiction
from weighin.core.case import Case


def figures(case: Case, scope: str, outcome: Any, sha256: str, task: Task) -> list[Record]:
    """A record for each metric of a scope that a task has; one that fails has a `failed` one."""
    records = []
    for metric in _metrics(scope, task):
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
    metrics = _metrics(scope, task)
    blanks = [Record(case, metric.name, metric.unit, "not measured") for metric in metrics]
    return [dataclasses.replace(blank, status=status, reason=reason) for blank in blanks]


def _metrics(scope: str, task: Task | None) -> list[ComputedMetric]:
    figures = {quality.name for quality in task.figures} if task else set()
    return [
        metric
        for metric in registry.metrics.values()
        if metric.scope == scope and metric.applies(figures)
    ]
