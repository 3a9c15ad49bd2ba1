"""What becomes of gates on a few records."""

from __future__ import annotations

from collections.abc import Callable

from helpers.support import record, results_of

from weighin.core import Record, WeighinError
from weighin.report.gates import MODES, Judged, Outcome, judge, parse


def figure(value: float | None, *ends: float, **changes: object) -> Record:
    """A record of int8's top-1."""
    return record("top1", value, *ends, **{"variant": "int8"} | changes)


def exact(value: float | None, **changes: object) -> Record:
    """A record of how many bytes int8's file has, of which there is no doubt."""
    return record("file_bytes", value, **{"variant": "int8"} | changes)


def judged(text: str, *records: Record, mode: str = "breached") -> Judged:
    """What becomes of a gate on records."""
    return judge([parse(text)], results_of({}, records), MODES[mode])


def only(text: str, *records: Record) -> Outcome:
    """The one outcome of a gate."""
    (outcome,) = judged(text, *records).outcomes
    return outcome


def refusal(act: Callable[[], object]) -> str:
    """Why something is refused; empty if it is not."""
    try:
        act()
    except WeighinError as error:
        return str(error)
    return ""


def verdicts(text: str, *records: Record) -> list[str]:
    """The verdicts of a gate on records."""
    return [outcome.verdict for outcome in judged(text, *records).outcomes]


def kept(text: str, *records: Record, mode: str = "breached") -> bool:
    """Whether a gate lets records through."""
    return judged(text, *records, mode=mode).kept
