"""What an operator of a .tflite graph multiplies by, and how often.

Source: the operators' kernels in tensorflow/lite/kernels, which say what each input is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from weighin.formats.graph import Product
from weighin.formats.nodes import Node
from weighin.formats.tensor import Tensor

# Operators of one kernel: the position of the weights among their inputs, and that of the input
# whose positions each weight serves; None where it serves those of the output.
_KERNELS: dict[str, tuple[int, int | None]] = {
    "CONV_2D": (1, None),
    "DEPTHWISE_CONV_2D": (1, None),
    "FULLY_CONNECTED": (1, None),
    "CONV_3D": (1, None),
    "TRANSPOSE_CONV": (1, 2),
    "CONV_3D_TRANSPOSE": (1, 2),
}
# Operators of several matrices, each of which is multiplied by once a step of the first input:
# their positions. Of an LSTM: of the input, recurrent, from the cell (peepholes), projection.
_LSTM = (*range(1, 12), 16)
_GATES: dict[str, tuple[int, ...]] = {
    "LSTM": _LSTM,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _LSTM,
    "BIDIRECTIONAL_SEQUENCE_LSTM": (*_LSTM, *range(18, 29), 33, *range(40, 48)),
    "RNN": (1, 2),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (1, 2),
    "BIDIRECTIONAL_SEQUENCE_RNN": (1, 2, 5, 6, 10, 11),
    "SVDF": (1, 2),
}
_BASIC_LSTM = (2,)  # of LSTMOptions.kernel_type BASIC: one matrix of all gates
_TABLES = {"EMBEDDING_LOOKUP": 1, "GATHER": 0, "GATHER_ND": 0}
# Operators that multiply and accumulate, in ways that are not counted here.
_NOT_COUNTED = {
    "DELEGATE",
    "EMBEDDING_LOOKUP_SPARSE",
    "RFFT2D",
    "STABLEHLO_CASE",
    "STABLEHLO_CONVOLUTION",
    "STABLEHLO_CUSTOM_CALL",
    "STABLEHLO_DOT_GENERAL",
    "STABLEHLO_WHILE",
}


@dataclass(frozen=True)
class Work:
    """What an operator does once: see `graph.Operator` for what the fields mean."""

    weights: Tensor | None = None
    positions: int = 0
    more: tuple[Product, ...] = ()
    table: Tensor | None = None
    uncounted: bool = False

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        size = self.weights.size if self.weights else 0
        return size * self.positions + sum(product.macs for product in self.more)


_UNCOUNTED = Work(uncounted=True)


def work_of(node: Node, tensor: Callable[[int], Tensor], constant: Callable[[int], Tensor]) -> Work:
    """What an operator multiplies by; `uncounted` if that cannot be told.

    Args:
        node: the operator.
        tensor: a tensor by its number.
        constant: likewise, but for what operators that only unpack it have made of it.

    Raises:
        IndexError: if it lacks an input that it must have.
    """
    if not node.known or node.name in _NOT_COUNTED:
        return _UNCOUNTED
    if node.name in _KERNELS:
        return _of_kernel(node, tensor, constant)
    if node.name in _GATES:
        return _of_gates(node, tensor, constant)
    if node.name == "BATCH_MATMUL":
        return _of_matrices(node, tensor, constant)
    if node.name in _TABLES:
        table = constant(node.inputs[_TABLES[node.name]])
        return Work(table=table) if table.is_parameter else Work()
    return Work()


def _of_kernel(
    node: Node, tensor: Callable[[int], Tensor], constant: Callable[[int], Tensor]
) -> Work:
    place, data = _KERNELS[node.name]
    served = tensor(node.outputs[0] if data is None else node.inputs[data])
    positions = _positions(served)
    if positions is None and node.name == "FULLY_CONNECTED":
        positions = _rows(tensor(node.inputs[0]), tensor(node.inputs[place]))
    return _work(constant(node.inputs[place]), positions)


def _work(factor: Tensor, positions: int | None) -> Work:
    if positions is None or not factor.is_known:
        return _UNCOUNTED
    if factor.is_parameter:
        return Work(factor, positions)
    return Work(more=(Product(None, factor.size, positions),))


def _of_gates(
    node: Node, tensor: Callable[[int], Tensor], constant: Callable[[int], Tensor]
) -> Work:
    places = _GATES[node.name]
    if node.name == "LSTM" and node.options.get("KernelType") == 1:
        places = _BASIC_LSTM
    given = [node.inputs[at] for at in places if at < len(node.inputs) and node.inputs[at] >= 0]
    works = [_work(constant(number), _positions(tensor(node.inputs[0]))) for number in given]
    if any(work.uncounted for work in works):
        return _UNCOUNTED
    products = [
        Product(work.weights, work.weights.size, work.positions) if work.weights else work.more[0]
        for work in works
    ]
    return Work(more=tuple(products))


def _of_matrices(
    node: Node, tensor: Callable[[int], Tensor], constant: Callable[[int], Tensor]
) -> Work:
    x, y, product = (tensor(number) for number in (*node.inputs[:2], node.outputs[0]))
    if not (x.is_known and product.is_known and len(x.shape) > 1):
        return _UNCOUNTED
    macs = product.size * x.shape[-2 if node.options.get("AdjX") else -1]
    right, left = constant(node.inputs[1]), constant(node.inputs[0])
    factor = left if left.is_parameter and not right.is_parameter else right
    if not y.is_known or (macs % factor.size if factor.size else macs):
        return _UNCOUNTED  # the shapes do not fit each other
    return _work(factor, macs // factor.size if factor.size else 0)


def _positions(served: Tensor) -> int | None:
    """All places of a tensor whose last dimension are channels; None if it is not known."""
    last = len(served.shape) - 1
    if not served.ranked or served.unknown - {last}:
        return None
    return math.prod(served.shape[:-1])


def _rows(data: Tensor, weights: Tensor) -> int | None:
    """How many rows a dense layer cuts its data into; None if it is not known."""
    if not data.is_known or not weights.is_known or not weights.shape or not weights.shape[-1]:
        return None
    return data.size // weights.shape[-1]
