"""One metric against another, a point for each row, with its interval on both sides."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighin.core import Metric, Results, WeighinError, nearest
from weighin.report.rows import Row, by_model, over_seeds, rows_of_seeds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FACTORS = {"share": 100.0, "points": 100.0, "bytes": 1e-3, "seconds": 1e3}
_UNITS = {"share": "%", "points": "points", "bytes": "kB", "seconds": "ms"}


def draw(results: Results, x: str, y: str) -> Figure:
    """A Matplotlib figure.

    Args:
        results: of a run.
        x: a metric's name; sizes and times are drawn from left, small, to right.
        y: another's.

    Raises:
        WeighinError: if no row has figures of both; the nearest name is suggested.
    """
    from matplotlib.figure import Figure

    class Shown(Figure):
        """Shows itself in a notebook, whatever is set there."""

        def _repr_png_(self) -> bytes:
            content = io.BytesIO()
            self.savefig(content, format="png", dpi=100)
            return content.getvalue()

    rows = _rows(results)
    across_of, up_of = results.metric(x), results.metric(y)
    points = [(row, _placed(row, across_of), _placed(row, up_of)) for row in rows]
    drawn = [(row, across, up) for row, across, up in points if across and up]
    if not drawn:
        raise WeighinError(_nothing(rows, x, y))
    models = dict.fromkeys(_model(row) for row, *_ in drawn)
    figure = Shown(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.add_subplot()
    for row, (across, x_bars), (up, y_bars) in drawn:
        axes.errorbar(across, up, xerr=x_bars, yerr=y_bars, fmt="o", capsize=2, ms=5)
        axes.annotate(
            _label(row) if len(models) == 1 else f"{_model(row)}: {_label(row)}",
            (across, up),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=8,
            parse_math=False,  # a file's name may hold anything
        )
    if len(models) == 1:
        axes.set_title(next(iter(models)), fontsize=10, parse_math=False)
    axes.set_xlabel(_title(across_of), parse_math=False)
    axes.set_ylabel(_title(up_of), parse_math=False)
    axes.margins(0.15)
    axes.grid(alpha=0.3)
    return figure


def _rows(results: Results) -> list[Row]:
    return [
        row
        for records in by_model(results.records).values()
        for row in rows_of_seeds(records, results.metrics)
    ]


def _model(row: Row) -> str:
    return f"{row.model} on {row.dataset}"


def _label(row: Row) -> str:
    return row.variant if row.is_main else f"{row.variant} ({row.place})"


def _placed(row: Row, metric: Metric) -> tuple[float, list[list[float]]] | None:
    """Where a row's figure is drawn, and its error bars; None if it has none."""
    spread = over_seeds(row.records.get(metric.name, ()))
    if spread is None:
        return None
    factor = _FACTORS.get(metric.kind, 1.0)
    below, above = spread.bars
    return spread.mean * factor, [[below * factor], [above * factor]]


def _title(metric: Metric) -> str:
    unit = _UNITS.get(metric.kind, metric.unit)
    return f"{metric.title} ({unit})" if unit else metric.title


def _nothing(rows: Sequence[Row], x: str, y: str) -> str:
    there = sorted(
        {
            name
            for row in rows
            for name, records in row.records.items()
            if over_seeds(records) is not None
        }
    )
    for name in (x, y):
        if name not in there:
            near = nearest(name, there)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(there) or 'none'}"
            return f"No row has a figure {name!r}: {hint}"
    return f"No row has figures of both {x!r} and {y!r}."
