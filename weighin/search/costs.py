"""Which layers of a file cost most, by names that `except=` takes."""

from __future__ import annotations

from pathlib import Path

from weighin.datasets.bringing import Brought
from weighin.formats.layer_names import layer_of
from weighin.formats.tflite import read_tflite
from weighin.layers import process
from weighin.layers.analysing import Wanted
from weighin.layers.row import Layer

TESTED = 500  # examples of a layer's sensitivity


def layers_by_cost(path: Path, baseline: Path, validation: Brought, task: str | None) -> list[str]:
    """Names of a file's layers as `except=` takes them, those that cost the figure most first.

    Raises:
        WeighinError: if the file cannot be taken apart.
    """
    wanted = Wanted(tested=TESTED, seconds=0)
    layers = process.looked_at(
        path, baseline, validation, task, wanted, lambda what, done, total: None
    )
    graph = read_tflite(baseline)
    by_output = {
        graph.tensors[number].name: operator
        for operator in graph.operators
        for number in operator.outputs
        if number >= 0
    }
    sign = 1 if layers.better == "higher" else -1

    def cost(layer: Layer) -> tuple[float, float]:
        gained = layer.sensitivity.left_float
        noise = (layer.own.noise or 0.0) if layer.own else 0.0
        return sign * gained.value if gained else 0.0, noise

    names: dict[str, None] = {}
    for layer in sorted(layers.layers, key=cost, reverse=True):
        operator = by_output.get(layer.twin)
        if operator is not None and operator.kernels and (name := layer_of(graph, operator)):
            names[name] = None
    return list(names)
