"""What a model file holds, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tabulate import tabulate

from weighin.core import WeighinError
from weighin.formats.graph import Graph, Operator
from weighin.formats.keras import KerasFile, read_keras
from weighin.formats.tflite import read_tflite
from weighin.report import units
from weighin.report.layout import one_line
from weighin.subprocesses import SubprocessError, run_module

PATIENCE = 120  # seconds that reading one file may take
_READ = (".tflite", ".keras", ".h5", ".hdf5")


def inspect(path: Path) -> dict[str, Any]:
    """Totals and layers of a .tflite, .keras or .h5 file.

    Raises:
        WeighinError: if it is none of these, or damaged.
    """
    if path.suffix not in _READ:
        raise WeighinError(f"{path} is none of the files that are read here: {', '.join(_READ)}.")
    if path.suffix == ".tflite":
        return _graph(read_tflite(path), path.stat().st_size)
    return _keras(read_keras(path))


def inspect_in_subprocess(path: Path) -> dict[str, Any]:
    """`inspect` in a process of its own: a damaged .h5 can crash or hang the HDF5 library.

    Raises:
        WeighinError: as `inspect`, and if that process crashes or does not end.
    """
    try:
        printed = run_module("weighin.report.inspection", str(path.resolve()), seconds=PATIENCE)
    except SubprocessError as error:
        if error.of_itself:
            raise WeighinError(str(error)) from None
        raise WeighinError(f"{path} is damaged: reading it {error}.") from None
    facts: dict[str, Any] = json.loads(printed)
    return facts


def render(facts: dict[str, Any], as_json: bool) -> str:
    """The facts that `inspect` gives, for people or for programs."""
    if as_json:
        return json.dumps(facts, indent=1)
    totals = [[key.replace("_", " "), _shown(key, value)] for key, value in facts.items()]
    layers = [
        {key.replace("_", " "): _shown(key, value) for key, value in layer.items()}
        for layer in facts["layers"]
    ]
    return "\n\n".join(
        [
            tabulate(
                [row for row in totals if row[0] != "layers"],
                tablefmt="plain",
                disable_numparse=True,
            ),
            tabulate(layers, headers="keys", tablefmt="simple", disable_numparse=True),
        ]
    )


def _graph(graph: Graph, size: int) -> dict[str, Any]:
    return {
        "format": "tflite",
        "bytes": size,
        "parameters": graph.parameters,
        "nonzero_parameters": graph.nonzero_parameters,
        "macs": graph.macs,
        "effective_macs": graph.effective_macs,
        "inputs": [_tensor(graph, number) for number in graph.inputs],
        "outputs": [_tensor(graph, number) for number in graph.outputs],
        "layers": [_operator(graph, operator) for operator in graph.operators],
    }


def _tensor(graph: Graph, number: int) -> str:
    tensor = graph.tensors[number]
    return f"{tensor.dtype} {'×'.join(map(str, tensor.shape))}"


def _operator(graph: Graph, operator: Operator) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "operator": operator.name,
        "output": ", ".join(_tensor(graph, number) for number in operator.outputs),
    }
    weights = operator.weights
    if weights is None:
        return facts
    return facts | {
        "weights": weights.dtype,
        "shape": "×".join(map(str, weights.shape)),
        "zeros": 1 - weights.nonzero / weights.size if weights.size else 0.0,
        "unique": weights.unique,
        "scales": weights.scales,
        "sparse": weights.sparse,
        "macs": operator.macs,
    }


def _keras(file: KerasFile) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "format": "keras",
        "bytes": file.bytes,
        "optimizer_bytes": file.optimizer_bytes,
        "bytes_without_optimizer": file.bytes - file.optimizer_bytes,
        "parameters": file.parameters,
        "nonzero_parameters": file.nonzero_parameters,
        "kinds_of_layers": [f"{name}: {kind}" for name, kind in file.layers],
    }
    if file.wrapped:
        facts["still_wrapped_for_training"] = file.wrapped
    if file.lambdas:
        facts["layers_that_hold_code"] = file.lambdas
    facts["layers"] = [
        {
            "weights": weight.name,
            "dtype": str(weight.values.dtype),
            "shape": "×".join(map(str, weight.values.shape)),
            "zeros": weight.zeros / weight.values.size if weight.values.size else 0.0,
            "unique": weight.unique,
        }
        for weight in file.weights
    ]
    return facts


def _shown(key: str, value: Any) -> str:
    if isinstance(value, list):
        return one_line(", ".join(map(str, value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key == "zeros":
        return units.percent(value)
    if "bytes" in key:
        return f"{value:,} B"
    return f"{value:,}" if isinstance(value, int) else one_line(str(value))


if __name__ == "__main__":
    try:
        sys.stdout.write(json.dumps(inspect(Path(sys.argv[1]))))
    except WeighinError as error:
        sys.exit(str(error))
