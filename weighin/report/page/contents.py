"""Records → what the page shows: every figure as `weighin table` writes it, its number beside it.

The page's scripts sort and draw by the numbers and show the words; they format nothing themselves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from weighin.core import Record, Results, WeighinError
from weighin.report import footer, versions
from weighin.report.curve import FRONTS, Curve, curves, front
from weighin.report.figure import caption, styles
from weighin.report.gates import YARDSTICKS
from weighin.report.layout import Section
from weighin.report.rows import Row, over_seeds
from weighin.report.table import COLUMNS, Column, Table, figure, tables

MISSING = ("failed", "skipped", "not measured")
_MARKED = re.compile(r"(.*?)((?: \[\d+\])*)", re.DOTALL)
_LOWER_IS_BETTER = ("file_bytes", "gzip_bytes", "latency")
_TONES = {"better": "good", "faster": "good", "worse": "bad", "slower": "bad", "same": "same"}
_SHAPES = {  # Plotly's names of Matplotlib's markers
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
}
_FRONT_PAIRS = [
    *((x, "top1") for x in ("smaller", "gzip_bytes", "speedup", "latency")),
    *((x, y) for x in ("smaller", "gzip_bytes") for y in ("speedup", "latency")),
]


def contents(runs: Sequence[tuple[str, Results]]) -> dict[str, Any]:
    """Everything that the page shows, ready for JSON.

    Args:
        runs: a name for each, and its results.
    """
    names = _short([name for name, _ in runs])
    sections: list[dict[str, Any]] = []
    plots: list[dict[str, Any]] = []
    for at, (_, results) in enumerate(runs):
        first = len(sections)
        own = tables(results)
        sections += [_section(table, results, at) for table in own]
        places = {(table.model, table.dataset): first + n for n, table in enumerate(own)}
        plots += [
            _plot(curve, places[curve.model, curve.dataset], sections) for curve in _curves(results)
        ]
    return {
        "head": _head([results for _, results in runs], sections),
        "columns": [_column(column) for column in COLUMNS],
        "sections": sections,
        "plots": plots,
        "versions": _versions([results for _, results in runs]),
        "files": [_file(name, results) for name, (_, results) in zip(names, runs, strict=True)],
    }


def _head(runs: Sequence[Results], sections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = Counter(
        next((status for status in MISSING if status in row["statuses"]), "measured")
        for section in sections
        for row in section["rows"]
    )
    dates = sorted({str(results.environment.get("date") or "") for results in runs} - {""})
    return {
        "models": list(dict.fromkeys(section["model"] for section in sections)),
        "datasets": list(dict.fromkeys(section["dataset"] for section in sections)),
        "machines": list(dict.fromkeys(filter(None, map(footer.machine, runs)))),
        "dates": list(dict.fromkeys([*dates[:1], *dates[-1:]])),
        "counts": {name: counts[name] for name in ("measured", *MISSING) if counts[name]},
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "header": column.header,
        "metric": column.metric,
        "compares": column.compares,
        "lower": column.metric in _LOWER_IS_BETTER,
    }


# -- tables ---------------------------------------------------------------------------------------


def _section(table: Table, results: Results, file: int) -> dict[str, Any]:
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
        "judged": any(_is_no_worse(row) is not None for row in ranked),
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
    value = _value(records)
    if not text:
        return {}
    if value is None:
        words, notes = _marks(text)
        status = next(status for status in MISSING if words.startswith(status))
        return {"text": words, "status": status, "notes": notes}
    mean, ends, verdict = figure(column, records)
    spread = over_seeds(records)
    cell = {"text": mean, "ends": ends, "verdict": verdict, "tone": _tone(records), "value": value}
    if spread and any(spread.bars):
        cell["bars"] = spread.bars
    return {name: part for name, part in cell.items() if part != ""}


def _value(records: Sequence[Record]) -> float | None:
    """The mean over seeds; None if one of them has no figure."""
    if any(record.value is None for record in records):
        return None
    found = over_seeds(records)
    return found.mean if found else None


def _tone(records: Sequence[Record]) -> str:
    tones = {_TONES.get(record.verdict.partition(" ")[0], "") for record in records}
    return tones.pop() if len(tones) == 1 else ""


def _marks(text: str) -> tuple[str, list[int]]:
    """A text and the numbers of the notes behind it."""
    found = _MARKED.fullmatch(text if text.startswith(" ") else f" {text}")
    words, marks = found.groups() if found else (text, "")
    return words.strip(), [int(number) for number in re.findall(r"\d+", marks)]


def _is_no_worse(row: Row) -> bool | None:
    """Whether no seed is found worse than the baseline; None if that was not measured."""
    records = row.records.get("top1_delta", ())
    if not records or any(record.value is None for record in records):
        return None
    return all(record.verdict != "worse" for record in records)


def _best(rows: Sequence[Row], metric: str) -> dict[str, Any] | None:
    """The row that is best by a ratio, above 1, among those that are not found worse."""
    (column,) = (column for column in COLUMNS if column.metric == metric)
    found: list[tuple[float, int]] = []
    for at, row in enumerate(rows):
        records = row.records.get(metric, ())
        value = _value(records)
        if row.variant in YARDSTICKS or value is None or value <= 1 or not _is_no_worse(row):
            continue
        if metric == "speedup" and any(record.verdict != "faster" for record in records):
            continue
        found.append((value, -at))
    if not found:
        return None
    value, at = max(found)  # of equals the first
    return {"row": -at, "text": column.show(value, None, None)}


# -- plots ----------------------------------------------------------------------------------------


def _curves(results: Results) -> list[Curve]:
    try:
        return curves(results)
    except WeighinError:  # yardsticks only: nothing to plot
        return []


def _plot(curve: Curve, section: int, sections: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    at = {
        row["variant"]: number
        for number, row in enumerate(sections[section]["rows"])
        if row["place"] == curve.place
    }
    looks = styles(curve.points)
    families: dict[str, dict[str, Any]] = {
        name: {
            "name": name,
            "colour": look["color"],
            "shape": _SHAPES[look["marker"]],
            "points": [],
        }
        for name, look in looks.items()
    }
    for point in curve.points:
        families[point.family]["points"].append(at[point.row.variant])
    return {
        "section": section,
        "place": curve.place,
        "baseline": at.get("baseline"),
        "families": list(families.values()),
        "fronts": {
            f"{x} {y}": [at[row.variant] for row in _on_front(curve.rows, x, y)]
            for x, y in _FRONT_PAIRS
        },
        "caption": caption(curve).splitlines(),
    }


def _on_front(rows: Sequence[Row], x: str, y: str) -> list[Row]:
    """The rows on the Pareto front of two metrics, whichever way each is better."""
    placed = [
        (row, (along, up))
        for row in rows
        if (along := _rank(row, x)) is not None and (up := _rank(row, y)) is not None
    ]
    if all(row.variant == "baseline" for row, _ in placed):
        return []
    on_front = front([point for _, point in placed])
    return [row for (row, _), is_on in zip(placed, on_front, strict=True) if is_on]


def _rank(row: Row, metric: str) -> float | None:
    """A row's mean by a metric, negative where lower is better."""
    if row.variant == "baseline" and metric in FRONTS:
        return 1.0
    value = _value(row.records.get(metric, ()))
    return -value if value is not None and metric in _LOWER_IS_BETTER else value


