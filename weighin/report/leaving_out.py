"""Columns that a table does without: what nothing measured, and what a narrow one spares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from weighin.report.columns import Column
from weighin.report.rows import Row


def unmeasured(columns: Sequence[Column], rows: Sequence[Row]) -> dict[Column, str]:
    """The columns of which all rows say `not measured` for one and the same reason; that reason."""
    found = {}
    for column in columns:
        reasons = {reason for row in rows for reason in _missing(row, column)}
        reason = reasons.pop() if len(reasons) == 1 else ""
        if reason:
            found[column] = reason
    return found


def _missing(row: Row, column: Column) -> set[str]:
    """Why a row's figures are not measured; with an empty one where that is not why."""
    if column.compares and row.has_no(column.metric, of_control=column.of_control):
        return set()
    return {
        record.reason if record.value is None and record.status == "not measured" else ""
        for record in row.records.get(column.metric, ())
    } or {""}


def told(unmeasured: Mapping[Column, str]) -> list[str]:
    """What is said of columns that are left out, once for each reason."""
    headers: dict[str, list[str]] = {}
    for column, reason in unmeasured.items():
        headers.setdefault(reason, []).append(column.header)
    return [f"not measured: {', '.join(names)} ({reason})" for reason, names in headers.items()]


def optional(columns: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """What a narrow table leaves out, in this order: columns without a figure, those of a few rows.

    Then whatever else it can do without.
    """
    has = {
        column: sum(
            any(record.value is not None for record in row.records.get(column.metric, ()))
            for row in rows
        )
        for column in columns
    }
    spare = [column for column in columns if column.optional or not has[column]]
    return sorted(spare, key=lambda column: (has[column] > 0) + (2 * has[column] > len(rows)))
