"""Records of what was not measured, and which of two records of a figure counts."""

from __future__ import annotations

from collections.abc import Iterable

from weighin import registry
from weighin.core import Case, Record, Status
from weighin.measure.cell import Cell

NOT_YET = "the run ended before its turn"


def once(records: Iterable[Record]) -> list[Record]:
    """Each figure once: bench functions of one's own may time what another times; the last counts.

    But one that was measured is not given up for one that was not.
    """
    kept: dict[tuple[Case, str], Record] = {}
    for record in records:
        key = (record.case, record.metric)
        if key not in kept or record.status == "ok" or kept[key].status != "ok":
            kept[key] = record
    return list(kept.values())


def unmeasured(cell: Cell, reason: str, status: Status = "not measured") -> list[Record]:
    """A record of every figure of a cell, with the reason why there is none."""
    blank = Cell(cell.case, cell.scope, cell.context)
    blank.record_status(status, reason)
    return blank.records


def possible(cell: Cell) -> list[Record]:
    """A record of every figure that a cell may come to have, skipped where it cannot be weighed.

    While its task is not known, the figures of all tasks.
    """
    if reason := cell.unavailable():
        return unmeasured(cell, reason, "skipped")
    if cell.context.expected_task(cell.case) is not None:
        return unmeasured(cell, NOT_YET)
    return [
        Record(cell.case, metric.name, metric.unit, "not measured", reason=NOT_YET)
        for metric in registry.metrics.values()
        if metric.scope == cell.scope
    ]
