"""Curves → a figure of how good answers are against compression and speed-up, SVG or PNG."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from weighin.core import WeighinError
from weighin.files import replacing
from weighin.report import units
from weighin.report.curve import Curve, Point, coordinates
from weighin.report.footer.shared import counted
from weighin.report.primary import Primary
from weighin.report.rows import Row, Spread, over_seeds

ENDINGS = (".svg", ".png")
# Colours that the colour-blind can tell apart: Okabe and Ito 2008, "Color Universal Design"; black
# is the baseline's. Markers differ too, for print without colour.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_PANELS = {
    "smaller": "compression: × smaller after gzip -9",
    "speedup": "speed-up: × faster than the baseline",
}
# Ticks between two powers of 2, by the ratio of an axis's ends below which they are drawn.
_BETWEEN = {2.5: (1.25, 1.5, 1.75), 12.0: (1.5,), math.inf: ()}
SETTINGS: Any = {
    "svg.hashsalt": "weighin",  # the same records give the same bytes
    "text.parse_math": False,  # a name from a file may hold anything
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
}


def check_ending(path: Path) -> None:
    """Refuse a file that figures cannot be written to.

    Raises:
        WeighinError: if the file's ending is none of `ENDINGS`.
    """
    if path.suffix.lower() not in ENDINGS:
        raise WeighinError(
            f"{path}: figures are drawn as {' or '.join(ENDINGS)}; the file's ending says which."
        )


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Draw curves one below the other, each in two panels side by side.

    Raises:
        WeighinError: if the file's ending is none of `ENDINGS`, or it cannot be written.
    """
    check_ending(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()  # so that the user's own settings do not show
        mpl.rcParams.update(SETTINGS)
        figure = Figure(figsize=(9.5, 4.6 * len(curves)), layout="constrained")
        parts = figure.subfigures(len(curves), squeeze=False, hspace=0.04)[:, 0]
        for curve, part in zip(curves, parts, strict=True):
            _draw_curve(curve, part)
        with replacing(path) as partial:
            kind = path.suffix.lower().removeprefix(".")
            undated = {"Date": None} if kind == "svg" else {"Software": None}
            figure.savefig(partial, format=kind, dpi=150, metadata=undated)


def _draw_curve(curve: Curve, part: Any) -> None:
    left, right = part.subplots(1, 2, sharey=True)
    looks = styles(curve.points)
    for axes, metric in ((left, "smaller"), (right, "speedup")):
        _draw_panel(curve, axes, metric, looks)
    left.set_ylabel(curve.primary.axis)
    part.suptitle(f"{curve.model} on {curve.dataset}, {curve.place}", fontweight="bold")
    handles = {text: line for line, text in zip(*left.get_legend_handles_labels(), strict=True)}
    place = {"loc": "outside lower center", "ncols": 4, "alignment": "left"}
    # the caption is the legend's title, so that the layout keeps room for both
    part.legend(handles.values(), handles.keys(), title=caption(curve), title_fontsize=8, **place)


def _draw_panel(
    curve: Curve, axes: Any, metric: str, looks: Mapping[str, Mapping[str, Any]]
) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log", base=2)
    axes.set_xlabel(_PANELS[metric])
    _draw_baseline(curve, axes)
    xs = [1.0]
    for family, points in itertools.groupby(curve.points, key=lambda point: point.family):
        rows = [point.row for point in points]
        placed = [row for row in rows if coordinates(row, metric) is not None]
        xs += _draw_family(family, placed, axes, metric, looks[family])
    if len(xs) == 1:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", va="center")
    _draw_front(curve, axes, metric)
    low, high = min(xs), max(*xs, 2.0)
    axes.set_xlim(low / 1.15, high * 1.15)
    between = [steps for widest, steps in _BETWEEN.items() if high / low < widest]
    axes.xaxis.set_major_locator(LogLocator(base=2, subs=(1.0, *between[0])))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}×"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_baseline(curve: Curve, axes: Any) -> None:
    baseline, factor = curve.baseline, _factor(curve.primary)
    spread = over_seeds(baseline.records.get(curve.primary.name, ())) if baseline else None
    if spread is None:
        return
    across = {"color": "black", "linestyle": "--", "linewidth": 1.2, "label": "baseline"}
    axes.axhline(spread.mean * factor, **across)
    if spread.low is not None and spread.high is not None:
        ends = (spread.low * factor, spread.high * factor)
        axes.axhspan(*ends, color="black", alpha=0.07, linewidth=0)


def _draw_family(
    family: str, rows: Sequence[Row], axes: Any, metric: str, style: Mapping[str, Any]
) -> list[float]:
    """Draw a family's points with their error bars, and return their places on the x axis."""
    xs = [over_seeds(row.records[metric]) for row in rows]
    ys = [over_seeds(row.records[row.primary.name]) for row in rows]
    factor = _factor(rows[0].primary) if rows else 1
    x, y = [spread for spread in xs if spread], [spread for spread in ys if spread]
    if x:
        axes.errorbar(
            [spread.mean for spread in x],
            [spread.mean * factor for spread in y],
            xerr=_bars(x),
            yerr=_bars(y, factor),
            label=family,
            linewidth=1.3,
            elinewidth=0.8,
            capsize=2,
            markersize=5.5,
            **style,
        )
    return [spread.mean for spread in x]


def _factor(primary: Primary) -> int:
    return units.axis(primary.figure)[0]


def _bars(spreads: Sequence[Spread], factor: float = 1) -> list[list[float]]:
    return [[spread.bars[side] * factor for spread in spreads] for side in (0, 1)]


def _draw_front(curve: Curve, axes: Any, metric: str) -> None:
    rows = [row for row in curve.rows if row.variant in curve.fronts[metric]]
    corners = sorted(at for row in rows if (at := coordinates(row, metric)) is not None)
    factor = _factor(curve.primary)
    x, y = [x for x, _ in corners], [y * factor for _, y in corners]
    # in steps: between two points the one farther along is the best that was measured
    wide = {"color": "#bbbbbb", "linewidth": 5, "alpha": 0.6, "zorder": 1}
    axes.step(x, y, where="pre", label="Pareto front", solid_capstyle="round", **wide)


def styles(points: Iterable[Point]) -> dict[str, dict[str, Any]]:
    """Colour and marker of each family, different in both from its neighbours'."""
    names = dict.fromkeys(point.family for point in points)
    return {
        family: {"color": colour, "marker": marker}
        for family, colour, marker in zip(
            names, itertools.cycle(_COLOURS), itertools.cycle(_MARKERS), strict=False
        )
    }


def caption(curve: Curve) -> str:
    """What points, bars, dashes and the grey line of a curve's figure are."""
    name = curve.primary.name
    seeds = max((len(row.records.get(name, ())) for row in curve.rows), default=0)
    count = counted(curve.rows, name) or "no"
    if seeds > 1:
        bars = f"Points: mean of {seeds} seeds, bars: ±1 standard deviation over them"
    else:
        bars = "Points: one seed; bars: 95 % intervals"
    return (
        f"{bars}; {count} test {curve.examples}.\n"
        f"Dashed: the dense baseline with its 95 % interval. Grey: Pareto front."
    )
