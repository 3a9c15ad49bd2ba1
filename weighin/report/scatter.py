"""One metric against another, a point for each row, with its interval on both sides."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from weighin.core import Metric, Results, WeighinError, nearest
from weighin.report import units
from weighin.report.rows import Row, Spread, over_seeds, rows_of_models

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import BboxBase

# Where a label may stand, in points from its own: beside it, then further and further above, below
_STEPS = (0, 1, -1, 2, -2, 3, -3, 4, -4)
_BESIDE, _LINE = 5, 10
Side = Literal["left", "right"]  # of the label, that is at its point
_SIDES: tuple[Side, ...] = ("left", "right")


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

    rows = rows_of_models(results)
    across_of, up_of = results.metric(x), results.metric(y)
    points = [(row, _spread(row, across_of), _spread(row, up_of)) for row in rows]
    whole = [(row, across, up) for row, across, up in points if across and up]
    if not whole:
        raise WeighinError(_nothing(rows, x, y))
    shown = _shown([row for row, *_ in whole], (across_of, up_of))
    drawn = [(row, across, up) for row, across, up in whole if row in shown]
    across_unit = units.scale(across_of, max(abs(across.mean) for _, across, _ in drawn))
    up_unit = units.scale(up_of, max(abs(up.mean) for *_, up in drawn))
    models = dict.fromkeys(_model(row) for row in shown)
    figure = Shown(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.add_subplot()
    labels = []
    for row, across, up in drawn:
        (at_x, x_bars), (at_y, y_bars) = _placed(across, across_unit[0]), _placed(up, up_unit[0])
        axes.errorbar(at_x, at_y, xerr=x_bars, yerr=y_bars, fmt="o", capsize=2, ms=5)
        label = axes.annotate(
            _label(row) if len(models) == 1 else f"{_model(row)}: {_label(row)}",
            (at_x, at_y),
            xytext=(_BESIDE, _BESIDE),
            textcoords="offset points",
            fontsize=8,
            parse_math=False,  # a file's name may hold anything
        )
        labels.append(label)
    if len(models) == 1:
        axes.set_title(next(iter(models)), fontsize=10, parse_math=False)
    axes.set_xlabel(_title(across_of, across_unit[1]), parse_math=False)
    axes.set_ylabel(_title(up_of, up_unit[1]), parse_math=False)
    axes.margins(0.15)
    axes.grid(alpha=0.3)
    _spread_out(labels, axes, figure)
    return figure


def _shown(rows: Sequence[Row], metrics: Sequence[Metric]) -> list[Row]:
    """The rows that are drawn: those whose figures are not the same of every runtime.

    Where neither metric depends on the machine, those of the main runtime; where one is a file's
    size, those of the main file format.
    """
    main = next((row for row in rows if row.is_main), rows[0])
    if not any(metric.machine_bound for metric in metrics):
        return [row for row in rows if row.place == main.place and row.format == main.format]
    if any(metric.kind == "bytes" and not metric.machine_bound for metric in metrics):
        return [row for row in rows if row.format == main.format]
    return list(rows)


def _spread_out(labels: Sequence[Annotation], axes: Axes, figure: Figure) -> None:
    """Move labels to where they lie within the axes, and on no other label if there is room."""
    figure.draw_without_rendering()
    frame = axes.get_window_extent()
    taken: list[BboxBase] = []
    places = [(side, _BESIDE + step * _LINE) for step in _STEPS for side in _SIDES]
    for label in labels:
        tried = []
        for number, (side, up) in enumerate(places):
            _place(label, side, up)
            box = label.get_window_extent()
            outside = not (frame.x0 <= box.x0 and box.x1 <= frame.x1)
            outside |= not (frame.y0 <= box.y0 and box.y1 <= frame.y1)
            tried.append((outside, box.count_overlaps(taken), number))
            if tried[-1][:2] == (False, 0):
                break
        _place(label, *places[min(tried)[-1]])
        taken.append(label.get_window_extent())


def _place(label: Annotation, side: Side, up: float) -> None:
    """Begin a label to the right of its point, or end it to the left."""
    label.set_horizontalalignment(side)
    label.set_position((_BESIDE if side == "left" else -_BESIDE, up))


def _model(row: Row) -> str:
    return f"{row.model} on {row.dataset}"


def _label(row: Row) -> str:
    return row.variant if row.is_main else f"{row.variant} ({row.place})"


def _spread(row: Row, metric: Metric) -> Spread | None:
    return over_seeds(row.records.get(metric.name, ()))


def _placed(spread: Spread, unit: float) -> tuple[float, list[list[float]]]:
    """Where a figure is drawn, and its error bars."""
    below, above = spread.bars
    return spread.mean / unit, [[below / unit], [above / unit]]


def _title(metric: Metric, unit: str) -> str:
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
