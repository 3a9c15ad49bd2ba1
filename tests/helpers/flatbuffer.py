"""Small .tflite files made by hand, by LiteRT's own schema: any weights, types and scales."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "float16": schema.TensorType.FLOAT16,
    "float64": schema.TensorType.FLOAT64,
    "uint8": schema.TensorType.UINT8,
    "int8": schema.TensorType.INT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "bool": schema.TensorType.BOOL,
    "int4": schema.TensorType.INT4,
    "string": schema.TensorType.STRING,
}
_WIDTHS = {
    "uint8": (schema.SparseIndexVector.Uint8Vector, schema.Uint8VectorT),
    "uint16": (schema.SparseIndexVector.Uint16Vector, schema.Uint16VectorT),
    "int32": (schema.SparseIndexVector.Int32Vector, schema.Int32VectorT),
}


@dataclass(frozen=True)
class Layer:
    """One operator that multiplies by weights.

    Attributes:
        weights: `(outputs, inputs)` of a dense layer, `(outputs, height, width, inputs)` of a
            convolution; their type is the stored one. float16 weights are unpacked by a
            DEQUANTIZE operator, as the converter does it.
        bias: `(outputs,)`, or None for an operator without.
        stride: of a convolution.
        stored: how the weights are stored, if not densely in their own type: `int4` (of int8
            weights from -8 to 7), or `sparse` (with a DENSIFY operator, as the converter does it).
        scales: quantization scales of int8 weights, all alike.
    """

    name: str
    weights: npt.NDArray[Any]
    bias: npt.NDArray[Any] | None = None
    stride: int = 1
    stored: str = ""
    scales: int = 1


def dense(outputs: int, inputs: int, dtype: str = "float32", zeros: int = 0) -> Layer:
    """A dense layer of weights none of which is zero but the first ones, as many as said."""
    return _layer("dense", (outputs, inputs), dtype, zeros)


def convolution(
    outputs: int, size: int, inputs: int, dtype: str = "float32", zeros: int = 0, stride: int = 1
) -> Layer:
    """A square convolution of weights none of which is zero but the first ones."""
    layer = _layer("convolution", (outputs, size, size, inputs), dtype, zeros)
    return dataclasses.replace(layer, stride=stride)


def _layer(name: str, shape: tuple[int, ...], dtype: str, zeros: int) -> Layer:
    flat = np.random.default_rng(len(shape)).integers(1, 120, int(np.prod(shape)))
    flat[1::2] *= -1
    flat[:zeros] = 0
    values = flat.reshape(shape)
    return Layer(name, values.astype(dtype) if dtype == "int8" else (values / 120).astype(dtype))


@dataclass(frozen=True)
class Encoding:
    """A sparse encoding, level by level, and the values that it stores."""

    order: tuple[int, ...]
    blocks: tuple[int, ...]
    levels: tuple[Any, ...]
    values: npt.NDArray[Any]


def encode(
    dense: npt.NDArray[Any],
    order: Sequence[int] = (),
    sparse: Sequence[int] = (),
    blocks: Sequence[tuple[int, int]] = (),
) -> Encoding:
    """Encode an array, by walking over all of it.

    Args:
        dense: what is encoded.
        order: of its dimensions, then its blocks; as they come if nothing is said.
        sparse: levels that leave out what holds only zeros; the last dimension's if none is said.
        blocks: (dimension, size) of each block; the size must divide the dimension.
    """
    shape, rank = list(dense.shape), dense.ndim
    split, axes = [], []
    for dimension, size in enumerate(shape):
        block = dict(blocks).get(dimension, 1)
        axes.append(len(split))
        split += [size // block, block] if dimension in dict(blocks) else [size]
    axes += [axes[dimension] + 1 for dimension, _ in blocks]
    order = tuple(order) or tuple(range(rank + len(blocks)))
    walked = dense.reshape(split).transpose([axes[each] for each in order])
    paths: list[tuple[int, ...]] = [()]
    levels: list[Any] = []
    for level, size in enumerate(walked.shape):
        below = [[(*path, at) for at in range(size)] for path in paths]
        if level in (sparse or [rank - 1]):
            below = [[path for path in each if np.any(walked[path])] for each in below]
            segments = np.cumsum([0, *map(len, below)])
            levels.append((segments, np.array([path[-1] for each in below for path in each], int)))
        else:
            levels.append(size)
        paths = [path for each in below for path in each]
    values = np.array([walked[path] for path in paths], dense.dtype)
    return Encoding(order, tuple(dimension for dimension, _ in blocks), tuple(levels), values)


class Graph:
    """A model while it is put together."""

    def __init__(self) -> None:
        """Begin with one empty subgraph."""
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str,
        values: npt.NDArray[Any] | None = None,
        scale: float | None = None,
        open_batch: bool = False,
        scales: int = 1,
        encoding: Encoding | None = None,
        width: str = "int32",
        zero: int = 0,
    ) -> int:
        """Add a tensor, a constant where it has values; its number."""
        made = schema.TensorT()
        if encoding is not None:
            values, made.sparsity = encoding.values, _sparsity(encoding, width)
        made.name, made.shape, made.type, made.buffer = name, list(shape), _TYPES[dtype], 0
        if open_batch:
            made.shapeSignature = [-1, *shape[1:]]
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        if scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = [scale] * scales
            made.quantization.zeroPoint = [zero] * scales
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def operator(
        self, kind: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None
    ) -> None:
        """Add an operator between tensors by their numbers."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)  # a byte, as the converter fills it
        code.version = 3 if kind in ("FULLY_CONNECTED", "CONV_2D") else 1
        made = schema.OperatorT()
        made.opcodeIndex = len(self.model.operatorCodes)
        made.inputs, made.outputs = list(inputs), list(outputs)
        if options is not None:
            made.builtinOptions = options
            made.builtinOptionsType = getattr(
                schema.BuiltinOptions, type(options).__name__.removesuffix("T")
            )
        self.model.operatorCodes.append(code)
        self.graph.operators.append(made)

    def sign(self, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> None:
        """Name inputs and outputs by a signature, in this order."""
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = "serving_default", 0
        signature.inputs, signature.outputs = [], []
        for side, tensors in ((signature.inputs, inputs), (signature.outputs, outputs)):
            for name, number in tensors.items():
                entry = schema.TensorMapT()
                entry.name, entry.tensorIndex = name, number
                side.append(entry)
        self.model.signatureDefs = [signature]

    def packed(self) -> bytes:
        """The file's bytes."""
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _sparsity(encoding: Encoding, width: str) -> Any:
    made = schema.SparsityParametersT()
    made.traversalOrder, made.blockMap = list(encoding.order), list(encoding.blocks)
    made.dimMetadata = []
    kind, vector = _WIDTHS[width]
    for level in encoding.levels:
        metadata = schema.DimensionMetadataT()
        if isinstance(level, int):
            metadata.format, metadata.denseSize = schema.DimensionType.DENSE, level
        else:
            metadata.format = schema.DimensionType.SPARSE_CSR
            metadata.arraySegmentsType = metadata.arrayIndicesType = kind
            metadata.arraySegments, metadata.arrayIndices = vector(), vector()
            metadata.arraySegments.values, metadata.arrayIndices.values = (
                each.astype(width) for each in level
            )
        made.dimMetadata.append(metadata)
    return made


def sparse_file(encoding: Encoding, shape: Sequence[int], width: str = "int32") -> bytes:
    """A .tflite file of one dense layer `(outputs, inputs)` whose weights are encoded so."""
    made = Graph()
    made.graph.inputs = [made.tensor("input", (1, shape[1]), "float32")]
    weights = made.tensor("weights", shape, "float32", encoding=encoding, width=width)
    made.graph.outputs = [made.tensor("output", (1, shape[0]), "float32")]
    options = schema.FullyConnectedOptionsT()
    made.operator("FULLY_CONNECTED", [0, weights], made.graph.outputs, options)
    return made.packed()


def content(
    layers: Sequence[Layer],
    activations: str = "float32",
    size: int = 8,
    softmax: bool = False,
    named: bool = True,
    open_batch: bool = False,
) -> bytes:
    """A .tflite file of layers one after the other.

    Args:
        layers: convolutions first, on square images; then dense ones.
        activations: the type of what flows between them.
        size: height and width of the images that a first convolution is given.
        softmax: whether a softmax stands at the end.
        named: whether tensors have names.
        open_batch: whether it answers any number of examples at once.
    """
    made = Graph()
    scale = 0.05 if activations == "int8" else None
    first = layers[0].weights
    shape = (1, first.shape[1]) if first.ndim == 2 else (1, size, size, first.shape[3])
    last = made.tensor("input", shape, activations, scale=scale, open_batch=open_batch)
    made.graph.inputs = [last]
    for number, layer in enumerate(layers):
        name, weights = f"{layer.name}{number}", layer.weights
        dtype = str(weights.dtype)
        quantization = {"scale": 0.01, "scales": layer.scales} if dtype == "int8" else {}
        if layer.stored == "sparse":
            at = made.tensor(name, weights.shape, dtype, encoding=encode(weights), **quantization)
            whole = made.tensor(f"{name}/whole", weights.shape, dtype, **quantization)
            made.operator("DENSIFY", [at], [whole])
            at = whole
        elif layer.stored == "int4":
            low, high = weights.reshape(-1, 2).T
            packed = ((high << 4) | (low & 15)).astype(np.int8)
            at = made.tensor(name, weights.shape, "int4", packed, **quantization)
        else:
            at = made.tensor(name, weights.shape, dtype, weights, **quantization)
        if dtype == "float16":
            unpacked = made.tensor(f"{name}/unpacked", weights.shape, "float32")
            made.operator("DEQUANTIZE", [at], [unpacked])
            at = unpacked
        biases = []
        if layer.bias is not None:
            bias_scale = 0.0005 if layer.bias.dtype == np.int32 else None
            bias = made.tensor(
                f"{name}/bias", layer.bias.shape, str(layer.bias.dtype), layer.bias, bias_scale
            )
            biases.append(bias)
        if weights.ndim == 2:
            inputs = weights.shape[1]
            if int(np.prod(shape)) != inputs:
                raise ValueError(f"{name} takes {inputs} values, not {shape}")
            shape = (1, weights.shape[0])
            kind, options = "FULLY_CONNECTED", schema.FullyConnectedOptionsT()
        else:
            side = -(-shape[1] // layer.stride)
            shape = (1, side, side, weights.shape[0])
            kind, options = "CONV_2D", schema.Conv2DOptionsT()
            options.padding = schema.Padding.SAME
            options.strideH = options.strideW = layer.stride
            options.dilationHFactor = options.dilationWFactor = 1
        out = made.tensor(f"{name}/output", shape, activations, scale=scale, open_batch=open_batch)
        made.operator(kind, [last, at, *biases], [out], options)
        last = out
    if softmax:
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        scale = None if scale is None else 1 / 256  # LiteRT has no other for a softmax
        out = made.tensor("scores", shape, activations, scale=scale, open_batch=open_batch)
        made.operator("SOFTMAX", [last], [out], options)
        last = out
    made.graph.outputs = [last]
    for tensor in [] if named else made.graph.tensors:
        tensor.name = None
    return made.packed()


def write(
    path: Path,
    *layers: Layer,
    activations: str = "float32",
    size: int = 8,
    softmax: bool = False,
    named: bool = True,
    open_batch: bool = False,
) -> Path:
    """The same, written to a file; its path."""
    path.write_bytes(content(layers, activations, size, softmax, named, open_batch))
    return path
