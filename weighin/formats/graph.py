"""A graph as a model file holds it: tensors, operators, and what they come to.

It is read by `weighin.formats.tflite` and `weighin.formats.onnx.reading`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weighin.formats.tensor import Tensor
from weighin.named import told_apart

__all__ = ["Graph", "Operator", "Product", "Subgraph", "Tensor", "numeric", "other_types"]

# Operators whose data is not their first input: that says which shape they make.
_DATA_THIRD = ("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE")


@dataclass(frozen=True)
class Product:
    """What an operator multiplies by.

    Attributes:
        weights: a constant; None for values that are computed, as in attention.
        size: how many values it multiplies by.
        positions: how many times it multiplies by each of them.
    """

    weights: Tensor | None
    size: int
    positions: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.size * self.positions

    @property
    def effective_macs(self) -> int:
        """Those by values that are not zero, as far as the file tells."""
        return (self.weights.nonzero if self.weights else self.size) * self.positions


@dataclass(frozen=True)
class Operator:
    """One operator of a graph.

    Attributes:
        name: as the file's schema calls it, `CONV_2D` or `Conv`; of a custom operator of a .tflite
            file `CUSTOM` and its code.
        inputs: numbers of tensors; -1 for an input that is left out.
        outputs: numbers of tensors.
        weights: the one kernel that it multiplies by, if it does.
        positions: how many output positions every weight serves.
        stride: of a convolution, the larger of its two; 1 for other operators.
        more: what it multiplies by besides: the gates of a recurrent operator, computed values.
        table: the constant that it looks values up in, without multiplying: of embeddings.
        calls: how often one inference runs it, as often as is certain: an operator of a loop's
            body many times, one that only prepares variables, or is called by nobody, not at all.
        uncounted: whether it does multiply-accumulates that `macs` leaves out.
        subgraph: the number of the subgraph that it belongs to.
        alias: what the schema of .tflite files calls such an operator; empty if its name is that.
        channels: along which axes of its kernel the outputs and the inputs lie, where the operator
            itself does not say so by its kind.
        flowing: the tensors that flow in and out as they are stored, where the file quantizes and
            dequantizes them beside the operator.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    weights: Tensor | None
    positions: int
    stride: int = 1
    more: tuple[Product, ...] = ()
    table: Tensor | None = None
    calls: int = 1
    uncounted: bool = False
    subgraph: int = 0
    alias: str = ""
    channels: tuple[int, int] | None = None
    flowing: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        """What it is, whatever its file's schema calls it."""
        return self.alias or self.name

    @property
    def kernels(self) -> tuple[Tensor, ...]:
        """All weights that it multiplies by."""
        gates = tuple(product.weights for product in self.more if product.weights)
        return (self.weights, *gates) if self.weights else gates

    @property
    def products(self) -> tuple[Product, ...]:
        """All that it multiplies by."""
        if self.weights is None:
            return self.more
        return (Product(self.weights, self.weights.size, self.positions), *self.more)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference: every weight once per output position."""
        return self.calls * sum(product.macs for product in self.products)

    @property
    def effective_macs(self) -> int:
        """Multiply-accumulates by weights that are not zero."""
        return self.calls * sum(product.effective_macs for product in self.products)


@dataclass(frozen=True)
class Subgraph:
    """One of a file's subgraphs: what a signature runs, or the body of a loop.

    Attributes:
        inputs: numbers of tensors.
        outputs: numbers of tensors.
        signatures: the keys of the signatures that it answers.
        macs: multiply-accumulates of one call, of all that it calls too; a lower bound unless
            `whole`.
        whole: whether all of them could be counted.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    signatures: tuple[str, ...] = ()
    macs: int = 0
    whole: bool = True


