"""Rows → a table of the page: words as `weighin table` writes them, and numbers to sort by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weighin.core import CONTROL, Metric, Record, Results
from weighin.report import footer, units
from weighin.report.choice import Choice, best, half
from weighin.report.columns import Column, column_of
from weighin.report.gates import CONTROLS
from weighin.report.primary import further
from weighin.report.rows import Row, over_seeds
from weighin.report.table import Table, Told

MISSING = ("failed", "skipped", "not measured")
_TONES = {"better": "good", "faster": "good", "worse": "bad", "slower": "bad", "same": "same"}


def section(table: Table, columns: Sequence[Column], results: Results, file: int) -> dict[str, Any]:
    """One table with its notes, what its figures rest on, and its best rows.

    Args:
        table: the rows and columns that are shown.
        columns: of all tables of the page, to which each row has a cell.
        results: those that the table comes from.
        file: their number among the page's files.
    """
    # rows of a runtime that was not there come last; `weighin table` names them below its table
    ranked = sorted(table.rows, key=lambda row: row.is_skipped)
    shown = [row for row in ranked if not row.is_skipped]
    rows = [_row(table, columns, row) for row in ranked]
    places = {column.metric: at for at, column in enumerate(columns)}
    metrics = [
        column.metric
        for column in table.columns  # but where the baseline, which is compared with none, is alone
        if any(row["cells"][places[column.metric]] for row in rows)
    ]
    return {
        "file": file,
        "model": table.model,
        "dataset": table.dataset,
        "columns": [places[metric] for metric in metrics],
        "rows": rows,
        "further": _further(table, results, ranked),
        "notes": table.notes,
        "lines": footer.samples(results, shown, table.dataset, metrics),
        "smallest": _best(ranked, results.metric("smaller")),
        "fastest": _best(ranked, results.metric("speedup")),
    }


def _further(table: Table, results: Results, rows: Sequence[Row]) -> dict[str, Any]:
    """The task's other figures, as the table would show them; empty if there are none."""
    records = [record for row in rows for each in row.records.values() for record in each]
    columns = [column_of(metric) for metric in further(results.metrics, records)]
    if not columns:
        return {}
    return {
        "headers": [column.header for column in columns],
        "rows": [
            [row.variant, row.place, *(table.cell(row, column) for column in columns)]
            for row in rows
            if not row.is_skipped
        ],
    }


def _row(table: Table, columns: Sequence[Column], row: Row) -> dict[str, Any]:
    shown = {column.metric: _cell(table.told(row, column), column, row) for column in table.columns}
    cells = [shown.get(column.metric, {}) for column in columns]
    return {
        "variant": row.variant,
        "place": row.place,
        "cells": cells,
        "why": table.whys(row),
        "aside": row.is_skipped,
        "statuses": [s for s in MISSING if any(cell.get("status") == s for cell in cells)],
    }


def _cell(told: Told, column: Column, row: Row) -> dict[str, Any]:
    """A cell's text in parts, and its number, without empty parts."""
    records = row.records.get(column.metric, ())
    if not told.words:
        return {}
    if row.mean(column.metric) is None:
        status = next(status for status in MISSING if told.words.startswith(status))
        return {"text": told.words, "status": status, "notes": told.notes}
    spread = over_seeds(records)
    cell: dict[str, Any] = {
        "text": told.words,
        "ends": told.ends,
        "verdict": told.verdict,
        "tone": _tone(records),
        "value": row.mean(column.metric),
    }
    if spread and any(spread.bars):
        cell["bars"] = spread.bars
    return {name: part for name, part in cell.items() if part != ""}


def _tone(records: Sequence[Record]) -> str:
    tones = {_TONES.get(record.verdict.partition(" ")[0], "") for record in records}
    return tones.pop() if len(tones) == 1 else ""


def _called(rows: Sequence[Row]) -> str:
    """What sentences call the figure by which rows are better or worse."""
    if not rows or rows[0].primary.is_paired_by_counts:
        return "accuracy"
    return rows[0].primary.figure.called


def _best(rows: Sequence[Row], metric: Metric) -> dict[str, Any]:
    """The row with the best ratio above 1 among those that are not worse; or why there is none.

    A row counts as faster if its verdict is so in every seed. Chosen by half of the examples and
    held against the other half, where records tell them apart (`weighin.report.choice`).
    """
    candidates: list[int] = []
    reason = f"{_called(rows)} not measured"
    for at, row in enumerate(rows):
        records = row.records.get(metric.name, ())
        value = row.mean(metric.name)
        if row.variant in CONTROLS:
            continue
        if row.is_worse is None:
            is_compared = row.mean(row.primary.delta_name) is not None
            reason = f"not compared with {CONTROL}" if is_compared and reason != "none" else reason
            continue
        if value is None:
            reason = reason if reason == "none" else f"{metric.title} not measured"
            continue
        reason = "none"
        is_slow = metric.machine_bound and any(record.verdict != "faster" for record in records)
        if value > 1 and not is_slow:
            candidates.append(at)
    choice = best(
        [rows[at] for at in candidates],
        lambda row: row.mean(metric.name),
        lambda row: row.is_worse is False,
        half,
    )
    if choice is None:
        return {"text": reason}
    at = candidates[choice.at]
    if choice.judged.is_worse or rows[at].is_worse:
        return {"text": f"none: {rows[at].variant}, best by one half, is worse by the other"}
    words = f"{units.shown(metric, rows[at].mean(metric.name) or 0.0)}×"
    return {"text": words + _stated(choice), "row": at}


def _stated(choice: Choice[Row]) -> str:
    """How good answers are by the examples that had no part in the choice, if they are apart."""
    delta = choice.judged.primary.delta
    value = choice.judged.mean(delta.name) if delta else None
    if not choice.is_apart or delta is None or value is None:
        return ""
    return f", {units.shown(delta, value)}{' points' * (delta.kind == 'points')} by the other half:"
