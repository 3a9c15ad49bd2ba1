"""Rows → a table of the page: words as `weighin table` writes them, numbers to sort by beside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from weighin.core import Record, Results
from weighin.report import footer
from weighin.report.gates import CONTROLS
from weighin.report.rows import Row, over_seeds
from weighin.report.table import COLUMNS, Column, Table, figure

MISSING = ("failed", "skipped", "not measured")
_MARKED = re.compile(r"(.*?)((?: \[\d+\])*)", re.DOTALL)
_TONES = {"better": "good", "faster": "good", "worse": "bad", "slower": "bad", "same": "same"}


def section(table: Table, results: Results, file: int) -> dict[str, Any]:
    """One table with its notes, what its figures rest on, and its best rows.

    Args:
        table: what is shown.
        results: that it comes from.
        file: which of the page's files they are.
    """
    # rows of a runtime that is not here come last: `weighin table` names them below its table
    ranked = sorted(table.rows, key=lambda row: row.is_skipped)
    shown = [row for row in ranked if not row.is_skipped]
    rows = [_row(table, row) for row in ranked]
    metrics = [column.metric for column in COLUMNS]
    return {
        "file": file,
        "model": table.model,
        "dataset": table.dataset,
        "rows": rows,
        "notes": table.notes,
        "lines": footer.samples(results, shown, table.dataset, metrics),
        "smallest": _best(ranked, "smaller"),
        "fastest": _best(ranked, "speedup"),
    }


def _row(table: Table, row: Row) -> dict[str, Any]:
    variant, place, *texts, why = table.cells(row)
    cells = [_cell(*each, row) for each in zip(texts, COLUMNS, strict=True)]
    return {
        "variant": variant,
        "place": place,
        "cells": cells,
        "why": _marks(why)[1],
        "aside": row.is_skipped,
        "statuses": [s for s in MISSING if any(cell.get("status") == s for cell in cells)],
    }


def _cell(text: str, column: Column, row: Row) -> dict[str, Any]:
    """A cell's text in parts, and its number; without what is empty."""
    records = row.records.get(column.metric, ())
    value = row.mean(column.metric)
    if not text:
        return {}
    if value is None:
        words, notes = _marks(text)
        status = next(status for status in MISSING if words.startswith(status))
        return {"text": words, "status": status, "notes": notes}
    words, ends, verdict = figure(column, records)
    spread = over_seeds(records)
    cell = {"text": words, "ends": ends, "verdict": verdict, "tone": _tone(records), "value": value}
    if spread and any(spread.bars):
        cell["bars"] = spread.bars
    return {name: part for name, part in cell.items() if part != ""}


def _tone(records: Sequence[Record]) -> str:
    tones = {_TONES.get(record.verdict.partition(" ")[0], "") for record in records}
    return tones.pop() if len(tones) == 1 else ""


def _marks(text: str) -> tuple[str, list[int]]:
    """A text and the numbers of the notes behind it."""
    found = _MARKED.fullmatch(text if text.startswith(" ") else f" {text}")
    words, marks = found.groups() if found else (text, "")
    return words.strip(), [int(number) for number in re.findall(r"\d+", marks)]


def _best(rows: Sequence[Row], metric: str) -> dict[str, Any]:
    """The row that is best by a ratio, above 1, among those not found worse; or why there is none.

    Faster is what was found faster in every seed.
    """
    (column,) = (column for column in COLUMNS if column.metric == metric)
    found: list[tuple[float, int]] = []
    reason = "accuracy not measured"
    for at, row in enumerate(rows):
        records = row.records.get(metric, ())
        value = row.mean(metric)
        if row.variant in CONTROLS or row.is_worse is None:
            continue
        if value is None:
            reason = reason if reason == "none" else f"{column.header} not measured"
            continue
        reason = "none"
        is_slow = metric == "speedup" and any(each.verdict != "faster" for each in records)
        if not row.is_worse and value > 1 and not is_slow:
            found.append((value, -at))
    if not found:
        return {"text": reason}
    value, at = max(found)  # of equals the first
    return {"text": f"{column.show(value, None, None)}×", "row": -at}
