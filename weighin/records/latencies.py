"""Latencies whose intervals cover what the same files took in the pairs, minutes later.

A file's openings may all land in one of two states of a machine, and its pair in the other: each
interval is narrow, and latency and × faster of one table contradict each other. What is shown of a
latency must cover what another run would give, so its interval reaches over both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from weighin.core import Case, Record
from weighin.records.engines import firsts


def covering(records: Sequence[Record]) -> list[Record]:
    """The records, intervals of latency widened to where the pairs have seen it.

    Those between engines count where they kept to one core, as a latency does: TensorFlow, beside
    which others are timed there, computes in threads of its own.

    Args:
        records: of one run.
    """
    seen: dict[Case, list[Record]] = {}
    between = [each for each in records if each.value is not None and each.pinned]
    beside = firsts([each for each in between if each.metric == "engine_first"], records)
    for record in between:
        if record.metric == "engine_latency":
            seen.setdefault(record.case, []).append(record)
        if record.metric == "engine_first" and record.case in beside:
            seen.setdefault(beside[record.case], []).append(record)
    for record in records:
        if record.metric == "paired_latency" and record.value is not None:
            seen.setdefault(record.case, []).append(record)
        if record.metric == "paired_baseline" and record.value is not None:
            seen.setdefault(record.case.baseline, []).append(record)
    return [
        _widened(record, seen.get(record.case, [])) if record.metric == "latency" else record
        for record in records
    ]


def _widened(record: Record, seen: Sequence[Record]) -> Record:
    if record.low is None or record.high is None or not seen:
        return record
    ends = [end for each in seen for end in (each.low, each.value, each.high) if end is not None]
    return dataclasses.replace(record, low=min(record.low, *ends), high=max(record.high, *ends))
