"""Tables of a few records, as text and as cells."""

from __future__ import annotations

import json
from typing import Any

from helpers.support import (
    results_of,
)

from weighin.core import Record
from weighin.report.table import render, tables

COLUMNS = (
    *("file", "gzip", "× smaller", "top-1", "Δ points", "Δ to finetune", "latency", "× faster"),
)
HEADERS = (*COLUMNS, "why")


def show(records: list[Record], format: str = "text") -> str:
    """Records' tables, with nothing said about the machine."""
    return render([results_of({}, tuple(records))], format)


def cells(records: list[Record]) -> dict[tuple[str, str], dict[str, str]]:
    """Cells of the only table, by variant and runtime, by header."""
    (table,) = tables(results_of({}, tuple(records)))
    rows = [table.cells(row) for row in table.rows]
    return {(row[0], row[1]): dict(zip(HEADERS, row[2:], strict=True)) for row in rows}


def flat(records: list[Record]) -> list[dict[str, Any]]:
    """Rows of bare numbers."""
    rows: list[dict[str, Any]] = json.loads(show(records, "json"))
    return rows