# -- versions -------------------------------------------------------------------------------------


def _versions(runs: Sequence[Results]) -> list[dict[str, Any]]:
    """The version matrix of each suite that was weighed on several TensorFlow versions."""
    suites: dict[str, list[Results]] = {}
    for results in runs:
        suites.setdefault(str(results.environment.get("suite") or ""), []).append(results)
    made: list[dict[str, Any]] = []
    for suite, own in suites.items():
        if len({each.environment.get("packages", {}).get("tensorflow") for each in own}) < 2:
            continue
        try:
            sections = versions.sections(versions.matrix(own))
        except WeighinError as error:  # the tables say what they can all the same
            sections = [Section("TensorFlow versions", lines=[str(error)])]
        made += [
            {
                "title": f"{each.title} ({suite})" if suite and len(suites) > 1 else each.title,
                "headers": each.headers,
                "rows": each.rows,
                "lines": each.lines,
            }
            for each in sections
        ]
    return made


# -- files ----------------------------------------------------------------------------------------


def _file(name: str, results: Results) -> dict[str, Any]:
    environment = results.environment
    plain = ("date", "suite", "profile", "commit", "seeds")
    facts = {key: str(environment[key]) for key in plain if environment.get(key)}
    facts |= {
        "machine": footer.machine(results),
        "calibration": footer.calibration(results),
        "versions": footer.packages(results),
        "weights": footer.weights(results),
    }
    for dataset, about in environment.get("datasets", {}).items():
        images = [f"{about[each]:,} {each}" for each in ("train", "test") if each in about]
        digest = [f"sha256 {about['digest']}"] if about.get("digest") else []
        facts[f"data: {dataset}"] = ", ".join([*images, *digest])
    return {
        "name": name,
        "facts": [[label, text] for label, text in facts.items() if text],
        "records": len(results.records),
    }


def _short(names: Sequence[str]) -> list[str]:
    """Names without the folders that all share; the file's own name always stays."""
    parts = [PurePath(name).parts for name in names]
    shared = 0
    while all(len(own) > shared + 1 and own[shared] == parts[0][shared] for own in parts):
        shared += 1
    return ["/".join(own[shared:]) for own in parts]
