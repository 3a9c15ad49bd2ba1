"""Older schemas of results files → the present one, a function for each step.

Schema history:
    1  the first.
    2  `metrics` says what the figures mean; counts, openings and why measuring stopped are fields
       of their own, which schema 1 said in a record's `note`; the reasons of `why` are a list.
    3  speed-ups are medians of their blocks, with an interval from 30 of them on and another rule
       of calling one: made anew of the samples that are kept. New fields of records (`p`,
       `halves`) and of metrics (`least`, `most`, `of_control`) may be missing.
    4  rows say which device they ran on (`target`), ratios between engines what they are against
       (`beside`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from weighin import stats

SCHEMA = 4

# What the metrics of schema 1 meant, in the order of tables: name, title, noun, unit, kind, better,
# comparison, tolerance. It is history, and changes no more.
_SIZE = {"unit": "B", "kind": "bytes", "better": "lower"}
_TIME = {"unit": "s", "kind": "seconds", "better": "lower", "machine_bound": True}
_SHARE = {"kind": "share", "better": "higher"}
_COUNT = {"kind": "count", "better": "lower", "column": False}
_ASIDE = {"column": False}
METRICS_OF_1: tuple[dict[str, Any], ...] = (
    {"name": "file_bytes", "title": "file", **_SIZE, "comparison": "exact", "tolerance": 0.01},
    {"name": "gzip_bytes", "title": "gzip", **_SIZE, "comparison": "exact", "tolerance": 0.02},
    {
        **{"name": "smaller", "title": "× smaller", "kind": "ratio", "better": "higher"},
        **{"relative": True, "ratio_of": "gzip_bytes"},
    },
    {"name": "zip_bytes", "title": "zip", **_SIZE, **_ASIDE},
    {"name": "build_seconds", "title": "build", **_TIME, **_ASIDE},
    {"name": "parameters", "title": "parameters", **_COUNT},
    {"name": "nonzero_parameters", "title": "nonzero parameters", **_COUNT},
    {"name": "entropy_bytes", "title": "entropy bound", **_SIZE, **_ASIDE},
    {"name": "macs", "title": "macs", **_COUNT},
    {"name": "effective_macs", "title": "effective macs", **_COUNT},
    {"name": "depth", "title": "depth", **_COUNT, "better": ""},
    {"name": "top1", "title": "top-1", **_SHARE, "comparison": "shares", "tolerance": 0.01},
    {"name": "top5", "title": "top-5", **_SHARE, **_ASIDE},
    {"name": "agreement", "title": "agreement", **_SHARE, **_ASIDE},
    {
        **{"name": "top1_delta", "title": "Δ points", "kind": "points", "better": "higher"},
        "relative": True,
    },
    {"name": "fidelity", "title": "fidelity", **_SHARE, **_ASIDE},
    {"name": "furthest_score", "title": "furthest score", **_SHARE, "better": "lower", **_ASIDE},
    {
        **{"name": "throughput", "title": "throughput", "unit": "1/s", "kind": "rate"},
        **{"better": "higher", "machine_bound": True, **_ASIDE},
    },
    {
        **{"name": "latency", "title": "latency", **_TIME},
        **{"comparison": "intervals", "tolerance": 0.3},
    },
    {"name": "latency_p90", "title": "latency p90", **_TIME, **_ASIDE},
    {"name": "latency_p99", "title": "latency p99", **_TIME, **_ASIDE},
    {"name": "delegated", "title": "delegated", **_SHARE, **_ASIDE},
    {"name": "fixed_cost", "title": "call overhead", **_TIME, **_ASIDE},
    {
        **{"name": "speedup", "title": "× faster", "noun": "speed-up", "kind": "ratio"},
        **{"better": "higher", "machine_bound": True, "relative": True},
        **{"comparison": "intervals", "tolerance": 0.02},
    },
    {"name": "cold_start", "title": "cold start", **_TIME, **_ASIDE},
    {"name": "peak_rss", "title": "peak rss", **_SIZE, "machine_bound": True, **_ASIDE},
)
_SHARES = ("top1", "top5", "agreement", "fidelity", "delegated")
_GAINED = re.compile(r"(\d{1,18}) gained, (\d{1,18}) lost")
_OPENINGS = re.compile(r"(\d{1,18}) openings? of the file(: too few for an interval)?")
_STOPPED = re.compile(r"stopped: (within ±|time spent|\d+ blocks)?[^;]*(; not pinned to a core)?")
_STOPS = {"within ±": "narrow", "time spent": "time"}


def upgraded(content: dict[str, Any], number: int) -> dict[str, Any]:
    """A file's content of an earlier schema as the present one has it."""
    for step in range(number, SCHEMA):
        content = UPGRADES[step](content)
    return content


