"""Records → rows for programs: numbers as numbers, units in the columns' names."""

from __future__ import annotations

from typing import Any

from weighin.core import Metric, Results
from weighin.report.rows import rows_of
from weighin.report.verdicts import p_of

PLACE = ("model", "dataset", "variant", "runtime", "threads", "seed", "format")
_ENDINGS = ("low", "high", "verdict", "p", "beside", "status", "reason")
_SPELT = {"s": "seconds"}


def tidy(results: Results) -> list[dict[str, Any]]:
    """One row for each variant, runtime and seed; of every metric its figure and interval.

    A column's name ends in its metric's unit, where it has one: `latency_s`, `latency_s_low`.
    What has no figure is None: its `…_status` says whether it failed, was skipped or not measured,
    and its `…_reason` why. All rows have the same columns.
    """
    rows: list[dict[str, Any]] = []
    for (model, dataset), records in results.by_model.items():
        for row in rows_of(records, results):
            cells: dict[str, Any] = {
                "model": model,
                "dataset": dataset,
                "variant": row.variant,
                "runtime": row.runtime,
                **({"target": row.target} if row.target else {}),
                "threads": row.threads,
                "seed": row.seed,
                "format": row.format,
            }
            for name, (record,) in row.records.items():
                if name == "why":
                    cells["why"] = "; ".join(record.reasons)
                    continue
                column = column_name(results.metric(name))
                cells[column] = record.value
                status = "" if record.status == "ok" else record.status
                ends, p = (record.low, record.high), p_of(record)
                told = (*ends, record.verdict, p, record.beside, status, record.reason)
                for ending, value in zip(_ENDINGS, told, strict=True):
                    if value not in (None, ""):
                        cells[f"{column}_{ending}"] = value
            rows.append(cells)
    there = {column for cells in rows for column in cells}
    ordered = [
        column
        for column in dict.fromkeys([*PLACE, "target", *_columns(results)])
        if column in there
    ]
    return [{column: cells.get(column) for column in ordered} for cells in rows]


def _columns(results: Results) -> list[str]:
    """All columns that metrics may have, each figure's beside each other."""
    recorded = dict.fromkeys(record.metric for record in results.records)
    names = [column_name(results.metric(name)) for name in (*results.metrics, *recorded)]
    return [each for name in names for each in (name, *(f"{name}_{end}" for end in _ENDINGS))]


def column_name(metric: Metric) -> str:
    """A metric's name with its unit: `gzip_bytes` has it already."""
    unit = {"B": "bytes", "1/s": "per_s", "%": "percent"}.get(metric.unit, metric.unit)
    if not unit or metric.name.endswith((f"_{unit}", f"_{_SPELT.get(unit, unit)}")):
        return metric.name
    return f"{metric.name}_{unit}"
