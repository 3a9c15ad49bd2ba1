"""What the sentences under a table ask of its rows."""

from __future__ import annotations

from collections.abc import Sequence

from weighin.core import Record
from weighin.report.rows import Row


def records_of(rows: Sequence[Row], metric: str) -> list[Record]:
    """The records of one metric, of all rows."""
    return [record for row in rows for record in row.records.get(metric, ())]


def all_records(rows: Sequence[Row]) -> list[Record]:
    """The records of all rows."""
    return [record for row in rows for records in row.records.values() for record in records]


def models_of(rows: Sequence[Row]) -> set[str]:
    """The models that rows are of."""
    return {record.model for record in all_records(rows)}


def seeds_of(rows: Sequence[Row]) -> list[int]:
    """The seeds of all records."""
    return sorted({record.seed for record in all_records(rows)})


def is_any_of_several_seeds(rows: Sequence[Row]) -> bool:
    """Whether a figure is over several seeds."""
    return any(len(records) > 1 for row in rows for records in row.records.values())


def counted(rows: Sequence[Row], metric: str) -> str:
    """How many examples, rounds or openings a metric's figures rest on: `450 to 1,000`."""
    counts = sorted({record.n or 0 for record in records_of(rows, metric)} - {0})
    if not counts:
        return ""
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
