"""Biases of a few bits: of small files they are a good part, and gzip packs whole ones badly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.formats.graph import Graph

WHOLE = 0  # bits: as they are
PLACES = {  # which input of an operator is its bias
    **{"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "CONV_3D": 2},
    "TRANSPOSE_CONV": 3,
}
_STORED: dict[int, type[np.generic]] = {0: np.float32, 2: np.int32}  # type → values


def shorten(model: Any, bits: int) -> None:
    """Round all constant biases of a model, by the schema's own classes.

    Args:
        model: the file; changed in place. A buffer that something else reads, too, stays as it is.
        bits: that each bias keeps, its sign included.
    """
    from ai_edge_litert import schema_py_generated as schema

    names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
    codes = [
        names.get(max(code.builtinCode, code.deprecatedBuiltinCode)) for code in model.operatorCodes
    ]
    for graph in model.subgraphs:
        biases = {
            int(operator.inputs[place])
            for operator in graph.operators
            if (place := PLACES.get(codes[operator.opcodeIndex] or "", 9)) < len(operator.inputs)
        }
        for number in sorted(biases - {-1}):
            tensor = graph.tensors[number]
            data = model.buffers[tensor.buffer].data
            if data is None or not len(data) or tensor.type not in _STORED:
                continue
            values = np.frombuffer(bytes(data), _STORED[tensor.type])
            whole = schema.BufferT()
            whole.data = np.frombuffer(rounded(values, bits).tobytes(), np.uint8)
            tensor.buffer = len(model.buffers)
            model.buffers.append(whole)


def rounded(values: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    """Values as multiples of one power of two, the largest of them of so many bits.

    Of such a step the lower bytes are zero, of integers and of floats alike.

    Args:
        values: any shape; returned as they are if one is not finite.
        bits: of the largest, its sign included; 2 or more.
    """
    largest = float(np.abs(values.astype(np.float64)).max(initial=0.0))
    if not largest or not np.isfinite(largest):
        return values
    step = 2.0 ** (np.floor(np.log2(largest)) + 2 - bits)
    if values.dtype.kind == "i":
        step = max(step, 1.0)
    most = 2.0 ** (bits - 1) - 1
    steps = np.clip(np.round(values / step), -most, most)
    kept: npt.NDArray[Any] = (steps * step).astype(values.dtype)
    return kept


def check_bits(graph: Graph, bits: int) -> str | None:
    """Say which bias has more bits than it should have."""
    if bits == WHOLE:
        return None
    for operator in graph.operators:
        place = PLACES.get(operator.kind, len(operator.inputs))
        number = operator.inputs[place] if place < len(operator.inputs) else -1
        tensor = graph.tensors[number] if number >= 0 else None
        if tensor is None or not tensor.is_constant or tensor.dtype not in ("FLOAT32", "INT32"):
            continue
        if not np.array_equal(rounded(tensor.values, bits), tensor.values):
            return f"{tensor.label}, a bias, has more than {bits} bits"
    return None
