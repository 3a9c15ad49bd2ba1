"""What an operator of an .onnx graph multiplies by, and how often; and what it is by another name.

Source: https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from weighin.formats.graph import Product
from weighin.formats.onnx.messages import OnnxGraph, OnnxNode
from weighin.formats.onnx.shapes import MATRICES, WEIGHTS, Shape
from weighin.formats.tensor import Tensor
from weighin.formats.work import Work

GATES = ("LSTM", "GRU", "RNN")
_UNCOUNTED = Work(uncounted=True)
# Operators of the standard that multiply and accumulate in ways that are not counted here
_NOT_COUNTED = {
    *(
        "Einsum",
        "Attention",
        "DeformConv",
        "DFT",
        "STFT",
        "Det",
        "MelWeightMatrix",
        "LinearAttention",
    ),
}
# Operators of ONNX Runtime that do not: what its quantization and its optimizations write
_HARMLESS = {"QuantizeLinear", "DequantizeLinear", "Gelu", "FastGelu", "BiasGelu", "QLinearAdd"}
# Which inputs are data or weights, of operators whose others are scales, bounds and the like
DATA = {
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "Clip", "Pad", "Resize", "Slice"), (0,)),
    **dict.fromkeys(("Dropout", "Reshape", "Squeeze", "Unsqueeze", "DynamicQuantizeLinear"), (0,)),
    **dict.fromkeys(("MatMulInteger", "ConvInteger"), (0, 1)),
    "QLinearConv": (0, 3, 8),
    "QLinearMatMul": (0, 3),
}
_ALIASES = {
    **{"Softmax": "SOFTMAX", "LogSoftmax": "LOG_SOFTMAX", "Sigmoid": "LOGISTIC"},
    **{"QuantizeLinear": "QUANTIZE", "DequantizeLinear": "DEQUANTIZE"},
    **dict.fromkeys(("Reshape", "Flatten", "Identity", "Transpose", "Dropout"), "RESHAPE"),
    **dict.fromkeys(("Squeeze", "Unsqueeze"), "SQUEEZE"),
    **{"Add": "ADD", "Concat": "CONCATENATION", "Gather": "GATHER"},
}


def work_of(
    node: OnnxNode,
    shapes: Sequence[Shape | None],
    made: Shape | None,
    stored: Sequence[Tensor | None],
) -> Work:
    """What an operator multiplies by; `uncounted` if that cannot be told.

    Args:
        node: the operator.
        shapes: of its inputs.
        made: the shape of its first output.
        stored: of each input the trained values that it is, whatever only unpacks them.

    Raises:
        IndexError: if it lacks an input that it must have.
    """
    name = node.operator
    if node.domain and name not in _HARMLESS:
        return _UNCOUNTED
    if name in WEIGHTS:
        at = WEIGHTS[name]
        served = shapes[0] if name == "ConvTranspose" else made
        places = None if served is None else _product((served[0], *served[2:]))
        return _by(stored[at], shapes[at], places)
    if name in MATRICES:
        return _of_matrices(node, shapes, made, stored)
    if name in GATES:
        return _of_gates(shapes, stored)
    if name == "Gather" and stored[0] is not None:
        return Work(table=stored[0])
    inside = [each for held in node.attributes.values() for each in _graphs(held)]
    if name in _NOT_COUNTED or any(map(_multiplies, inside)):
        return _UNCOUNTED
    return Work()


def alias_of(node: OnnxNode, work: Work, shapes: Sequence[Shape | None]) -> str:
    """What the schema of .tflite files calls such an operator; empty if it has none."""
    if node.operator in ("Conv", "ConvInteger", "QLinearConv"):
        kernel = shapes[WEIGHTS[node.operator]]
        depthwise = int(node.attributes.get("group", 1)) > 1 and kernel is not None
        return "DEPTHWISE_CONV_2D" if depthwise and kernel and kernel[1] == 1 else "CONV_2D"
    if node.operator in MATRICES:
        return "FULLY_CONNECTED" if work.weights is not None else "BATCH_MATMUL"
    return _ALIASES.get(node.operator, "")


def channels_of(node: OnnxNode, stored: Sequence[Tensor | None]) -> tuple[int, int] | None:
    """Along which axes of its kernel the outputs and the inputs lie; None if it has none."""
    if node.operator in WEIGHTS:
        return (1, 0) if node.operator == "ConvTranspose" else (0, 1)
    if node.operator in MATRICES:
        left, right = (stored[at] for at in MATRICES[node.operator])
        is_turned = bool(node.attributes.get("transB" if right is not None else "transA", 0))
        is_left = right is None and left is not None
        return (-2, -1) if is_turned != is_left else (-1, -2)
    if node.operator in GATES:
        return 1, 2
    return None


def _by(weights: Tensor | None, shape: Shape | None, positions: int | None) -> Work:
    size = None if shape is None else _product(shape)
    if positions is None or size is None:
        return _UNCOUNTED
    if weights is not None:
        return Work(weights, positions)
    return Work(more=(Product(None, size, positions),))


def _of_matrices(
    node: OnnxNode,
    shapes: Sequence[Shape | None],
    made: Shape | None,
    stored: Sequence[Tensor | None],
) -> Work:
    left, right = MATRICES[node.operator]
    a, out = shapes[left], None if made is None else _product(made)
    if a is None or not a or out is None:
        return _UNCOUNTED
    depth = a[0 if node.attributes.get("transA", 0) else -1]
    at = left if stored[left] is not None and stored[right] is None else right
    factor = shapes[at]
    size = None if factor is None else _product(factor)
    if depth is None or not size or out * depth % size:
        return _UNCOUNTED  # unknown, or the shapes do not fit each other
    return _by(stored[at], factor, out * depth // size)


def _of_gates(shapes: Sequence[Shape | None], stored: Sequence[Tensor | None]) -> Work:
    x = shapes[0]
    steps = None if x is None else _product(x[:2])
    works = [_by(stored[at], shapes[at], steps) for at in (1, 2)]
    if any(work.uncounted for work in works):
        return _UNCOUNTED
    return Work(
        more=tuple(
            Product(work.weights, work.weights.size, work.positions)
            if work.weights
            else work.more[0]
            for work in works
        )
    )


def _graphs(held: object) -> list[OnnxGraph]:
    several = held if isinstance(held, list) else [held]
    return [each for each in several if isinstance(each, OnnxGraph)]


def _multiplies(graph: OnnxGraph) -> bool:
    """Whether anything in a loop's or a branch's body multiplies and accumulates."""
    multiplying = {*WEIGHTS, *MATRICES, *GATES, *_NOT_COUNTED}
    inside: Callable[[OnnxNode], bool] = lambda node: any(  # noqa: E731
        map(_multiplies, (each for held in node.attributes.values() for each in _graphs(held)))
    )
    return any(
        node.operator in multiplying or bool(node.domain) or inside(node) for node in graph.nodes
    )


def _product(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None
