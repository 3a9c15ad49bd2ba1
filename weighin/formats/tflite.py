"""What a .tflite file really holds, read from the file itself and without TensorFlow.

A .tflite is a FlatBuffer, read by the schema that LiteRT ships. Files are untrusted: whatever is
wrong inside becomes a `WeighinError` that names the file.
"""

from __future__ import annotations

import math
import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.formats import sparsity
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
_DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    UnicodeDecodeError,
)


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
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    remarks: tuple[str, ...] = ()

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


class _Recent:
    """Graphs that were read lately, by file and its state: a row is looked at from many sides."""

    def __init__(self, most: int) -> None:
        """Keep files of so many bytes together, and the last one in any event."""
        self._most = most
        self._kept: OrderedDict[tuple[object, ...], tuple[int, Graph]] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> Graph | None:
        """The graph, if it is still kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][1]

    def put(self, key: tuple[object, ...], size: int, graph: Graph) -> None:
        """Keep a graph, and forget those that were looked at least lately."""
        self._kept[key] = size, graph
        while len(self._kept) > 1 and sum(size for size, _ in self._kept.values()) > self._most:
            self._kept.popitem(last=False)


_recent = _Recent(64_000_000)


def read_tflite(path: Path) -> Graph:
    """Read a .tflite file; one that was read lately and has not changed is not read again.

    Raises:
        WeighinError: if it cannot be read or is damaged.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise WeighinError(f"{path} cannot be read: {error.strerror}.") from error
    key = (path.resolve(), status.st_ino, status.st_mtime_ns, status.st_size)
    graph = _recent.get(key)
    if graph is None:
        graph = _read(path)
        _recent.put(key, status.st_size, graph)
    return graph


def _read(path: Path) -> Graph:
    from ai_edge_litert import schema_py_generated as schema

    data = _content(path)
    try:
        if data[4:8] != b"TFL3":
            raise ValueError("no TFL3 mark")
        graph = _graph(schema.Model.GetRootAs(data, 0), data, schema)
        for tensor in graph.tensors:
            if tensor.is_parameter:
                _ = tensor.nonzero
        return graph
    except _DAMAGE as error:
        raise WeighinError(
            f"{path} is not a whole .tflite file ({type(error).__name__}: {error}): "
            f"convert the model again."
        ) from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeighinError(f"{path} cannot be read: {error.strerror}.") from error


def _graph(model: Any, data: bytes, schema: Any) -> Graph:
    types = _names(schema.TensorType)
    builtins = _names(schema.BuiltinOperator)
    if model.SubgraphsLength() == 0:
        raise ValueError("no subgraph")
    subgraph = model.Subgraphs(0)
    tensors = tuple(
        _tensor(index, subgraph.Tensors(index), model, data, types, schema)
        for index in range(subgraph.TensorsLength())
    )
    raw = [
        (
            _operator_name(model.OperatorCodes(operator.OpcodeIndex()), builtins),
            _numbers(operator.InputsAsNumpy()),
            _numbers(operator.OutputsAsNumpy()),
            _stride(operator, schema),
        )
        for operator in map(subgraph.Operators, range(subgraph.OperatorsLength()))
    ]
    # float16 and sparse weights reach their operator through one that unpacks them
    unpacked = {
        outputs[0]: inputs[0]
        for name, inputs, outputs, _ in raw
        if name in ("DEQUANTIZE", "DENSIFY")
    }
    ends = _numbers(subgraph.InputsAsNumpy()), _numbers(subgraph.OutputsAsNumpy())
    named = {number for _, inputs, outputs, _ in raw for number in (*inputs, *outputs)}
    named -= {-1}  # stands for an input that is left out
    if (named | {*ends[0], *ends[1]}) - set(range(len(tensors))):
        raise IndexError("an operator names a tensor that is not there")
    operators = tuple(_operator(*each, tensors, unpacked) for each in raw)
    return Graph(tensors, operators, *ends, _remarks(model))


def _remarks(model: Any) -> tuple[str, ...]:
    metadata = map(model.Metadata, range(model.MetadataLength()))
    remarks = [(each.Name() or b"").decode(errors="replace") for each in metadata]
    remarks += ["signatures"] * bool(model.SignatureDefsLength())
    remarks += ["description"] * bool(model.Description())
    return tuple(remarks)


def _tensor(
    index: int, tensor: Any, model: Any, data: bytes, types: dict[int, str], schema: Any
) -> Tensor:
    buffer = model.Buffers(tensor.Buffer())
    raw = buffer.DataAsNumpy() if buffer.DataLength() else np.empty(0, np.uint8)
    if buffer.Offset() > 1:  # kept behind the FlatBuffer, as in files of over 2 GB
        raw = np.frombuffer(data, np.uint8, buffer.Size(), buffer.Offset())
    quantization = tensor.Quantization()
    scales = quantization.ScaleLength() if quantization else 0
    zero_points = quantization.ZeroPointLength() if quantization else 0
    return Tensor(
        index=index,
        name=(tensor.Name() or b"").decode(errors="replace"),
        shape=tuple(max(1, size) for size in _numbers(tensor.ShapeAsNumpy())),
        dtype=types.get(tensor.Type(), f"type {tensor.Type()}"),
        data=raw,
        scales=scales,
        zero_point=quantization.ZeroPoint(0) if zero_points else 0,
        sparsity=sparsity.read(tensor, schema),
    )


def _operator(
    name: str,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    stride: int,
    tensors: tuple[Tensor, ...],
    unpacked: dict[int, int],
) -> Operator:
    weights, positions = None, 0
    if name in WEIGHTED:
        index = inputs[WEIGHTED[name]]
        for _ in unpacked:  # sparse float16 is unpacked twice; a damaged file may name a circle
            index = unpacked.get(index, index)
        constant = tensors[index]
        if constant.is_parameter:
            weights = constant
            shape = tensors[inputs[2] if name == "TRANSPOSE_CONV" else outputs[0]].shape
            positions = math.prod(shape[:-1])
    return Operator(name, inputs, outputs, weights, positions, stride)


def _stride(operator: Any, schema: Any) -> int:
    options = operator.BuiltinOptions()
    if options is None or operator.BuiltinOptionsType() != schema.BuiltinOptions.Conv2DOptions:
        return 1
    table = schema.Conv2DOptions()
    table.Init(options.Bytes, options.Pos)
    return max(1, int(table.StrideH()), int(table.StrideW()))


def _operator_name(code: Any, builtins: dict[int, str]) -> str:
    if code.CustomCode():
        return str(code.CustomCode().decode(errors="replace"))
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    return builtins.get(number, f"operator {number}")


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _numbers(array: Any) -> tuple[int, ...]:
    return tuple(int(number) for number in array) if isinstance(array, np.ndarray) else ()
