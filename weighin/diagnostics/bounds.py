"""Between which numbers a quantized tensor lies at most, by what makes it.

A converter writes the scale of a range that it saw. Where it had to write another one, the range
that was seen is lost, but not what makes the tensor: an operator and the ranges of its inputs.
"""

from __future__ import annotations

import numpy as np

from weighin.formats.graph import Graph, Operator, Tensor

Bounds = tuple[float, float]  # the least and the greatest number

LIMITS = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767)}
_CHANNELS = {"CONV_2D": 0, "FULLY_CONNECTED": 0, "DEPTHWISE_CONV_2D": 3}  # a kernel's outputs


def stored(tensor: Tensor) -> Bounds | None:
    """What a tensor's integers can stand for; None if it has no scale, or several."""
    if tensor.dtype not in LIMITS or tensor.scales != 1 or not 0 < tensor.scale < np.inf:
        return None
    low, high = LIMITS[tensor.dtype]
    return tensor.scale * (low - tensor.zero_point), tensor.scale * (high - tensor.zero_point)


def made(graph: Graph, operator: Operator) -> Bounds | None:
    """What an operator can make of all that its inputs can be; None if that is not known.

    An activation function that is part of the operator is left out: it makes less of it.
    """
    inputs = [graph.tensors[number] for number in operator.inputs if number != -1]
    try:
        return _made(operator, inputs)
    except ValueError:  # as many scales as there are channels, or one, is not what the file has
        return None


def _made(operator: Operator, inputs: list[Tensor]) -> Bounds | None:
    if operator.name in _CHANNELS:
        return _product(inputs, _CHANNELS[operator.name])
    if operator.name not in ("ADD", "MUL") or len(inputs) != 2:
        return None
    one, other = map(_given, inputs)
    if one is None or other is None:
        return None
    if operator.name == "ADD":
        return one[0] + other[0], one[1] + other[1]
    corners = [left * right for left in one for right in other]
    return min(corners), max(corners)


def steps(tensor: Tensor, bounds: Bounds) -> int:
    """How many of a tensor's integers numbers within bounds are stored as."""
    held = stored(tensor)
    if held is None:
        return 0
    low, high = (min(max(bound, held[0]), held[1]) / tensor.scale for bound in bounds)
    return round(high) - round(low) + 1


def _given(tensor: Tensor) -> Bounds | None:
    """What a tensor is at most, a constant by its values."""
    if not tensor.is_constant or not tensor.size:
        return stored(tensor)
    values = tensor.real()
    return float(values.min()), float(values.max())


def _product(inputs: list[Tensor], channels: int) -> Bounds | None:
    """Of sums of products with constants: the worst that each output channel can come to."""
    if len(inputs) < 2 or not all(tensor.is_constant and tensor.size for tensor in inputs[1:]):
        return None
    data, kernel = _given(inputs[0]), inputs[1]
    if data is None or kernel.dtype != "INT8" or len(kernel.shape) <= channels:
        return None
    low, high = min(data[0], 0.0), max(data[1], 0.0)  # zeros where a kernel reaches over the edge
    weights = np.moveaxis(kernel.real(), channels, 0).reshape(kernel.shape[channels], -1)
    positive, negative = weights.clip(min=0).sum(axis=1), weights.clip(max=0).sum(axis=1)
    bias = inputs[2].real().reshape(-1) if len(inputs) > 2 else np.zeros(1)
    if len(bias) not in (1, len(weights)):
        return None
    least = positive * low + negative * high + bias
    greatest = positive * high + negative * low + bias
    return float(least.min()), float(greatest.max())
