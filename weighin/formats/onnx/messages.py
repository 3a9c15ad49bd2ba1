"""The messages of an .onnx file: tensors, values, nodes and graphs, by their fields' numbers.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Files are untrusted: memory is asked
of the `Budget` first, a path to another file is never followed.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.formats.budget import NUMBER, RECORD, Budget
from weighin.formats.protobuf import Message, fields, varints

DTYPES = (
    *("UNDEFINED", "FLOAT32", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING"),
    *("BOOL", "FLOAT16", "FLOAT64", "UINT32", "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16"),
    *("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4", "INT4"),
    *("FLOAT4E2M1", "FLOAT8E8M0", "UINT2", "INT2"),
)  # TensorProto.DataType, by the names that tensors of other formats have
_RAW, _WHOLE = {4, 9, 10}, {5, 7, 11}  # fields of a tensor's values: as they are, or as varints
_NARROWED = {
    **{"INT8": np.int8, "UINT8": np.uint8, "BOOL": np.uint8, "INT16": np.int16},
    **{"UINT16": np.uint16, "FLOAT16": np.uint16, "BFLOAT16": np.uint16, "INT32": np.int32},
    **{"UINT32": np.uint32, "UINT64": np.uint64, "INT64": np.int64},
    **dict.fromkeys(("INT4", "UINT4"), np.uint8),
}
_EXTERNAL = 1  # TensorProto.DataLocation
DEEPEST = 16  # graphs inside of graphs: bodies of loops and branches

Sizes = tuple[int | str | None, ...]  # of a value: known ones, names of open ones, or neither


@dataclass(frozen=True)
class Constant:
    """A tensor whose values are in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Value:
    """An input, an output or what lies between; `shape` is None where its rank is not told."""

    name: str
    dtype: str
    shape: Sizes | None


@dataclass(frozen=True)
class OnnxNode:
    """An operator; its attributes are numbers, texts, constants or graphs."""

    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass
class OnnxGraph:
    """A graph: of the model, or of a loop's or branch's body."""

    nodes: list[OnnxNode] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)


