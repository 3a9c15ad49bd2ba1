"""An .onnx file as a graph: tensors at batch 1, what operators multiply by, how it is quantized.

The file's own messages are read, without the package `onnx`. Files are untrusted: whatever is wrong
inside becomes a `WeighinError` that names the file.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from weighin.core import WeighinError
from weighin.formats.budget import NUMBER, Budget
from weighin.formats.graph import Graph, Operator, Subgraph, Tensor
from weighin.formats.lately import content_of, read_lately
from weighin.formats.onnx import quantizing
from weighin.formats.onnx import work as working
from weighin.formats.onnx.messages import Constant, OnnxGraph, OnnxNode, Reader, Sizes, Value
from weighin.formats.onnx.shapes import SMALL, Shape, folded, shape_of
from weighin.formats.tensor import unpack
from weighin.formats.work import Work

_DAMAGE = (
    struct.error,
    IndexError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
    StopIteration,
)
MOST_BYTES = 2**31  # of a protocol buffer
# What hands a constant on unchanged, but for its type or shape, to an operator that multiplies
_UNPACKING = (
    "DequantizeLinear",
    "Identity",
    "Cast",
    "Transpose",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
)
_NO_DATA = np.empty(0, np.uint8)


def read_onnx(path: Path) -> Graph:
    """Read an .onnx file; one that was read lately and has not changed is not read again.

    Raises:
        WeighinError: if it cannot be read, is damaged, or keeps its weights elsewhere.
    """
    return read_lately(path, lambda: parsed(_content(path), str(path)))


def parsed(data: bytes | mmap.mmap, called: str) -> Graph:
    """Read the bytes of an .onnx file.

    Args:
        data: all of them, or the file mapped into memory.
        called: the file, in messages.

    Raises:
        WeighinError: if it is damaged, or would take far more memory than it has bytes.
    """
    budget = Budget(len(data))
    try:
        graph, remarks = Reader(budget).model(memoryview(data))
        read = _Main(graph, budget).graph(remarks)
        unpack(read.tensors, budget)
        return read
    except _DAMAGE as error:
        raise WeighinError(
            f"{called} is no whole .onnx file that can be read here ({type(error).__name__}: "
            f"{error})."
        ) from error


def _content(path: Path) -> bytes | mmap.mmap:
    if not path.is_file():  # a folder; or a pipe, which would be waited for
        raise WeighinError(f"{path} is no file: name an .onnx file.")
    try:
        size = path.stat().st_size
        if not size:
            raise WeighinError(f"{path} is empty: export the model again.")
        if size > MOST_BYTES:
            raise WeighinError(
                f"{path} has {size / 1e9:.1f} GB; an .onnx file is a protocol buffer, which has "
                f"2 GB at most: export the model again."
            )
        return content_of(path)
    except OSError as error:
        raise WeighinError(f"{path} cannot be read: {error.strerror}.") from error


@dataclass
class _Scope:
    """What names stand for in a graph, and in those around it.

    Attributes:
        numbers: of tensors, by name.
        shapes: by name; of those that are known.
        known: whole numbers that a tensor is known to hold, by name.
        unpacked: for what only unpacks something else, that other name.
    """

    numbers: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    known: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unpacked: dict[str, str] = field(default_factory=dict)

    def inside(self) -> _Scope:
        """Of a graph in this one, which may name what is around it."""
        return _Scope(dict(self.numbers), dict(self.shapes), dict(self.known), dict(self.unpacked))

    def source(self, name: str) -> str:
        """Where a tensor's values come from, by whatever only unpacks them."""
        for _ in range(len(self.unpacked)):  # a damaged file may name a circle
            if name not in self.unpacked:
                break
            name = self.unpacked[name]
        return name


