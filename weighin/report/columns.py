"""Columns of tables: a metric as the results at hand describe it, and how it is shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weighin.core import Metric, Record, Results
from weighin.report import units
from weighin.report.control import catalogue
from weighin.report.primary import primaries


@dataclass(frozen=True)
class Column:
    """One column of a table: a metric, under a header, and how its figures are shown.

    Attributes:
        header: what stands above the column.
        metric: the metric's name.
        show: value, low and high → text.
        compares: whether it compares with the baseline, whose own row then has no figure.
        of_control: whether it compares with the dense control, so that it is empty where nothing
            trains further.
        lower: whether a lower figure is better.
        rare: whether few runtimes tell it, so that it is empty where one does not.
        optional: whether a narrow table does without it.
    """

    header: str
    metric: str
    show: units.Style
    compares: bool = False
    of_control: bool = False
    lower: bool = False
    rare: bool = False
    optional: bool = False


def column_of(metric: Metric, header: str = "") -> Column:
    """The column of a metric, by its own title if no header is given."""
    return Column(
        header or metric.title,
        metric.name,
        units.style(metric),
        metric.relative,
        metric.of_control,
        metric.better == "lower",
        metric.rare,
    )


def columns(results: Results, records: Iterable[Record] | None = None) -> tuple[Column, ...]:
    """The columns of comparison tables: every metric that asks for one.

    Args:
        results: the run.
        records: of one table; how good answers are has the columns of its own task alone.
    """
    records = list(results.records if records is None else records)
    told = primaries(results.metrics, records)
    figures = {record.metric for record in records if record.value is not None}
    shown = {name for each in told for name in (each.name, each.delta_name, each.control_name)}
    return tuple(
        dataclasses.replace(
            column_of(metric),
            optional=metric.name not in shown and not _is_essential(metric, results),
        )
        for metric in catalogue(results)
        if metric.name in shown
        or (metric.column and not metric.quality and (metric.name in figures or not metric.rare))
    )


def _is_essential(metric: Metric, results: Results) -> bool:
    """Whether a metric compares with the baseline, or is a size that is compared."""
    if metric.relative or metric.ratio_of:
        return True
    is_compared = any(other.ratio_of == metric.name for other in results.metrics.values())
    return is_compared and not metric.machine_bound


def columns_of(results: Results, names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of these metrics, whether or not they ask for one."""
    return tuple(column_of(results.metric(name)) for name in names)


def of_all(runs: Sequence[Results]) -> tuple[Column, ...]:
    """The columns of several runs' tables, each once, as the first run that has it describes it."""
    described: dict[str, Column] = {}
    for results in runs:
        of_tables = [columns(results, of) for of in results.by_model.values()]
        shown = {column.metric: column for of_table in of_tables for column in of_table}
        for metric in catalogue(results):
            if metric.name in shown:
                described.setdefault(metric.name, shown[metric.name])
    return tuple(described.values())