def _from_1(content: dict[str, Any]) -> dict[str, Any]:
    records = [_row_from_1(row) for row in content["records"]]
    return content | {"schema": 2, "metrics": list(METRICS_OF_1), "records": records}


def _row_from_1(row: Any) -> Any:
    """A record with its note's facts as fields; what is no record is left for the reader."""
    note = row.get("note") if isinstance(row, dict) else None
    metric = row.get("metric") if isinstance(row, dict) else None
    facts: dict[str, Any] = {}
    value = row.get("value") if isinstance(row, dict) else None
    if metric in _SHARES and isinstance(value, float) and 0 <= value <= 1 and row.get("n"):
        facts["count"] = round(value * row["n"])
    if not isinstance(note, str) or not note:
        return row | facts if facts else row
    if metric == "why":
        return {**_without_note(row), "reasons": note.splitlines()}
    if match := _GAINED.fullmatch(note):
        facts |= {"gained": int(match[1]), "lost": int(match[2])}
    elif match := _OPENINGS.fullmatch(note):
        facts["openings"] = _shared_out(len(row.get("samples", ())), int(match[1]))
    elif match := _STOPPED.fullmatch(note):
        facts["stopped"] = _STOPS.get(match[1] or "", "blocks")
        facts["pinned"] = match[2] is None
    else:
        return row | facts if facts else row
    return _without_note(row) | facts


def _without_note(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "note"}


def _shared_out(calls: int, openings: int) -> list[int]:
    """How many calls each opening answered: as many as every other, the last what was left."""
    if not 0 < openings <= calls:
        return []
    per_opening = -(-calls // openings)
    return [max(0, min(per_opening, calls - at * per_opening)) for at in range(openings)]


def _from_2(content: dict[str, Any]) -> dict[str, Any]:
    pairs = content.get("environment", {}).get("pairs")
    smallest = pairs.get("smallest") if isinstance(pairs, dict) else None
    if not isinstance(smallest, float | int) or not 0 < smallest < math.inf:
        smallest = stats.SMALLEST_SPEEDUP
    records = [_row_from_2(row, smallest) for row in content["records"]]
    return content | {"schema": 3, "records": records}


def _row_from_2(row: Any, smallest: float) -> Any:
    """A speed-up as it is derived now; what is none, or keeps no samples, is left as it is.

    So is one that contradicts itself, for the reader to refuse.
    """
    if not isinstance(row, dict) or row.get("metric") != "speedup" or row.get("value") is None:
        return row
    ratios = row.get("samples") or ()
    ends = [row[name] for name in ("low", "value", "high") if row.get(name) is not None]
    if not ratios or not all(map(_is_ratio, ratios)) or ends != sorted(ends):
        return row
    middle = stats.typical_ratio(ratios)
    low, high = middle.ends
    verdict = stats.speed_verdict(ratios, smallest)
    made = row | {"value": middle.value, "low": low, "high": high, "verdict": verdict}
    return {name: value for name, value in made.items() if value is not None}


def _is_ratio(value: Any) -> bool:
    return isinstance(value, float | int) and 0 < value < math.inf


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _from_1,
    2: _from_2,
    3: lambda content: content,
}
"""For each old schema number, a function that turns its content into the next number's."""
