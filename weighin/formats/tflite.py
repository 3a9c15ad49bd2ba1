"""What a .tflite file really holds, read from the file itself and without TensorFlow.

A .tflite is a FlatBuffer, read by the schema that LiteRT ships. Files are untrusted: whatever is
wrong inside becomes a `WeighinError` that names the file.
"""

from __future__ import annotations

import dataclasses
import mmap
import struct
from pathlib import Path
from typing import Any

import numpy as np

from weighin.core import WeighinError
from weighin.formats import sparsity
from weighin.formats.budget import NUMBER, RECORD, Budget
from weighin.formats.counting import counted
from weighin.formats.graph import Graph, Subgraph, Tensor
from weighin.formats.lately import content_of, read_lately
from weighin.formats.nodes import Codes, Node, names, numbers, shifted
from weighin.formats.shapes import Dimensions, dimensions
from weighin.formats.tensor import unpack

DAMAGE = (  # what reading a damaged file may raise
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


MOST_BYTES = 2**31  # of a FlatBuffer, whose offsets have 31 bits
_Names = tuple[tuple[str, int], ...]


def read_tflite(path: Path) -> Graph:
    """Read a .tflite file; one that was read lately and has not changed is not read again.

    Raises:
        WeighinError: if it cannot be read or is damaged.
    """
    return read_lately(path, lambda: parsed(_content(path), str(path)))


def parsed(data: bytes | mmap.mmap, called: str) -> Graph:
    """Read the bytes of a .tflite file.

    Args:
        data: all of them, or the file mapped into memory.
        called: the file, in messages.

    Raises:
        WeighinError: if it is damaged, or would take far more memory than it has bytes.
    """
    from ai_edge_litert import schema_py_generated as schema

    budget = Budget(len(data))
    try:
        graph = _graph(schema.Model.GetRootAs(data, 0), data, schema, budget)
        unpack(graph.tensors, budget)
        return graph
    except DAMAGE as error:
        raise WeighinError(
            f"{called} is not a whole .tflite file ({type(error).__name__}: {error}): "
            f"convert the model again."
        ) from error


def _content(path: Path) -> bytes | mmap.mmap:
    if not path.is_file():  # a folder; or a pipe, which would be waited for
        raise WeighinError(f"{path} is no file: name a .tflite file.")
    try:
        with path.open("rb") as file:
            if file.read(8)[4:] != b"TFL3":
                what = (
                    "is empty" if not path.stat().st_size else "is no .tflite file (no TFL3 mark)"
                )
                raise WeighinError(f"{path} {what}: convert the model again.")
        if path.stat().st_size > MOST_BYTES:
            raise WeighinError(
                f"{path} has {path.stat().st_size / 1e9:.1f} GB; a .tflite file is a FlatBuffer, "
                f"which has 2 GB at most: convert the model again."
            )
        return content_of(path)
    except OSError as error:
        raise WeighinError(f"{path} cannot be read: {error.strerror}.") from error


def _graph(model: Any, data: bytes | mmap.mmap, schema: Any, budget: Budget) -> Graph:
    if model.SubgraphsLength() == 0:
        raise ValueError("no subgraph")
    budget.take("its subgraphs", RECORD * model.SubgraphsLength())
    budget.take("its signatures", RECORD * model.SignatureDefsLength())
    budget.take("its metadata", RECORD * model.MetadataLength())
    raw = [model.Subgraphs(number) for number in range(model.SubgraphsLength())]
    codes = Codes(model, schema, budget)
    reader = _Tensors(model, data, schema, budget)
    tensors: list[Tensor] = []
    told: list[Dimensions | None] = []
    nodes: list[Node] = []
    subgraphs: list[Subgraph] = []
    keys = _signatures(model, len(raw))
    for number, subgraph in enumerate(raw):
        first, count = len(tensors), subgraph.TensorsLength()
        for index in range(count):
            tensor, shape = reader.read(subgraph.Tensors(index), index, number)
            tensors.append(tensor)
            told.append(shape)
        inputs, outputs = (
            shifted(array, first, count, budget)
            for array in (subgraph.InputsAsNumpy(), subgraph.OutputsAsNumpy())
        )
        if -1 in (*inputs, *outputs):
            raise IndexError("an input or output is a tensor that is not there")
        subgraphs.append(Subgraph(_text(subgraph.Name()), inputs, outputs, keys[number]))
        operators = map(subgraph.Operators, range(subgraph.OperatorsLength()))
        nodes += [codes.node(operator, number, first, count) for operator in operators]
    graph = counted(tensors, told, nodes, subgraphs, _remarks(model))
    entries, exits = _named(model, subgraphs[0], budget)
    return dataclasses.replace(graph, entries=entries, exits=exits)


def _named(model: Any, subgraph: Subgraph, budget: Budget) -> tuple[_Names, _Names]:
    """Names and tensors of the first subgraph's inputs and outputs, by its first signature."""
    for signature in map(model.SignatureDefs, range(model.SignatureDefsLength())):
        if signature.SubgraphIndex() != 0:
            continue
        ends = signature.InputsLength() + signature.OutputsLength()
        budget.take("a signature", RECORD * ends)
        entries = map(signature.Inputs, range(signature.InputsLength()))
        exits = map(signature.Outputs, range(signature.OutputsLength()))
        named = [
            tuple((_text(each.Name()), each.TensorIndex()) for each in side)
            for side in (entries, exits)
        ]
        numbers = [{number for _, number in side} for side in named]
        if numbers == [set(subgraph.inputs), set(subgraph.outputs)]:
            return named[0], named[1]
    return (), ()


def _signatures(model: Any, subgraphs: int) -> list[tuple[str, ...]]:
    """Of each subgraph, the keys of the signatures that it answers."""
    keys: list[list[str]] = [[] for _ in range(subgraphs)]
    for signature in map(model.SignatureDefs, range(model.SignatureDefsLength())):
        keys[signature.SubgraphIndex()].append(_text(signature.SignatureKey()))
    return [tuple(each) for each in keys]


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="replace")


