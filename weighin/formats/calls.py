"""Which subgraphs an operator calls, and how often: bodies of loops, branches, initializers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from weighin.formats.graph import Subgraph
from weighin.formats.nodes import Node
from weighin.formats.shapes import Dimensions

Whole = Callable[[int], tuple[int, ...] | None]
_DEEP = 8  # operators between a loop's limit and the constant or the shape that it comes from


class Calls:
    """Who calls which subgraph with what."""

    def __init__(self, nodes: Sequence[Node], subgraphs: Sequence[Subgraph]) -> None:
        """Follow every operator that calls a subgraph.

        Raises:
            IndexError: if it calls one that is not there, or with too few arguments.
            KeyError: if it does not say which.
        """
        self._subgraphs = subgraphs
        self._keeps_state = any(
            node.name == "ASSIGN_VARIABLE" and node.subgraph == 0 for node in nodes
        )
        self._makers = {number: node for node in nodes for number in node.outputs if number >= 0}
        arguments: dict[int, set[int]] = defaultdict(set)
        kept: dict[int, set[int]] = defaultdict(set)
        for node in nodes:
            for called in callees(node):
                given = node.inputs[1:] if node.name == "IF" else node.inputs
                for at, number in enumerate(_of(subgraphs, called).inputs[: len(given)]):
                    arguments[number].add(given[at])
                    kept[number].add(given[at] if self._keeps(node, at) else -1)
        # what a subgraph is given, where all who call it give it the same
        self.arguments = {n: next(iter(given)) for n, given in arguments.items() if len(given) == 1}
        # likewise, where it stays the same from step to step of a loop
        self.passed = {n: next(iter(given)) for n, given in kept.items() if len(given) == 1}
        self.passed = {n: given for n, given in self.passed.items() if given >= 0}

    def _keeps(self, node: Node, at: int) -> bool:
        """Whether an argument stays the same for as long as the call lasts."""
        if node.name != "WHILE":
            return True
        body = _of(self._subgraphs, node.options["BodySubgraphIndex"])
        return body.inputs[at : at + 1] == body.outputs[at : at + 1]

    def is_start(self, node: Node, at: int) -> bool:
        """Whether an operator's input is what a loop's or a variable's state starts from.

        Of variables only where an inference changes some: others may hold weights.
        """
        if node.name == "ASSIGN_VARIABLE":
            return self._keeps_state and at == 1
        return node.name == "WHILE" and not self._keeps(node, at)

    def times(self, node: Node, constant: Whole, shapes: Sequence[Dimensions | None]) -> int | None:
        """How many steps a loop takes; None if that depends on what it computes.

        A loop is understood that counts a number up to a limit, as those of recurrent layers do.

        Args:
            node: a WHILE.
            constant: the whole numbers that a tensor holds; None if it is no small constant.
            shapes: of all tensors, at batch 1.
        """
        condition = _of(self._subgraphs, node.options["CondSubgraphIndex"])
        if len(condition.outputs) != 1:
            return None
        return self._until(condition.outputs[0], node, constant, shapes, _DEEP)

    def _until(
        self,
        number: int,
        loop: Node,
        constant: Whole,
        shapes: Sequence[Dimensions | None],
        deep: int,
    ) -> int | None:
        maker = self._makers.get(number)
        if maker is None or not maker.known or len(maker.inputs) != 2 or not deep:
            return None
        left, right = maker.inputs
        if maker.name == "LOGICAL_AND":
            both = [self._until(side, loop, constant, shapes, deep - 1) for side in (left, right)]
            return min(known) if len(known := [n for n in both if n is not None]) == 2 else None
        if maker.name in ("GREATER", "GREATER_EQUAL"):
            left, right = right, left
        elif maker.name not in ("LESS", "LESS_EQUAL"):
            return None
        counted = self._counter(left, loop, constant, shapes)
        limit = self._number(right, constant, shapes)
        if counted is None or limit is None:
            return None
        start, step = counted
        return max(0, -(-(limit + maker.name.endswith("_EQUAL") - start) // step))

    def _counter(
        self, number: int, loop: Node, constant: Whole, shapes: Sequence[Dimensions | None]
    ) -> tuple[int, int] | None:
        """Where a loop's counter starts, and what every step adds to it; None if it is none."""
        condition = _of(self._subgraphs, loop.options["CondSubgraphIndex"])
        body = _of(self._subgraphs, loop.options["BodySubgraphIndex"])
        if number not in condition.inputs:
            return None
        at = condition.inputs.index(number)
        if at >= min(len(body.inputs), len(body.outputs), len(loop.inputs)):
            return None
        adding = self._makers.get(body.outputs[at])
        if adding is None or adding.name != "ADD" or body.inputs[at] not in adding.inputs:
            return None
        added = [given for given in adding.inputs if given != body.inputs[at]]
        start = self._number(loop.inputs[at], constant, shapes)
        step = self._number(added[0], constant, shapes) if len(added) == 1 else None
        return None if start is None or step is None or step < 1 else (start, step)

    def _number(
        self, number: int, constant: Whole, shapes: Sequence[Dimensions | None], deep: int = _DEEP
    ) -> int | None:
        """A whole number that no input decides: a constant, or a size that the file tells."""
        known = self._numbers(number, constant, shapes, deep)
        return known[0] if known is not None and len(known) == 1 else None

    def _numbers(
        self, number: int, constant: Whole, shapes: Sequence[Dimensions | None], deep: int
    ) -> tuple[int, ...] | None:
        known, maker = constant(number), self._makers.get(number)
        if known is not None or not deep:
            return known
        if maker is None:
            passed = self.passed.get(number)
            return None if passed is None else self._numbers(passed, constant, shapes, deep - 1)
        if maker.name == "SHAPE":
            sizes = shapes[maker.inputs[0]] or (None,)
            whole = tuple(size for size in sizes if size is not None)
            return whole if len(whole) == len(sizes) else None
        if maker.name in ("CAST", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
            return self._numbers(maker.inputs[0], constant, shapes, deep - 1)
        if maker.name == "STRIDED_SLICE":  # one number of a vector
            vector = self._numbers(maker.inputs[0], constant, shapes, deep - 1)
            begin = constant(maker.inputs[1])
            one = maker.options == {"BeginMask": 0, "ShrinkAxisMask": 1}
            if one and vector and begin and len(begin) == 1 and abs(begin[0]) < len(vector):
                return (vector[begin[0]],)
        return None


def callees(node: Node) -> tuple[int, ...]:
    """The numbers of the subgraphs that an operator runs in an inference.

    CALL_ONCE's is none of them: it prepares variables when a file is opened.

    Raises:
        KeyError: if a loop or a branch does not say which.
    """
    if node.name == "WHILE":
        return node.options["CondSubgraphIndex"], node.options["BodySubgraphIndex"]
    if node.name == "IF":
        return node.options["ThenSubgraphIndex"], node.options["ElseSubgraphIndex"]
    if node.name == "CALL":
        return (node.options["Subgraph"],)
    if node.name == "STABLEHLO_COMPOSITE":
        return (node.options["DecompositionSubgraphIndex"],)
    return ()


def _of(subgraphs: Sequence[Subgraph], number: int) -> Subgraph:
    if not 0 <= number < len(subgraphs):
        raise IndexError("a subgraph is called that is not there")
    return subgraphs[number]
