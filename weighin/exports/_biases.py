"""Biases of a few bits: of small files they are a good part, and gzip packs whole ones badly."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.exports._completing import kinds
from weighin.formats.graph import Graph

WHOLE, MOST = 0, 24  # bits: as they are, and as many as the digits of a float32
PLACES = {  # which input of an operator is its bias
    **{"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "CONV_3D": 2},
    "TRANSPOSE_CONV": 3,
}
LEAST = 2.0**-126  # step of floats: below it they are spaced otherwise
_NAMED = ("FLOAT32", "INT32")
_STORED: dict[int, type[np.generic]] = {0: np.float32, 2: np.int32}  # type → values


def shorten(model: Any, bits: int) -> None:
    """Round the constant biases of a model, by the schema's own classes.

    Args:
        model: the file; changed in place. A bias that something else reads, too, stays as it is.
        bits: that each bias keeps, its sign included.
    """
    from ai_edge_litert import schema_py_generated as schema

    names = kinds(schema, model)
    for graph in model.subgraphs:
        added: Counter[int] = Counter()  # how often a tensor is a bias
        read = Counter(map(int, graph.outputs))
        for operator in graph.operators:
            inputs = list(map(int, operator.inputs))
            read.update(inputs)
            added.update(inputs[_place(names[operator.opcodeIndex]) :][:1])
        for number in sorted(set(added) - {-1}):
            tensor = graph.tensors[number]
            data = model.buffers[tensor.buffer].data
            if data is None or not len(data) or tensor.type not in _STORED:
                continue
            if read[number] > added[number]:
                continue
            values = np.frombuffer(bytes(data), _STORED[tensor.type])
            buffer = schema.BufferT()  # of its own: others may read the one that it had
            buffer.data = np.frombuffer(rounded(values, bits).tobytes(), np.uint8)
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)


def rounded(values: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    """Values as multiples of one power of two, the largest of them of so many bits.

    Of such a step the lower bytes are zero, of integers and of floats alike.

    Args:
        values: any shape; returned as they are if one is not finite.
        bits: of the largest, its sign included; 2 or more.
    """
    exact = values.astype(np.float64)
    largest = float(np.abs(exact).max(initial=0.0))
    if not largest or not np.isfinite(largest):
        return values
    least = 1.0 if values.dtype.kind == "i" else LEAST
    step = max(least, 2.0 ** (np.floor(np.log2(largest)) + 2 - bits))
    most = 2.0 ** (bits - 1) - 1
    steps = np.clip(np.round(exact / step), -most, most)
    kept: npt.NDArray[Any] = (steps * step + 0.0).astype(values.dtype)  # no negative zeros
    return kept


def check_bits(graph: Graph, bits: int) -> str | None:
    """Say which bias has more bits than it should have, or that there is none."""
    if bits == WHOLE:
        return None
    numbers = [n for o in graph.operators for n in o.inputs[_place(o.kind) :][:1] if n >= 0]
    biases = [graph.tensors[n] for n in numbers if graph.tensors[n].dtype in _NAMED]
    for tensor in biases:
        if tensor.is_constant and not np.array_equal(rounded(tensor.values, bits), tensor.values):
            return f"{tensor.label}, a bias, has more than {bits} bits"
    return None if biases else "no bias was rounded: no layer of this file has one"


def _place(operator: str) -> int:
    """Which input of an operator is its bias; behind all of them if none is."""
    return PLACES.get(operator, 99)
