"""How much of a graph a promise is kept for: layers, weights and multiply-accumulates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weighin.formats.graph import WEIGHTED, Graph, Operator, Tensor

# Operators that run a graph of their own, whose weights are not among those of the first one
CALLERS = ("WHILE", "IF", "CALL", "CALL_ONCE", "STABLEHLO_COMPOSITE")
# Operators that multiply and accumulate; where none are counted of one, shares of them say nothing
MULTIPLIERS = (
    *(*WEIGHTED, *CALLERS, "BATCH_MATMUL", "CONV_3D", "CONV_3D_TRANSPOSE", "SVDF", "RNN", "LSTM"),
    *("UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"),
    *("UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"),
)


@dataclass(frozen=True)
class Promise:
    """What a step or export promises of a layer.

    Attributes:
        what: what is then there, as `int8 weights`.
        is_kept: says of an operator with weights whether it is so there.
    """

    what: str
    is_kept: Callable[[Operator], bool]


@dataclass(frozen=True)
class Coverage:
    """How much of a graph a promise is kept for.

    Attributes:
        layers: operators with weights for which it is kept, of `total` of them.
        weights: their share of all weights that operators multiply by, biases left out.
        macs: their share of the multiply-accumulates; None if that is unknown.
    """

    layers: int
    total: int
    weights: float
    macs: float | None


def weights_of(dtype: str) -> Promise:
    """The promise that weights are stored in a type of the schema."""

    def is_kept(operator: Operator) -> bool:
        return operator.weights is not None and operator.weights.dtype == dtype

    words = {"FLOAT16": "half-precision weights", "INT4": "4-bit weights"}
    return Promise(words.get(dtype, f"{dtype.lower()} weights"), is_kept)


def coverage(graph: Graph, promise: Promise) -> Coverage:
    """How much of a graph a promise is kept for."""
    layers = [operator for operator in graph.operators if operator.weights]
    kept = [operator for operator in layers if promise.is_kept(operator)]
    size = _weights(layers)
    return Coverage(
        len(kept),
        len(layers),
        _weights(kept) / size if size else 0.0,
        share_of_macs(graph, kept),
    )


def share_of_macs(graph: Graph, operators: Sequence[Operator]) -> float | None:
    """The share of a graph's multiply-accumulates that some of its operators have.

    None if it has none, or operators of which none are counted though they multiply.
    """
    total = sum(operator.macs for operator in graph.operators)
    if not total or any(o.name in MULTIPLIERS and not o.macs for o in graph.operators):
        return None
    return sum(operator.macs for operator in operators) / total


def no_values_of(graph: Graph, dtype: str, done: str, reason: str) -> str | None:
    """Say that no trained values are of a type; None if some are, or may be where none is read.

    Args:
        graph: what a file holds.
        dtype: as the schema calls it.
        done: what was to be done to them, as `quantized`.
        reason: why no layer with weights qualified.
    """
    if any(tensor.dtype == dtype for tensor in graph.trained) or hides_weights(graph):
        return None
    return f"nothing was {done}: {reason if graph.kernels else 'no layer multiplies by weights'}"


def hides_weights(graph: Graph) -> bool:
    """Whether weights may lie in graphs that operators of this one run."""
    return any(operator.name in CALLERS for operator in graph.operators)


def has_other_weights(graph: Graph) -> bool:
    """Whether there are weights beside those that convolutions and dense layers multiply by."""
    kernels = {id(kernel) for kernel in graph.kernels}
    others = [tensor for tensor in graph.trained if id(tensor) not in kernels]
    return hides_weights(graph) or any(len(tensor.shape) > 1 for tensor in others)


def largest(kernels: Sequence[Tensor]) -> int:
    """How many weights the largest kernel has; 0 if there is none."""
    return max((kernel.size for kernel in kernels), default=0)


def _weights(layers: Sequence[Operator]) -> int:
    """How many weights layers have; what several share counts once."""
    kernels = {id(layer.weights): layer.weights for layer in layers if layer.weights}
    return sum(kernel.size for kernel in kernels.values())
