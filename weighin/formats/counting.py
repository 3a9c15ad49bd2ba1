"""A graph put together: its shapes at batch 1, what operators multiply by, how often they run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from weighin.formats.calls import Calls
from weighin.formats.frequencies import frequencies
from weighin.formats.graph import Graph, Operator, Subgraph
from weighin.formats.nodes import Node
from weighin.formats.shapes import Dimensions, resolved
from weighin.formats.tensor import Tensor
from weighin.formats.work import Work, work_of

_SMALL = 16  # numbers of a constant that may say how long a loop is, or which shape is made
# float16 and sparse weights reach their operator through one that unpacks them
_UNPACKING = ("DEQUANTIZE", "DENSIFY")


def counted(
    tensors: Sequence[Tensor],
    told: Sequence[Dimensions | None],
    nodes: Sequence[Node],
    subgraphs: Sequence[Subgraph],
    remarks: tuple[str, ...],
) -> Graph:
    """The graph of a file.

    Args:
        tensors: of all subgraphs, as the file has them.
        told: the dimensions of each, as the file has them; None where it has none.
        nodes: the operators of all subgraphs, in the order in which they run.
        subgraphs: all of them, the one that an inference runs first.
        remarks: what the file says beside it.

    Raises:
        IndexError: if an operator lacks an input or calls a subgraph that is not there.
        KeyError: if a loop or a branch does not say which subgraph it calls.
        ValueError: if subgraphs call each other in a circle.
    """
    calls = Calls(nodes, subgraphs)

    def constant(number: int) -> tuple[int, ...] | None:
        if number < 0:
            return None
        tensor = tensors[_source(number, calls.passed)]
        whole = tensor.dtype in ("INT32", "INT64") and not tensor.scales and not tensor.sparse
        if not tensor.is_constant or not whole or tensor.size > _SMALL:
            return None
        return tuple(map(int, tensor.values))

    shapes = resolved(told, subgraphs, nodes, calls.arguments, constant)
    initial = _initial(tensors, nodes, subgraphs, calls)
    tensors = [
        _at_batch_1(tensor, shape, number in initial)
        for number, (tensor, shape) in enumerate(zip(tensors, shapes, strict=True))
    ]
    unpacked = {
        node.outputs[0]: node.inputs[0]
        for node in nodes
        if node.name in _UNPACKING and -1 not in (node.inputs[0], node.outputs[0])
    }
    sources = calls.passed | unpacked

    def tensor_of(number: int) -> Tensor:
        if number < 0:
            raise IndexError("an operator lacks an input")
        return tensors[number]

    def stored(number: int) -> Tensor:
        tensor, source = tensor_of(number), tensors[_source(number, sources)]
        return source if source.is_parameter else tensor

    works = [work_of(node, tensor_of, stored) for node in nodes]
    often = frequencies(
        nodes, works, len(subgraphs), lambda node: calls.times(node, constant, shapes)
    )
    operators = tuple(
        _operator(node, work, runs, uncounted=left_out)
        for node, work, runs, left_out in zip(
            nodes, works, often.operators, often.uncounted, strict=True
        )
    )
    whole = tuple(
        dataclasses.replace(subgraph, macs=often.macs[at], whole=often.whole[at])
        for at, subgraph in enumerate(subgraphs)
    )
    main = subgraphs[0]
    first = told[main.inputs[0]] if main.inputs else None
    return Graph(
        tuple(tensors),
        operators,
        main.inputs,
        main.outputs,
        remarks,
        whole,
        open_batch=first is not None and first[:1] == (None,),
    )


def _source(number: int, sources: Mapping[int, int]) -> int:
    """Where a tensor's values come from, unchanged."""
    for _ in range(len(sources)):  # a damaged file may name a circle
        if number not in sources:
            break
        number = sources[number]
    return number


def _initial(
    tensors: Sequence[Tensor], nodes: Sequence[Node], subgraphs: Sequence[Subgraph], calls: Calls
) -> set[int]:
    """The zeros that are nothing but where the state of a loop or of a variable starts from."""
    others = {number for subgraph in subgraphs for number in subgraph.outputs}
    starts: set[int] = set()
    for node in reversed(nodes):  # what uses a tensor unpacked before what unpacks it
        for at, number in enumerate(node.inputs):
            if node.name in _UNPACKING and node.outputs:
                is_start = node.outputs[0] in starts and node.outputs[0] not in others
            else:
                is_start = calls.is_start(node, at)
            (starts if is_start else others).add(number)
    return {
        number
        for number in starts - others
        if number >= 0 and tensors[number].is_real and not tensors[number].nonzero
    }


def _at_batch_1(tensor: Tensor, shape: Dimensions | None, initial: bool) -> Tensor:
    if shape is None:
        return tensor
    unknown = frozenset(at for at, size in enumerate(shape) if size is None)
    sizes = tuple(1 if size is None else size for size in shape)
    if (sizes, unknown, initial) == (tensor.shape, tensor.unknown, tensor.initial):
        return tensor
    return dataclasses.replace(tensor, shape=sizes, unknown=unknown, initial=initial)


def _operator(node: Node, work: Work, calls: int, uncounted: bool) -> Operator:
    return Operator(
        name=node.name,
        inputs=node.inputs,
        outputs=node.outputs,
        weights=work.weights,
        positions=work.positions,
        stride=max(1, node.options.get("StrideH", 1), node.options.get("StrideW", 1)),
        more=work.more,
        table=work.table,
        calls=calls,
        uncounted=uncounted,
        subgraph=node.subgraph,
    )
