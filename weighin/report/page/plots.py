"""Curves → plots of the page: which rows stand in them, how they look, which are on a front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weighin.core import Metric, Results, WeighinError
from weighin.report import units
from weighin.report.curve import FRONTS, Curve, curves, front
from weighin.report.figure import caption, styles
from weighin.report.primary import Primary
from weighin.report.rows import Row

_SHAPES = {  # Matplotlib's markers → Plotly's names for them
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
}
_ALONG = ("smaller", "gzip_bytes", "speedup", "latency")
_UP = [(x, y) for x in ("smaller", "gzip_bytes") for y in ("speedup", "latency")]


def plots(
    results: Results,
    sections: Mapping[tuple[str, str], Mapping[str, Any]],
    first: int,
    rows: Mapping[tuple[str, str], Sequence[Row]] | None = None,
) -> list[dict[str, Any]]:
    """A plot for each model, data set and runtime on which more than controls were weighed.

    Args:
        results: of one file.
        sections: its tables by model and data set, in the page's order.
        first: the number of the first of them among the page's sections.
        rows: those of its tables, likewise, where they are made already.
    """
    try:
        drawable = curves(results, rows)
    except WeighinError:  # controls only
        return []
    numbers = {key: first + number for number, key in enumerate(sections)}
    return [
        _plot(
            curve,
            results,
            numbers[curve.model, curve.dataset],
            sections[curve.model, curve.dataset],
        )
        for curve in drawable
    ]


def _plot(
    curve: Curve, results: Results, number: int, section: Mapping[str, Any]
) -> dict[str, Any]:
    at = {
        row["variant"]: place
        for place, row in enumerate(section["rows"])
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
        "section": number,
        "place": curve.place,
        "quality": _axis(curve.primary),
        "baseline": at.get("baseline"),
        "families": list(families.values()),
        "fronts": {
            f"{x} {y}": [
                at[row.variant] for row in _on_front(curve.rows, *map(results.metric, (x, y)))
            ]
            for x, y in [*((x, curve.primary.name) for x in _ALONG), *_UP]
        },
        "caption": caption(curve).splitlines(),
    }


def _axis(quality: Primary) -> dict[str, Any]:
    """The figure that stands against size and speed, and how its axis is written."""
    factor, unit = units.axis(quality.figure)
    lower = " (lower is better)" if quality.is_lower_better else ""
    return {
        "metric": quality.name,
        "title": f"{quality.figure.title} on the test set{lower}",
        "suffix": f" {unit}".rstrip(),
        "factor": factor,
    }


def _on_front(rows: Sequence[Row], x: Metric, y: Metric) -> list[Row]:
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


def _rank(row: Row, metric: Metric) -> float | None:
    """A row's mean by a metric, negative where lower is better."""
    if row.variant == "baseline" and metric.name in FRONTS:
        return 1.0
    value = row.mean(metric.name)
    return -value if value is not None and metric.better == "lower" else value
