"""Shapes of a graph at batch 1, where a file leaves the batch dimension open.

What a file says of an inner tensor is -1, where that may be more than the batch: the steps of a
sequence that a RESHAPE folded into it, or the blocks of a dilated convolution. So dimensions are
followed through the operators, from the inputs on; what cannot be told stays unknown.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from weighin.formats.graph import Subgraph
from weighin.formats.nodes import Node

Dimensions = tuple[int | None, ...]  # None where it is not known
Constant = Callable[[int], tuple[int, ...] | None]

# As many values come out as go in, in another shape.
_SAME_SIZE = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH"}
# How many values come out depends on values that come in.
_BY_VALUE = {
    "NON_MAX_SUPPRESSION_V4",
    "NON_MAX_SUPPRESSION_V5",
    "RANGE",
    "UNIQUE",
    "WHERE",
}


def dimensions(shape: Sequence[int], signature: Sequence[int]) -> Dimensions:
    """What a tensor's two vectors say; the second has -1 where the first is an example."""
    if len(signature) != len(shape):
        signature = shape
    pairs = zip(shape, signature, strict=True)
    return tuple(None if min(size, known) < 0 else size for size, known in pairs)


def resolved(
    told: Sequence[Dimensions | None],
    subgraphs: Iterable[Subgraph],
    nodes: Iterable[Node],
    arguments: Mapping[int, int],
    constant: Constant,
) -> list[Dimensions | None]:
    """The dimensions of all tensors at batch 1.

    Args:
        told: of each tensor, what the file says; None where it says nothing.
        subgraphs: all of them; those whose inputs nobody gives have the batch there, if it is open.
        nodes: all operators, in the order in which they run.
        arguments: of inputs of subgraphs, the tensors that they are given.
        constant: the whole numbers that a tensor holds; None if it is no small constant.
    """
    shapes = list(told)
    by_subgraph: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        by_subgraph[node.subgraph].append(node)
    for at, subgraph in enumerate(subgraphs):
        for number in subgraph.inputs:
            given = arguments.get(number, -1)
            shapes[number] = _given(shapes[number], shapes[given] if given >= 0 else None)
        for node in by_subgraph[at]:
            for number in node.outputs:
                shape = shapes[number] if number >= 0 else None
                if shape is not None and None in shape:
                    shapes[number] = _output(node, shape, told, shapes, constant)
    return shapes


def _given(shape: Dimensions | None, argument: Dimensions | None) -> Dimensions | None:
    """An input's shape: that of what it is given, or with a batch of 1."""
    if shape is None or None not in shape:
        return shape
    if argument is not None and len(argument) == len(shape):
        return argument
    return _led(shape, 1)


def _led(shape: Dimensions, first: int | None) -> Dimensions:
    """The shape with its first dimension, if that was open."""
    return (first, *shape[1:]) if shape and shape[0] is None else shape


def _output(
    node: Node,
    shape: Dimensions,
    told: Sequence[Dimensions | None],
    whole: Sequence[Dimensions | None],
    constant: Constant,
) -> Dimensions:
    given = [number for number in node.inputs if number >= 0]
    if not node.known or node.name in _BY_VALUE or not given:
        return shape
    data = whole[given[0]]
    if node.name in _SAME_SIZE:
        return _of_size(shape, data)
    if node.name in ("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "TILE"):
        return _led(shape, _multiplied(node, data, constant))
    firsts = [known[0] if (known := whole[number]) else None for number in given]
    if node.name == "CONCATENATION" and node.options.get("Axis") == 0:
        return _led(shape, sum(n for n in firsts if n is not None) if None not in firsts else None)
    batches = [
        first
        for number, first in zip(given, firsts, strict=True)
        if (known := told[number]) is not None and known[:1] == (None,)
    ]
    if None in batches:
        return shape
    # where no input is open the shape itself was computed, as that of a state filled with zeros
    return _led(shape, max((size for size in batches if size is not None), default=1))


def _of_size(shape: Dimensions, given: Dimensions | None) -> Dimensions:
    """The shape whose one unknown dimension is what the number of values leaves."""
    if given is None or None in given or shape.count(None) != 1:
        return shape
    size = math.prod(n for n in given if n is not None)
    others = math.prod(n for n in shape if n is not None)
    if not others or size % others:
        return shape
    return tuple(size // others if n is None else n for n in shape)


def _multiplied(node: Node, data: Dimensions | None, constant: Constant) -> int | None:
    """The batch after its images were repeated, cut into blocks, or put together again."""
    factors = constant(node.inputs[1])
    if not factors or not data or data[0] is None:
        return None
    if node.name == "TILE":
        return data[0] * factors[0]
    count = math.prod(factors)
    if node.name == "SPACE_TO_BATCH_ND":
        return data[0] * count
    return data[0] // count if count > 0 and data[0] % count == 0 else None
