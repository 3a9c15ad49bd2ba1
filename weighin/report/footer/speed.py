"""Sentences on times: what was interleaved with what, and when a ratio is called faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weighin.core import Results
from weighin.report.footer.shared import counted, records_of
from weighin.report.rows import Row


def faster(results: Results, rows: Sequence[Row]) -> str:
    """How × faster was measured; empty where that is not known."""
    told = interleaved(results, rows, "speedup")
    engines = {row.case.engine for row in rows if row.runtime}
    there = " on the same runtime" if len(engines) > 1 else ""
    return f"× faster: interleaved with the baseline{there}{told}" if told else ""


def interleaved(results: Results, rows: Sequence[Row], metric: str) -> str:
    """How pairs were measured, and from when on they are called; empty where that is not known."""
    openings, rule = counted(rows, metric), results.environment.get("pairs")
    if not openings or not rule:
        return ""
    spent = "; * before that its time was spent" if is_any_spent(rows, metric) else ""
    plural = "" if openings == "1" else "s"
    return (
        f", {openings} opening{plural} of both, "
        f"{_until(rule)}{spent}; called faster or slower if the interval "
        f"{_confidence(rule)}leaves out 1 and the ratio is at least "
        f"{rule['smallest'] * 100:g} % from it"
    )


def _until(rule: Mapping[str, Any]) -> str:
    """When a pair ends; runs of before knew no power."""
    if "power" not in rule:
        width, seconds = f"±{rule['narrow'] * 100:g} %", f"{rule['seconds']:g} s"
        return f"until 30 or more are within {width} or {seconds} are over"
    return (
        f"until a difference of {rule['found'] * 100:g} % would be found in "
        f"{rule['power'] * 100:g} of 100 such pairs ({rule['fewest']} openings at least), or "
        f"{rule['seconds']:g} s are over"
    )


def _confidence(rule: Mapping[str, Any]) -> str:
    return f"at {rule['confidence'] * 100:g} % " if "confidence" in rule else ""


def is_any_spent(rows: Sequence[Row], metric: str = "speedup") -> bool:
    """Whether a pair ended because its time was spent."""
    return any(record.stopped == "time" for record in records_of(rows, metric))


def between(results: Results, rows: Sequence[Row]) -> str:
    """What a ratio beside another runtime is."""
    told = interleaved(results, rows, "engine_speedup")
    return f"× beside a runtime: the same variant, interleaved with it there{told}"


def in_total() -> str:
    """What a ratio beside the baseline on the first runtime is."""
    return (
        "× beside the baseline there: measured in one pair, or the product of the two or more that "
        "lead to it; its interval holds at 95 % whatever their noise, unless the machine changed "
        "between them"
    )


def quickest(rows: Sequence[Row], tests: int) -> str:
    """What `quickest` says, and by how many tests."""
    of_one = "of one machine " if len({row.case.target for row in rows}) > 1 else ""
    return (
        f"quickest of a variant's runtimes, of all rows {of_one}on as many threads: none other is "
        f"found faster, by {tests:,} tests together; in at most one such table of twenty the truly "
        f"quickest is left out. What its own pair calls slower bears no mark. How good answers are "
        f"is another question"
    )


def latency(rows: Sequence[Row]) -> str:
    """How latency was measured; empty where it was not."""
    rounds = counted(rows, "latency")
    if not rounds:
        return ""
    threads = sorted({record.threads for record in records_of(rows, "latency")})
    plural = "" if threads == [1] else "s"
    count = ", ".join(map(str, threads))
    return f"latency: median of {rounds} single inferences, {count} thread{plural}"
