"""A figure of what layers lose, and what they take, along the depth of a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weighin.files import replacing
from weighin.layers.row import Layer, Layers, Near
from weighin.report.figure import SETTINGS, check_ending

__all__ = ["check_ending", "draw"]

_OWN, _OUTPUT, _TIME = "#d55e00", "#0072b2", "#009e73"  # Okabe and Ito 2008


def draw(layers: Layers, path: Path) -> None:
    """Draw SQNR of each operator, its own and of all before it, above its share of the time.

    Raises:
        WeighinError: if the file's ending is none that figures have, or it cannot be written.
    """
    check_ending(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context():
        mpl.rcdefaults()  # so that the user's own settings do not show
        mpl.rcParams.update(SETTINGS)
        timed = any(layer.share is not None for layer in layers.layers)
        width = min(40.0, max(7.0, 0.32 * len(layers.layers)))
        figure = Figure(figsize=(width, 6.5 if timed else 4.5), layout="constrained")
        panels = figure.subplots(2 if timed else 1, 1, sharex=True, squeeze=False)[:, 0]
        _draw_errors(layers, panels[0])
        if timed:
            _draw_times(layers, panels[1])
        panels[-1].set_xticks([layer.place for layer in layers.layers])
        panels[-1].set_xticklabels(
            [_short(layer) for layer in layers.layers], rotation=90, fontsize=7
        )
        figure.suptitle(f"{layers.file} against {layers.against}", fontweight="bold")
        with replacing(path) as partial:
            kind = path.suffix.lower().removeprefix(".")
            undated = {"Date": None} if kind == "svg" else {"Software": None}
            figure.savefig(partial, format=kind, dpi=150, metadata=undated)


def _draw_errors(layers: Layers, axes: Any) -> None:
    own = [(layer.place, layer.own) for layer in layers.layers]
    output = [(layer.place, layer.output) for layer in layers.layers]
    axes.plot(*_points(own), color=_OWN, marker="s", linestyle="", label="own: on the same inputs")
    axes.plot(*_points(output), color=_OUTPUT, marker="o", markersize=4, label="with all before it")
    axes.set_ylabel("SQNR in dB: higher is better")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)


def _draw_times(layers: Layers, axes: Any) -> None:
    shared = [layer for layer in layers.layers if layer.share is not None]
    shares = [layer.share for layer in shared if layer.share is not None]
    heights = [
        100 * share.value / max(1, len(layer.block))
        for layer, share in zip(shared, shares, strict=True)
    ]
    axes.bar([layer.place for layer in shared], heights, color=_TIME, width=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel("share of the time, %")


def _points(entries: Sequence[tuple[int, Near | None]]) -> tuple[list[int], list[float]]:
    known = [(place, near.sqnr) for place, near in entries if near and near.sqnr is not None]
    return [place for place, _ in known], [sqnr for _, sqnr in known]


def _short(layer: Layer) -> str:
    """A layer's place and the end of its name, which tells most."""
    return f"{layer.place} {layer.label.split('/')[-1][-24:]}"