def _remarks(model: Any) -> tuple[str, ...]:
    metadata = map(model.Metadata, range(model.MetadataLength()))
    remarks = [_text(entry.Name()) for entry in metadata]
    remarks += ["signatures"] * bool(model.SignatureDefsLength())
    remarks += ["description"] * bool(model.Description())
    return tuple(remarks)


class _Tensors:
    """Tensors of the schema as they are read from one file."""

    def __init__(self, model: Any, data: bytes | mmap.mmap, schema: Any, budget: Budget) -> None:
        self._model, self._data, self._schema, self._budget = model, data, schema, budget
        self._types = names(schema.TensorType)

    def read(self, tensor: Any, index: int, subgraph: int) -> tuple[Tensor, Dimensions | None]:
        """A tensor, and its dimensions as the file tells them; None if it tells none."""
        name = _text(tensor.Name())
        self._budget.take("a tensor", RECORD + len(name))
        raw = self._raw(tensor)
        quantization = tensor.Quantization()
        zero_points = quantization.ZeroPointLength() if quantization else 0
        block, channel_scales = self._scales(quantization, subgraph)
        scales = len(channel_scales)
        shape = numbers(tensor.ShapeAsNumpy(), self._budget)
        signature = numbers(tensor.ShapeSignatureAsNumpy(), self._budget)
        # files from before `has_rank` have it nowhere: there, a constant's shape can be relied on
        ranked = bool(shape) or bool(tensor.HasRank()) or len(raw) > 0
        read = Tensor(
            index=index,
            name=name,
            shape=shape,
            dtype=self._types.get(tensor.Type(), f"type {tensor.Type()}"),
            data=raw,
            scales=scales,
            zero_point=quantization.ZeroPoint(0) if zero_points else 0,
            sparsity=sparsity.read(tensor, self._schema, self._budget),
            ranked=ranked,
            buffer=tensor.Buffer() if len(raw) else None,
            subgraph=subgraph,
            scale=channel_scales[0] if scales else 0.0,
            channel_scales=channel_scales,
            axis=quantization.QuantizedDimension() if scales else 0,
            block=block,
        )
        told = dimensions(shape, signature) if ranked else None
        return read, shape if read.is_constant else told

    def _raw(self, tensor: Any) -> Any:
        """The bytes of a tensor's values; none where they are computed."""
        buffer = self._model.Buffers(tensor.Buffer())
        if buffer.Offset() > 1:  # kept behind the FlatBuffer, as in files of over 2 GB
            return np.frombuffer(self._data, np.uint8, buffer.Size(), buffer.Offset())
        return buffer.DataAsNumpy() if buffer.DataLength() else np.empty(0, np.uint8)

    def _scales(self, quantization: Any, subgraph: int) -> tuple[int, tuple[float, ...]]:
        """How many values share a scale, 0 where it is not by blocks, and all scales.

        Those of blocks lie in a tensor of their own, of floats of 16 bits.
        """
        if quantization is None:
            return 0, ()
        if quantization.DetailsType() != self._schema.QuantizationDetails.BlockwiseQuantization:
            self._budget.take("its scales", NUMBER * quantization.ScaleLength())
            scales = quantization.ScaleAsNumpy().tolist() if quantization.ScaleLength() else ()
            return 0, tuple(scales)
        details = self._schema.BlockwiseQuantization()
        details.Init(quantization.Details().Bytes, quantization.Details().Pos)
        kept = self._model.Subgraphs(subgraph).Tensors(details.Scales())
        if self._types.get(kept.Type()) != "FLOAT16" or details.BlockSize() <= 0:
            raise ValueError("scales of blocks are no floats of 16 bits, or of no block")
        data = self._raw(kept)
        self._budget.take("its scales", NUMBER * (len(data) // 2))
        return details.BlockSize(), tuple(data.view(np.float16).tolist())
