"""Which layers of a file cost most, by names that `except=` takes."""

from __future__ import annotations

from pathlib import Path

from weighin.datasets.bringing import Brought
from weighin.formats.layer_names import layer_of
from weighin.formats.tflite import read_tflite
from weighin.layers import process
from weighin.layers.analysing import Wanted, silent
from weighin.layers.harm import ordered
from weighin.layers.limits import INTERRUPTED

TESTED = 500  # examples of a layer's sensitivity
MINUTES = 2.0  # that asking for these may take


def layers_by_cost(path: Path, baseline: Path, validation: Brought, task: str | None) -> list[str]:
    """Names of a file's layers as `except=` takes them, the most harmful first.

    Args:
        path: the file.
        baseline: its float model.
        validation: data; the test part is not looked at.
        task: what is asked, by name.

    Raises:
        WeighinError: if the file cannot be taken apart.
        KeyboardInterrupt: if it is interrupted: half of an order is none.
    """
    wanted = Wanted(tested=TESTED, seconds=0.0, minutes=MINUTES)
    layers = process.looked_at(path, baseline, validation, task, wanted, silent)
    if layers.stopped == INTERRUPTED:
        raise KeyboardInterrupt
    graph = read_tflite(baseline)
    by_output = {
        graph.tensors[number].name: operator
        for operator in graph.operators
        for number in operator.outputs
        if number >= 0
    }
    names: dict[str, None] = {}
    for harm in ordered(layers):
        operator = by_output.get(harm.layer.twin)
        if operator is not None and operator.kernels and (name := layer_of(graph, operator)):
            names[name] = None
    return list(names)
