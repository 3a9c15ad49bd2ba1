"""A graph as a .tflite file holds it: tensors, operators, and what they come to.

It is read by `weighin.formats.tflite`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.formats.sparsity import Sparsity
from weighin.stats import entropy

# Operators that multiply by weights, and the position of the weights among their inputs
# (source: the operators' kernels in tensorflow/lite/kernels).
WEIGHTED = {
    "CONV_2D": 1,
    "DEPTHWISE_CONV_2D": 1,
    "FULLY_CONNECTED": 1,
    "TRANSPOSE_CONV": 1,
}

_STORED = {  # TensorType → how its values lie in the buffer
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "FLOAT64": np.float64,
    "INT64": np.int64,
    "INT32": np.int32,
    "INT16": np.int16,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT4": np.uint8,  # two values to a byte, the lower four bits first
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of a graph.

    Attributes:
        index: its number in the file.
        shape: with 1 for a batch dimension left open.
        dtype: as the schema calls it: `FLOAT32`, `INT8` …
        data: bytes of a constant's values; empty where values are computed.
        scales: how many quantization scales it has: 0, 1 or one per channel.
        zero_point: the integer that means zero.
        scale: the first of its scales, of values per step; 0 if it has none.
        sparsity: where `data` lies among the zeros that it leaves out; None if it is dense.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    data: npt.NDArray[np.uint8]
    scales: int
    zero_point: int
    sparsity: Sparsity | None = None
    scale: float = 0.0

    @property
    def label(self) -> str:
        """What it is called in messages: by its number where the file holds no names."""
        return repr(self.name) if self.name else f"tensor {self.index}"

    @property
    def sparse(self) -> bool:
        """Whether `data` leaves zeros out (sparse encoding)."""
        return self.sparsity is not None

    @property
    def size(self) -> int:
        """How many values it has, zeros of a sparse encoding included."""
        return math.prod(self.shape)

    @property
    def is_parameter(self) -> bool:
        """Whether it holds trained values: constant, and floating or quantized by a scale."""
        constant = len(self.data) > 0 or self.sparse
        return constant and (self.dtype.startswith("FLOAT") or self.scales > 0)

    @cached_property
    def values(self) -> npt.NDArray[Any]:
        """The stored values, flat; a sparse encoding's zeros are left out."""
        values: npt.NDArray[Any] = self.data.view(_STORED[self.dtype])
        if self.dtype == "INT4":
            nibbles = np.stack([values & 15, values >> 4], axis=1).reshape(-1)
            stored = nibbles if self.sparse else nibbles[: self.size]
            values = (stored.astype(np.int8) ^ 8) - 8
        if self.sparsity is not None:
            self.sparsity.positions(self.shape, len(values))  # refuses what does not fit
        elif len(values) != self.size:
            raise ValueError(f"{self.label} holds {len(values)} values, not {self.size}")
        return values

    def dense(self) -> npt.NDArray[Any]:
        """The values in the tensor's shape, zeros of a sparse encoding filled in."""
        if self.sparsity is None:
            return self.values.reshape(self.shape)
        whole = np.zeros(self.size, self.values.dtype)
        whole[self.sparsity.positions(self.shape, len(self.values))] = self.values
        return whole.reshape(self.shape)

    @property
    def unique(self) -> int:
        """How many different values there are, zero included."""
        left_out = len(self.values) < self.size and self.nonzero == len(self.values)
        return len(np.unique(self.values)) + left_out

    @cached_property
    def nonzero(self) -> int:
        """How many values are not zero."""
        return int(np.count_nonzero(self.values != self.zero_point))

    @property
    def entropy_bytes(self) -> float:
        """What its values come to at their entropy, zeros included."""
        nonzero = self.values[self.values != self.zero_point]
        counts = np.unique(nonzero, return_counts=True)[1]
        zeros = self.size - self.nonzero  # those that a sparse encoding leaves out, too
        return self.size * entropy([*counts, zeros] if zeros else counts) / 8


@dataclass(frozen=True)
class Operator:
    """One operator of a graph.

    Attributes:
        weights: what it multiplies by, if it does.
        positions: how many output positions every weight serves.
        stride: of a convolution, the larger of its two; 1 for other operators.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    weights: Tensor | None
    positions: int
    stride: int = 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference: every weight once per output position."""
        return self.weights.size * self.positions if self.weights else 0

    @property
    def effective_macs(self) -> int:
        """Multiply-accumulates by weights that are not zero."""
        return self.weights.nonzero * self.positions if self.weights else 0


@dataclass(frozen=True)
class Graph:
    """The first subgraph of a .tflite file.

    Attributes:
        remarks: what the file says beside it, that no inference needs: metadata, signatures.
        open_batch: whether its first input takes any number of examples at once.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    remarks: tuple[str, ...] = ()
    open_batch: bool = False

    @property
    def trained(self) -> list[Tensor]:
        """The tensors that hold trained values."""
        return [tensor for tensor in self.tensors if tensor.is_parameter]

    @property
    def kernels(self) -> list[Tensor]:
        """The weights that operators multiply by; biases left out."""
        return [operator.weights for operator in self.operators if operator.weights]

    @property
    def activations(self) -> list[Tensor]:
        """What flows in and out of the graph, and of its operators that multiply by weights."""
        return list(dict.fromkeys((*self.ends, *self.inner)))

    @property
    def ends(self) -> list[Tensor]:
        """What flows in and out of the graph."""
        return [self.tensors[number] for number in (*self.inputs, *self.outputs)]

    @property
    def inner(self) -> list[Tensor]:
        """What flows in and out of the operators that multiply by weights."""
        numbers: dict[int, None] = {}
        for operator in self.operators:
            if operator.weights:
                # TRANSPOSE_CONV's first input is the shape that it makes, its third the data
                data = operator.inputs[2 if operator.name == "TRANSPOSE_CONV" else 0]
                numbers |= dict.fromkeys((data, *operator.outputs))
        return [self.tensors[number] for number in numbers]

    @property
    def parameters(self) -> int:
        """Trained values, biases included."""
        return sum(tensor.size for tensor in self.trained)

    @property
    def nonzero_parameters(self) -> int:
        """Trained values that are not zero."""
        return sum(tensor.nonzero for tensor in self.trained)

    @property
    def entropy_bytes(self) -> float:
        """What the trained values come to, each tensor's at its entropy."""
        return sum(tensor.entropy_bytes for tensor in self.trained)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference at batch 1."""
        return sum(operator.macs for operator in self.operators)

    @property
    def effective_macs(self) -> int:
        """Those by weights that are not zero: what a runtime that skips zeros would do."""
        return sum(operator.effective_macs for operator in self.operators)


def other_types(tensors: Sequence[Tensor], wanted: str) -> str | None:
    """Which of the tensors is of another type than wanted; None if all are right."""
    for tensor in tensors:
        if tensor.dtype != wanted:
            return f"{tensor.label} holds {tensor.dtype}, not {wanted}"
    return None