@dataclass(frozen=True)
class Graph:
    """A model file: its first subgraph, which an inference runs, and those beside it.

    Attributes:
        tensors: of all subgraphs, the first one's first.
        operators: of all subgraphs, the first one's first; `calls` says how often each runs.
        inputs: of the first subgraph, numbers of tensors.
        outputs: of the first subgraph, numbers of tensors.
        remarks: what the file says beside it, that no inference needs: metadata, signatures.
        subgraphs: all of them.
        open_batch: whether its first input takes any number of examples at once.
        entries: names of the first subgraph's inputs, and numbers of their tensors, as the file's
            first signature gives them; empty if it has none.
        exits: likewise of its outputs.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    remarks: tuple[str, ...] = ()
    subgraphs: tuple[Subgraph, ...] = ()
    open_batch: bool = False
    entries: tuple[tuple[str, int], ...] = ()
    exits: tuple[tuple[str, int], ...] = ()

    def inputs_by_name(self) -> dict[str, int]:
        """Numbers of the inputs' tensors, by the names that sessions take.

        Those of the signature, else of the tensors, else their places.
        """
        return dict(self.entries) or self._by_tensor(self.inputs)

    def outputs_by_name(self) -> dict[str, int]:
        """Numbers of the outputs' tensors, by the names that sessions give; as of inputs."""
        return dict(self.exits) or self._by_tensor(self.outputs)

    def _by_tensor(self, numbers: Sequence[int]) -> dict[str, int]:
        names = told_apart([self.tensors[number].name for number in numbers])
        return dict(zip(names, numbers, strict=True))

    @property
    def trained(self) -> list[Tensor]:
        """The tensors that hold trained values; of those that share them, the first.

        A converter may leave copies in the main graph that only a loop's body reads anew: what
        nothing reads is left out.
        """
        read = {number for operator in self.operators for number in operator.inputs}
        read |= set(self.outputs)
        return _unshared(
            tensor
            for number, tensor in enumerate(self.tensors)
            if number in read and tensor.is_parameter
        )

    @property
    def real_constants(self) -> list[Tensor]:
        """The tensors that hold trained values, and constants of the formulas besides."""
        return _unshared(tensor for tensor in self.tensors if tensor.is_real)

    @property
    def kernels(self) -> list[Tensor]:
        """The weights that operators multiply by; biases left out."""
        return [kernel for operator in self.operators for kernel in operator.kernels]

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
            if operator.kernels:
                data = operator.inputs[2 if operator.name in _DATA_THIRD else 0]
                flowing = operator.flowing or (data, *operator.outputs)
                numbers |= dict.fromkeys(flowing)
        return [self.tensors[number] for number in numbers]

    @property
    def parameters(self) -> int:
        """Trained values, biases included; what the file holds once counts once."""
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
        """Multiply-accumulates of one inference at batch 1; a lower bound if some are `uncounted`.

        Products of weights or of computed matrices with data; what is done value by value, such as
        adding, scaling and activation functions, is none.
        """
        return sum(operator.macs for operator in self.operators)

    @property
    def effective_macs(self) -> int:
        """Those by weights that are not zero: what a runtime that skips zeros would do."""
        return sum(operator.effective_macs for operator in self.operators)

    @property
    def uncounted(self) -> tuple[str, ...]:
        """Operators whose multiply-accumulates are not all in `macs`, and how many: `WHILE (1)`."""
        names = Counter(operator.name for operator in self.operators if operator.uncounted)
        return tuple(f"{name} ({count})" for name, count in names.items())


def _unshared(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Of tensors that have their values from one buffer, the first."""
    by_buffer: dict[object, Tensor] = {}
    for tensor in tensors:
        by_buffer.setdefault(tensor if tensor.buffer is None else tensor.buffer, tensor)
    return list(by_buffer.values())


_COUNTS = ("UINT8", "INT32", "INT64", "UINT32", "UINT64", "BOOL")


def numeric(tensors: Iterable[Tensor]) -> list[Tensor]:
    """The tensors that stand for real numbers.

    Integers without a scale stand for themselves, as token ids, pixels or class numbers do, and so
    do truth values: no export makes them something else.
    """
    return [tensor for tensor in tensors if tensor.scales or tensor.dtype not in _COUNTS]


def other_types(tensors: Sequence[Tensor], wanted: str) -> str | None:
    """Which of the tensors is of another type than wanted; None if all are right."""
    for tensor in tensors:
        if tensor.dtype != wanted:
            return f"{tensor.label} holds {tensor.dtype}, not {wanted}"
    return None
