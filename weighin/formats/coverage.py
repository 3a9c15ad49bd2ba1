"""How much of a graph a promise is kept for: layers, weights and multiply-accumulates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weighin.formats.graph import Graph, Operator, Tensor


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
        return all(kernel.dtype == dtype for kernel in operator.kernels)

    words = {"FLOAT16": "half-precision weights", "INT4": "4-bit weights"}
    return Promise(words.get(dtype, f"{dtype.lower()} weights"), is_kept)


def coverage(graph: Graph, promise: Promise) -> Coverage:
    """How much of a graph a promise is kept for."""
    layers = [operator for operator in graph.operators if operator.kernels]
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

    None if it has none, or operators whose work is not wholly counted.
    """
    if not graph.macs or graph.uncounted:
        return None
    return sum(operator.macs for operator in operators) / graph.macs


def no_values_of(graph: Graph, dtype: str, done: str, reason: str) -> str | None:
    """Say that no trained values are of a type; None if some are.

    Args:
        graph: what a file holds.
        dtype: as the schema calls it.
        done: what was to be done to them, as `quantized`.
        reason: why no layer with weights qualified.
    """
    if any(tensor.dtype == dtype for tensor in graph.trained):
        return None
    return f"nothing was {done}: {reason if graph.kernels else 'no layer multiplies by weights'}"


def has_other_weights(graph: Graph) -> bool:
    """Whether there are weights beside those that convolutions and dense layers multiply by."""
    kernels = {id(kernel) for kernel in graph.kernels}
    others = [tensor for tensor in graph.trained if id(tensor) not in kernels]
    return any(len(tensor.shape) > 1 for tensor in others)


def largest(kernels: Sequence[Tensor]) -> int:
    """How many weights the largest kernel has; 0 if there is none."""
    return max((kernel.size for kernel in kernels), default=0)


def _weights(layers: Sequence[Operator]) -> int:
    """How many weights layers have; what several share counts once."""
    kernels = {id(kernel): kernel for layer in layers for kernel in layer.kernels}
    return sum(kernel.size for kernel in kernels.values())