class Reader:
    """Reads the messages of one file."""

    def __init__(self, budget: Budget) -> None:
        """Read as much as a budget allows."""
        self._budget = budget

    def model(self, content: Message) -> tuple[OnnxGraph, tuple[str, ...]]:
        """The graph of a file, and what else the file says that no inference needs.

        Raises:
            ValueError: if there is none, or anything in it is damaged.
        """
        graphs, remarks = [], list[str]()
        for number, value in fields(content):
            if number == 7:
                graphs.append(_bytes(value))
            elif number in _REMARKS:
                remarks += [_REMARKS[number]] * (_REMARKS[number] not in remarks)
        if len(graphs) != 1:
            raise ValueError("no graph" if not graphs else "several graphs")
        return self.graph(graphs[0], 0), tuple(remarks)

    def graph(self, content: Message, depth: int) -> OnnxGraph:
        """A graph, `depth` graphs deep in others."""
        if depth > DEEPEST:
            raise ValueError(f"graphs inside of graphs, more than {DEEPEST} deep")
        graph = OnnxGraph()
        for number, value in fields(content):
            if number == 1:
                graph.nodes.append(self._node(_bytes(value), depth))
            elif number == 5:
                graph.constants.append(self.constant(_bytes(value)))
            elif number in (11, 12, 13):
                place = {11: graph.inputs, 12: graph.outputs, 13: graph.values}[number]
                place.append(self._value(_bytes(value)))
            elif number == 15:
                raise ValueError("it stores sparse tensors, which are not read here")
        return graph

    def _node(self, content: Message, depth: int) -> OnnxNode:
        self._budget.take("an operator", RECORD)
        names: dict[int, list[str]] = {1: [], 2: [], 4: [""], 7: [""]}
        attributes: dict[str, Any] = {}
        for number, value in fields(content):
            if number in names:
                names[number].append(self._text(value))
            elif number == 5:
                name, held = self._attribute(_bytes(value), depth)
                attributes[name] = held
        domain = names[7][-1]
        return OnnxNode(
            names[4][-1],
            "" if domain == "ai.onnx" else domain,
            tuple(names[1]),
            tuple(names[2]),
            attributes,
        )

    def _attribute(self, content: Message, depth: int) -> tuple[str, Any]:
        name, held = "", None
        several: list[Any] = []
        for number, value in fields(content):
            if number == 1:
                name = self._text(value)
            elif number == 2:
                (held,) = struct.unpack("<f", _bytes(value))
            elif number == 3:
                held = _signed(value)
            elif number == 4:
                held = self._text(value)
            elif number == 5:
                held = self.constant(_bytes(value))
            elif number == 6:
                held = self.graph(_bytes(value), depth + 1)
            elif number == 8:
                several += self._numbers(value)
            elif number == 11:
                several.append(self.graph(_bytes(value), depth + 1))
        return name, several if several else held

    def constant(self, content: Message) -> Constant:
        """A tensor of the file.

        Raises:
            ValueError: if its values are in another file, or are not as many as its shape says.
        """
        shape: list[int] = []
        name, number_of_type, location, place = "", 0, 0, ""
        parts: list[npt.NDArray[Any]] = []
        for number, value in fields(content):
            if number == 1:
                shape += self._numbers(value)
            elif number == 2:
                number_of_type = _signed(value)
            elif number == 8:
                name = self._text(value)
            elif number in _RAW:
                self._budget.take("its values", NUMBER)
                parts.append(np.frombuffer(_bytes(value), np.uint8))
            elif number in _WHOLE:
                parts.append(self._whole(value))
            elif number == 13:
                entry = dict(fields(_bytes(value)))
                if self._text(entry.get(1, b"")) == "location":
                    place = self._text(entry.get(2, b""))
            elif number == 14:
                location = _signed(value)
        self._budget.take("a tensor", RECORD + NUMBER * (len(shape) + len(name)))
        if location == _EXTERNAL or place:
            raise ValueError(
                f"{name!r} has its values in another file, {place!r}, and no path in a file is "
                f"followed: write it as one file by onnx.save(onnx.load(…), …)"
            )
        dtype = _dtype(number_of_type)
        if any(size < 0 for size in shape):
            raise ValueError(f"{name!r} has the shape {shape}")
        data = self._joined(parts, dtype)
        bits = _bits(dtype)
        wanted = -(-math.prod(shape) * bits // 8)
        if dtype != "STRING" and wanted != len(data):
            raise ValueError(f"{name!r} of shape {shape} holds {len(data)} bytes, not {wanted}")
        return Constant(name, dtype, tuple(shape), data)

    def _whole(self, value: int | Message) -> npt.NDArray[Any]:
        if isinstance(value, int):
            self._budget.take("its numbers", NUMBER)
            return np.array([_signed(value)], np.int64)
        self._budget.take("its numbers", 32 * len(value))
        return varints(value)

    def _joined(self, parts: list[npt.NDArray[Any]], dtype: str) -> npt.NDArray[np.uint8]:
        """The bytes of values, which may come in several parts, packed or one by one."""
        narrow = _NARROWED.get(dtype, np.int64)
        raw = [
            part if part.dtype == np.uint8 else part.astype(narrow).view(np.uint8) for part in parts
        ]
        if len(raw) == 1:
            return raw[0]
        self._budget.take("its values", sum(map(len, raw)))
        return np.concatenate(raw) if raw else np.empty(0, np.uint8)

    def _value(self, content: Message) -> Value:
        self._budget.take("a value", RECORD)
        name, dtype, shape = "", "UNDEFINED", None
        for number, value in fields(content):
            if number == 1:
                name = self._text(value)
            elif number == 2:
                for kind, typed in fields(_bytes(value)):
                    if kind == 1:  # a tensor, not a sequence or a map
                        dtype, shape = self._typed(_bytes(typed))
        return Value(name, dtype, shape)

    def _typed(self, content: Message) -> tuple[str, Sizes | None]:
        dtype, shape = "UNDEFINED", None
        for number, value in fields(content):
            if number == 1:
                dtype = _dtype(_signed(value))
            elif number == 2:
                sizes = [each for key, each in fields(_bytes(value)) if key == 1]
                self._budget.take("a shape", NUMBER * len(sizes))
                shape = tuple(self._size(_bytes(each)) for each in sizes)
        return dtype, shape

    def _size(self, content: Message) -> int | str | None:
        size: int | str | None = None
        for number, value in fields(content):
            if number == 1:
                size = _signed(value)
                if size < 0:
                    size = None  # how some writers say that it is open
            elif number == 2:
                size = self._text(value) or None
        return size

    def _numbers(self, value: int | Message) -> list[int]:
        if isinstance(value, int):
            return [_signed(value)]
        self._budget.take("a vector", NUMBER * len(value))
        numbers: list[int] = varints(value).tolist()
        return numbers

    def _text(self, value: int | Message) -> str:
        raw = _bytes(value)
        self._budget.take("a name", NUMBER * len(raw))
        return bytes(raw).decode(errors="replace")


_REMARKS = {6: "description", 14: "metadata", 20: "training", 25: "functions"}  # of ModelProto


def _bytes(value: int | Message) -> Message:
    if isinstance(value, int):
        raise ValueError("a number where a message should be")
    return value


def _signed(value: int | Message) -> int:
    if not isinstance(value, int):
        raise ValueError("a message where a number should be")
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def _dtype(number: int) -> str:
    return DTYPES[number] if 0 <= number < len(DTYPES) else f"type {number}"


def _bits(dtype: str) -> int:
    """How many bits a value of a type takes."""
    special = {"BOOL": 8, "INT8": 8, "UINT8": 8, "FLOAT4E2M1": 4, "COMPLEX64": 64}
    if dtype in special:
        return special[dtype]
    if dtype == "COMPLEX128":
        return 128
    if dtype.startswith("FLOAT8"):
        return 8
    digits = dtype.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    if dtype.startswith("type") or not digits.isdecimal():
        return 8
    return int(digits)
