"""Layers as bare figures for other programs: flat rows, and node data of Model Explorer."""

from __future__ import annotations

import json
from typing import Any

from weighin.layers.row import Layer, Layers

# Up to so many dB an operator's node has this colour: a tenth of the signal is lost up to 10, a
# thousandth up to 30; what loses less is green. Not Model Explorer's gradient, which runs from the
# least to the greatest value, so that the worst layer of a good file would be red, too.
_THRESHOLDS = ((10, "#d55e00"), (20, "#e69f00"), (30, "#f0e442"), (1000, "#009e73"))


def node_data(layers: Layers) -> str:
    """Node data for Model Explorer: what each operator loses of itself, as SQNR in dB.

    By the names of the tensors that operators make, of the file that was looked at; without a
    graph's name, so that it is taken for whichever graph is shown.
    """
    results = {
        layer.name: {"value": round(layer.own.sqnr, 2)}
        if layer.own.sqnr is not None
        else {"value": "exact", "bgColor": _THRESHOLDS[-1][1]}
        for layer in layers.layers
        if layer.name and layer.own is not None
        if layer.own.sqnr is not None or layer.own.noise == 0
    }
    thresholds = [{"value": value, "bgColor": colour} for value, colour in _THRESHOLDS]
    told = {"name": f"{layers.file}: own SQNR, dB", "results": results, "thresholds": thresholds}
    return json.dumps(told, indent=1)


def flat(layer: Layer) -> dict[str, Any]:
    """A layer as a row of bare numbers, by names that say their units."""
    row: dict[str, Any] = {
        "place": layer.place,
        "name": layer.name,
        "operator": layer.kind,
        "stored": layer.stored,
        "twin": layer.twin,
        "matched": layer.matched,
        "unmatched": layer.unmatched,
    }
    for name, near in (("weights", layer.weights), ("own", layer.own), ("output", layer.output)):
        row |= {
            f"{name}_sqnr_db": None if near is None else near.sqnr,
            f"{name}_cosine": None if near is None else near.cosine,
            f"{name}_noise": None if near is None else near.noise,
        }
    row |= {
        "clipped": None if layer.clipping is None else layer.clipping.clipped,
        "unused": None if layer.clipping is None else layer.clipping.unused,
        "zeros": layer.zeros,
        "unique": layer.unique,
        "bytes": layer.bytes,
        "macs": layer.macs,
        "delegated": layer.delegated,
        "left_out": layer.left_out,
        "block": " ".join(map(str, layer.block)),
    }
    for name, interval in (
        ("seconds", layer.seconds),
        ("share", layer.share),
        ("left_float", layer.sensitivity.left_float),
        ("quantized", layer.sensitivity.quantized),
    ):
        row |= {
            name: None if interval is None else interval.value,
            f"{name}_low": None if interval is None else interval.low,
            f"{name}_high": None if interval is None else interval.high,
        }
    return row
