"""What becomes of gates on a few records."""

from __future__ import annotations

from helpers.support import record, results_of

from weighin.core import Record
from weighin.report.gates import judge, parse


def figure(value: float | None, *ends: float, **changes: object) -> Record:
    """A record of int8's top-1."""
    return record("top1", value, *ends, **{"variant": "int8"} | changes)


def verdicts(text: str, *records: Record) -> list[str]:
    """What becomes of a gate on records."""
    return [outcome.verdict for outcome in judge([parse(text)], results_of({}, records))]


def kept(text: str, *records: Record, strict: bool = False) -> bool:
    """Whether a gate lets records through."""
    return all(outcome.passes(strict) for outcome in judge([parse(text)], results_of({}, records)))
