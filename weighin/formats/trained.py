"""Kernels as layers trained them, found again in a file: what steps are held to.

A file may hold one layer's kernel in several tensors, as the gates of an LSTM, and name it several
times, as an unrolled recurrent layer does. Tables of embeddings are kernels too: the optimization
toolkit prunes and clusters them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.formats.graph import Graph, Operator, Tensor
from weighin.formats.layer_names import is_anonymous, layer_of

# The axis along which a kernel's outputs lie, where that is not the first one.
_OUTPUTS = {"CONV_3D": -1, "CONV_3D_TRANSPOSE": -2}


@dataclass(frozen=True)
class Trained:
    """One layer's kernel.

    Attributes:
        kind: the operator that uses it.
        parts: one tensor; of a recurrent operator one for each gate.
        channels: as of an `Operator`.
        layer: its name, as far as the file has it.
    """

    kind: str
    parts: tuple[Tensor, ...]
    channels: tuple[int, int] | None = None
    layer: str = ""

    @property
    def label(self) -> str:
        """What it is called in messages: some converters leave constants without a layer's name."""
        more = len(self.parts) - 1
        first = self.parts[0]
        is_told = self.layer and is_anonymous(first.name)
        called = repr(self.layer) if is_told else first.label
        return called + (f" (and {more} more gates)" if more else "")

    @property
    def size(self) -> int:
        """How many weights it has."""
        return sum(part.size for part in self.parts)

    @property
    def nonzero(self) -> int:
        """How many of them are not zero."""
        return sum(part.nonzero for part in self.parts)

    @property
    def is_table(self) -> bool:
        """Whether it is looked up, not multiplied by."""
        return self.kind in ("GATHER", "GATHER_ND", "EMBEDDING_LOOKUP")

    @property
    def matrices(self) -> list[npt.NDArray[Any]]:
        """Of each part the stored values as `(outputs, …, inputs)`."""
        axes = self.channels or _axes_of(self.kind)
        return [
            np.moveaxis(part.dense(), axes, (0, -1)) if len(part.shape) > 1 else part.dense()
            for part in self.parts
        ]


def width_of(operator: Operator) -> int | None:
    """How many channels an operator's kernel makes; None if it has none, or makes none anew."""
    if operator.weights is None or operator.kind == "DEPTHWISE_CONV_2D":
        return None
    outputs, _ = operator.channels or _axes_of(operator.kind)
    return int(operator.weights.shape[outputs])


def trained_kernels(graph: Graph) -> list[Trained]:
    """The kernels of a file that the toolkit prunes and clusters, each once; no depthwise ones."""
    kernels: dict[object, Trained] = {}
    for operator in graph.operators:
        if is_trained(operator):
            parts = operator.kernels or tuple(filter(None, [operator.table]))
            content = tuple((part.shape, part.dtype, hash(part.data.tobytes())) for part in parts)
            layer = layer_of(graph, operator)
            trained = Trained(operator.kind, parts, operator.channels, layer)
            kernels.setdefault(content, trained)
    return list(kernels.values())


def is_trained(operator: Operator) -> bool:
    """Whether the toolkit prunes and clusters what an operator multiplies by, or looks up."""
    # the toolkit leaves depthwise kernels alone (its prune_registry and clustering_registry)
    has_kernel = bool(operator.kernels or operator.table)
    return has_kernel and operator.kind != "DEPTHWISE_CONV_2D"


def _axes_of(kind: str) -> tuple[int, int]:
    """Along which axes of a kernel the outputs and the inputs lie."""
    outputs = _OUTPUTS.get(kind, 0)
    return outputs, -2 if outputs == -1 else -1
