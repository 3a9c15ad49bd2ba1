"""What a .tflite file really holds, read from the file itself and without TensorFlow.

A .tflite is a FlatBuffer, read by the schema that LiteRT ships. Files are untrusted: whatever is
wrong inside becomes a `WeighinError` that names the file.
"""

from __future__ import annotations

import math
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import WeighinError
from weighin.formats import sparsity
from weighin.formats.graph import WEIGHTED, Graph, Operator, Tensor

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
    operators = tuple(_operator(*fields, tensors, unpacked) for fields in raw)
    signature = _numbers(subgraph.Tensors(ends[0][0]).ShapeSignatureAsNumpy()) if ends[0] else ()
    return Graph(tensors, operators, *ends, _remarks(model), signature[:1] == (-1,))


def _remarks(model: Any) -> tuple[str, ...]:
    metadata = map(model.Metadata, range(model.MetadataLength()))
    remarks = [(entry.Name() or b"").decode(errors="replace") for entry in metadata]
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
        scale=float(quantization.Scale(0)) if scales else 0.0,
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