class _Main:
    """The graph of one file put together."""

    def __init__(self, graph: OnnxGraph, budget: Budget) -> None:
        self._main, self._budget = graph, budget
        self._tensors: list[Tensor] = []
        self._operators: list[Operator] = []
        self._ends: set[int] = set()  # inputs and outputs
        self._open = ""  # what the file calls an open batch dimension

    def graph(self, remarks: tuple[str, ...]) -> Graph:
        """The whole of it."""
        constants = {each.name for each in self._main.constants}
        inputs = [each for each in self._main.inputs if each.name not in constants]
        first = inputs[0].shape if inputs else None
        is_open = bool(first) and not isinstance(first[0], int) if first else False
        if first and isinstance(first[0], str):
            self._open = first[0]
        scope = _Scope()
        for value in inputs:
            self._add(scope, value.name, value.dtype, self._sizes(value.shape, batch=True))
        for value in self._main.outputs:
            self._add(scope, value.name, value.dtype, None)
        entries, exits = (
            tuple(scope.numbers[each.name] for each in side)
            for side in (inputs, self._main.outputs)
        )
        self._ends = {*entries, *exits}
        self._fill(self._main, scope, calls=1)
        read = Graph(
            tuple(self._tensors),
            quantizing.with_flow(self._operators),
            entries,
            exits,
            remarks=remarks,
            open_batch=is_open,
        )
        whole = Subgraph("", entries, exits, macs=read.macs, whole=not read.uncounted)
        return replace(read, subgraphs=(whole,))

    def _fill(self, graph: OnnxGraph, scope: _Scope, calls: int) -> None:
        """Add what a graph holds: constants, then operators in their order."""
        told = {each.name: each for each in (*graph.values, *graph.outputs)}
        for constant in graph.constants:
            self._constant(scope, constant)
        for node in graph.nodes:
            self._node(node, scope, told, calls)

    def _node(self, node: OnnxNode, scope: _Scope, told: Mapping[str, Value], calls: int) -> None:
        held = node.attributes.get("value")
        if node.operator == "Constant" and isinstance(held, Constant):
            self._constant(scope, replace(held, name=node.outputs[0]))
            return
        shapes = [scope.shapes.get(name) for name in node.inputs]
        made = self._made(node, scope, told)
        for name, shape in made.items():
            dtype = told[name].dtype if name in told else self._dtype_of(node, scope)
            self._add(scope, name, dtype, shape)
        numbers = folded(node, scope.shapes.get, scope.known.get) if node.inputs else None
        if numbers is not None and node.outputs:
            scope.known[node.outputs[0]] = numbers
        if node.operator in _UNPACKING and node.inputs and node.outputs:
            scope.unpacked[node.outputs[0]] = node.inputs[0]
        self._note_scales(node, scope)
        stored = [self._stored(scope, name) for name in node.inputs]
        first = made.get(node.outputs[0]) if node.outputs else None
        work = working.work_of(node, shapes, first, stored) if node.inputs else Work()
        for inner in (each for held in node.attributes.values() for each in _graphs(held)):
            self._inner(inner, scope)
        data = working.DATA.get(node.operator, range(len(node.inputs)))
        given = [node.inputs[at] for at in data if at < len(node.inputs)]
        self._operators.append(
            Operator(
                name=f"{node.domain} {node.operator}".strip(),
                inputs=tuple(self._number(scope, name) for name in given),
                outputs=tuple(scope.numbers[name] for name in node.outputs if name),
                weights=work.weights,
                positions=work.positions,
                stride=_stride(node),
                more=work.more,
                table=work.table,
                calls=calls,
                uncounted=work.uncounted and calls > 0,  # of a body, what runs it says so
                alias=working.alias_of(node, work, shapes) if node.inputs else "",
                channels=working.channels_of(node, stored) if node.inputs else None,
            )
        )

    def _inner(self, graph: OnnxGraph, scope: _Scope) -> None:
        """The body of a loop or a branch: what it holds counts, how often it runs is not known."""
        inside = scope.inside()
        for value in graph.inputs:
            self._add(inside, value.name, value.dtype, self._sizes(value.shape), anew=True)
        self._fill(graph, inside, calls=0)

    def _made(
        self, node: OnnxNode, scope: _Scope, told: Mapping[str, Value]
    ) -> dict[str, Shape | None]:
        """Shapes of an operator's outputs: by its rule, else as the file tells them."""
        shapes: dict[str, Shape | None] = {
            name: self._sizes(told[name].shape) if name in told else None
            for name in node.outputs
            if name
        }
        if node.operator == "DynamicQuantizeLinear":  # its scale and its zero point
            shapes |= dict.fromkeys(node.outputs[1:], ())
        if node.outputs and node.outputs[0] and node.inputs and not node.domain:
            ruled = shape_of(node, scope.shapes.get, scope.known.get)
            before = shapes[node.outputs[0]]
            if ruled is not None and (before is None or None in before):
                shapes[node.outputs[0]] = ruled
        return shapes

    def _sizes(self, sizes: Sizes | None, *, batch: bool = False) -> Shape | None:
        """A shape at batch 1: an open first dimension of an input, and what is called like it."""
        if sizes is None:
            return None
        return tuple(
            size
            if isinstance(size, int)
            else 1
            if (batch and at == 0) or (size is not None and size == self._open)
            else None
            for at, size in enumerate(sizes)
        )

    def _dtype_of(self, node: OnnxNode, scope: _Scope) -> str:
        """The type of what is made, where the file does not say: mostly that of what is given."""
        if node.operator == "DequantizeLinear":
            return "FLOAT32"
        if node.operator in ("QuantizeLinear", "DynamicQuantizeLinear"):
            zero = node.inputs[2] if len(node.inputs) > 2 else ""
            return self._tensors[scope.numbers[zero]].dtype if zero in scope.numbers else "UINT8"
        if node.operator in ("MatMulInteger", "ConvInteger"):
            return "INT32"
        number = scope.numbers.get(node.inputs[0], -1) if node.inputs else -1
        return "UNDEFINED" if number < 0 else self._tensors[number].dtype

    def _constant(self, scope: _Scope, constant: Constant) -> None:
        number = len(self._tensors)
        scope.numbers[constant.name] = number
        scope.shapes[constant.name] = constant.shape
        tensor = _tensor(number, constant.name, constant.dtype, constant.shape, constant.data)
        if constant.dtype in ("INT32", "INT64") and 0 < tensor.size <= SMALL:
            scope.known[constant.name] = tuple(map(int, tensor.values))
        self._tensors.append(tensor)

    def _add(
        self, scope: _Scope, name: str, dtype: str, shape: Shape | None, *, anew: bool = False
    ) -> None:
        """Add a tensor, or tell the shape of one that is there."""
        if shape is not None:
            scope.shapes[name] = shape
        if name in scope.numbers and not anew:
            number = scope.numbers[name]
            before = self._tensors[number]
            if shape is not None and not before.is_constant and not before.is_known:
                self._tensors[number] = _tensor(number, name, before.dtype, shape)
            return
        scope.numbers[name] = len(self._tensors)
        self._tensors.append(_tensor(len(self._tensors), name, dtype, shape))

    def _number(self, scope: _Scope, name: str) -> int:
        if not name:
            return -1
        if name not in scope.numbers:
            raise IndexError(f"an operator names {name!r}, which is not there")
        return scope.numbers[name]

    def _stored(self, scope: _Scope, name: str) -> Tensor | None:
        """The trained values that an operator is given, whatever only unpacks them."""
        number = scope.numbers.get(scope.source(name), -1)
        tensor = self._tensors[number] if number >= 0 else None
        return tensor if tensor is not None and tensor.is_parameter else None

    def _note_scales(self, node: OnnxNode, scope: _Scope) -> None:
        """Let quantized tensors know their scales, as those of other formats do.

        Those of the graph's own inputs and outputs do not: they are given and taken as integers.
        """
        for tensor, scale, zero in quantizing.scales_of(node):
            number = scope.numbers.get(tensor, -1)
            if number < 0 or number in self._ends or self._tensors[number].scales:
                continue
            scales, zeros = (
                self._tensors[scope.numbers[name]] if name in scope.numbers else None
                for name in (scale, zero)
            )
            axis = int(node.attributes.get("axis", 1))
            noted = quantizing.with_scales(self._tensors[number], scales, zeros, axis)
            self._budget.take("its scales", NUMBER * noted.scales)
            self._tensors[number] = noted
            if scales is not None:  # nobody has trained it
                self._tensors[scales.index] = replace(scales, initial=True)


def _tensor(
    number: int,
    name: str,
    dtype: str,
    shape: Shape | None,
    data: np.ndarray = _NO_DATA,
) -> Tensor:
    sizes = shape or ()
    return Tensor(
        index=number,
        name=name,
        shape=tuple(1 if size is None else size for size in sizes),
        dtype=dtype,
        data=data,
        scales=0,
        zero_point=0,
        unknown=frozenset(at for at, size in enumerate(sizes) if size is None),
        ranked=shape is not None,
    )


def _stride(node: OnnxNode) -> int:
    strides = node.attributes.get("strides")
    return max([1, *strides]) if isinstance(strides, list) else 1


def _graphs(held: object) -> Iterable[OnnxGraph]:
    several = held if isinstance(held, list) else [held]
    return (each for each in several if isinstance(each, OnnxGraph))
