"""Which row a ratio between engines is beside: its record names the engine alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from weighin.core import Case, Record


def firsts(beside: Sequence[Record], records: Iterable[Record]) -> dict[Case, Case]:
    """The same variant on the engine that each of some records is beside, as far as it is there.

    It is itself beside none: where that engine opens files of two formats, one is beside the other.

    Args:
        beside: records that say which engine they are beside.
        records: of all rows of the run.
    """
    paired = {record.case for record in beside}
    known: dict[tuple[Case, str], Case] = {}
    for record in records:
        if record.runtime and record.case not in paired:
            known.setdefault((record.case.of_any_engine, record.case.engine), record.case)
    there = {each.case: known.get((each.case.of_any_engine, each.beside)) for each in beside}
    return {case: first for case, first in there.items() if first is not None}
