"""Finished files that answer sums of their inputs by weights that a test sets: for any data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from helpers.flatbuffer import Graph


@dataclass(frozen=True)
class Answer:
    """An output.

    Attributes:
        weights: by input, `(values of the output, values of the input)`.
        bias: `(values of the output,)`; zeros if not given.
        shape: of the output, without the batch; one row if not given.
    """

    weights: Mapping[str, Any]
    bias: Any = None
    shape: tuple[int, ...] = ()


def write_linear(
    path: Path, inputs: Mapping[str, Sequence[int]], outputs: Mapping[str, Answer]
) -> Path:
    """A .tflite file of inputs of any shapes and outputs that are sums of their values.

    Args:
        path: of the file.
        inputs: shapes by name, without the batch of one.
        outputs: by name.
    """
    made = Graph()
    given = {name: made.tensor(name, (1, *shape), "float32") for name, shape in inputs.items()}
    made.graph.inputs = list(given.values())
    made.graph.outputs = [_answered(made, name, each, given) for name, each in outputs.items()]
    path.write_bytes(made.packed())
    return path


def _answered(made: Graph, name: str, answer: Answer, given: Mapping[str, int]) -> int:
    parts = []
    for number, (source, weights) in enumerate(answer.weights.items()):
        values = np.asarray(weights, np.float32)
        kernel = made.tensor(f"{name}/weights{number}", values.shape, "float32", values)
        tensors = [given[source], kernel]
        if answer.bias is not None and not number:
            bias = np.asarray(answer.bias, np.float32)
            tensors.append(made.tensor(f"{name}/bias", bias.shape, "float32", bias))
        parts.append(made.tensor(f"{name}/part{number}", (1, len(values)), "float32"))
        made.operator("FULLY_CONNECTED", tensors, [parts[-1]], schema.FullyConnectedOptionsT())
    while len(parts) > 1:
        size = made.graph.tensors[parts[0]].shape
        total = made.tensor(f"{name}/sum{len(parts)}", size, "float32")
        made.operator("ADD", [parts.pop(), parts.pop()], [total], schema.AddOptionsT())
        parts.append(total)
    (out,) = parts
    if not answer.shape:
        made.graph.tensors[out].name = name
        return out
    shaped = made.tensor(name, (1, *answer.shape), "float32")
    options = schema.ReshapeOptionsT()
    options.newShape = [1, *answer.shape]
    size = np.array(options.newShape, np.int32)
    sizes = made.tensor(f"{name}/shape", size.shape, "int32", size)
    made.operator("RESHAPE", [out, sizes], [shaped], options)
    return shaped
