"""Which operator of a float file stands for which of a compressed one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weighin.formats.graph import Graph, Operator

CONVERTING = ("QUANTIZE", "DEQUANTIZE")  # what only says the same in other numbers
_PASSED = (*CONVERTING, "DENSIFY")


@dataclass(frozen=True)
class Match:
    """What a compressed file's operator is held against.

    Attributes:
        place: of the float file's operator; None if there is none.
        how: it was found: `name`, `structure` or `shape`; empty if there is none.
        why: there is none; empty where there is.
    """

    place: int | None = None
    how: str = ""
    why: str = ""


class Side:
    """One file, as matching looks at it: operators of its first subgraph, what they are given."""

    def __init__(self, graph: Graph, activations: Sequence[int]) -> None:
        """Look at a graph.

        Args:
            graph: what the file holds.
            activations: of each operator of the first subgraph, the number of the activation
                function that is part of it.
        """
        self.graph = graph
        self.operators = [each for each in graph.operators if each.subgraph == 0]
        self.activations = list(activations)
        self.makers = {n: at for at, each in enumerate(self.operators) for n in each.outputs}

    def source(self, number: int) -> int:
        """The tensor whose values another only has in other numbers."""
        for _ in range(len(self.operators) + 1):  # a damaged file may name a circle
            at = self.makers.get(number)
            if at is None or self.operators[at].name not in _PASSED:
                break
            number = self.operators[at].inputs[0]
        return number

    def is_constant(self, number: int) -> bool:
        """Whether its values stand in the file, converted or not."""
        return self.graph.tensors[self.source(number)].is_constant

    def data(self, at: int) -> list[int]:
        """What an operator is given that is computed, behind all conversions."""
        given = [number for number in self.operators[at].inputs if number >= 0]
        return [self.source(number) for number in given if not self.is_constant(number)]

    def name(self, at: int) -> str:
        """Of an operator: that of the first tensor which it makes."""
        return named(self.graph, self.operators[at])

    def looks(self, at: int) -> tuple[object, ...]:
        """What twins have in common: kind, shapes of weights and outputs, activation function."""
        operator = self.operators[at]
        return (
            operator.name,
            tuple(kernel.shape for kernel in operator.kernels),
            tuple(self.graph.tensors[number].shape for number in operator.outputs),
            self.activations[at],
            operator.stride,
        )

    def candidates(self) -> list[int]:
        """The operators that do more than to convert."""
        return [at for at, each in enumerate(self.operators) if each.name not in _PASSED]


def named(graph: Graph, operator: Operator) -> str:
    """The name of the first tensor that an operator makes; empty if it has none."""
    made = [number for number in operator.outputs if number >= 0]
    return graph.tensors[made[0]].name if made else ""


def matched(compressed: Side, original: Side, inputs: Mapping[int, int]) -> list[Match]:
    """For each operator of the compressed file's first subgraph, its twin in the float file.

    By name first: the one operator on either side that makes a tensor of that name, if both look
    alike. Then by structure: what is made of the same data, by an operator that looks alike. Then
    by looks alone, where there is one such operator on either side.

    Args:
        compressed: the file that is looked at.
        original: its float model.
        inputs: by the number of an input of the first, that of the second which is given the same.
    """
    both = _Both(compressed, original, inputs, {})
    both.by_name()
    while both.by_structure() or both.by_looks():
        pass
    pairs, crossed = both.pairs, both.crossed()
    free = set(original.candidates()) - {at for at, _ in pairs.values()}
    matches = []
    for at, operator in enumerate(compressed.operators):
        if operator.name in _PASSED:
            matches.append(Match(why="it only converts numbers"))
        elif at in crossed:
            matches.append(Match(why=crossed[at]))
        elif at in pairs:
            matches.append(Match(*pairs[at]))
        else:
            matches.append(Match(why=_why(compressed, at, original, free)))
    return matches


@dataclass
class _Both:
    """Two files, and what is matched so far: by place, the twin's place and how it was found."""

    compressed: Side
    original: Side
    inputs: Mapping[int, int]
    pairs: dict[int, tuple[int, str]]

    def by_name(self) -> None:
        """Match what has a name of its own on either side."""
        sides = (self.compressed, self.original)
        ours, theirs = (Counter(side.name(at) for at in side.candidates()) for side in sides)
        places = {self.original.name(at): at for at in self.original.candidates()}
        for at in self.compressed.candidates():
            name = self.compressed.name(at)
            if name and ours[name] == theirs[name] == 1 and self._alike(at, places[name]):
                self.pairs[at] = places[name], "name"

    def by_structure(self) -> bool:
        """Match what is made of data that are matched; whether anything was."""
        before = len(self.pairs)
        for at in self._left():
            wanted = self.stands_for(at)
            if wanted is None:
                continue
            fitting = [
                there
                for there in self._free()
                if self._alike(at, there) and self.original.data(there) == wanted
            ]
            rivals = [
                other
                for other in self._left()
                if self.compressed.looks(other) == self.compressed.looks(at)
                and self.compressed.data(other) == self.compressed.data(at)
            ]
            if len(fitting) == len(rivals) == 1:
                self.pairs[at] = fitting[0], "structure"
        return len(self.pairs) > before

    def by_looks(self) -> bool:
        """Match the first that looks like one other operator only; whether there was one."""
        here = Counter(map(self.compressed.looks, self._left()))
        there = Counter(map(self.original.looks, self._free()))
        for at in self._left():
            looks = self.compressed.looks(at)
            if here[looks] == there[looks] == 1:
                twin = next(each for each in self._free() if self._alike(at, each))
                self.pairs[at] = twin, "shape"
                return True
        return False

    def stands_for(self, at: int) -> list[int] | None:
        """The float file's tensors for what an operator is given; None if some are not matched."""
        wanted = []
        for number in self.compressed.data(at):
            maker = self.compressed.makers.get(number)
            if maker is None and number in self.inputs:
                wanted.append(self.inputs[number])
            elif maker in self.pairs:
                place = self.compressed.operators[maker].outputs.index(number)
                wanted.append(self.original.operators[self.pairs[maker][0]].outputs[place])
            else:
                return None
        return wanted

    def crossed(self) -> dict[int, str]:
        """Those whose twin is given other data than they are, so that errors would mean nothing."""
        return {
            at: f"its twin by {how}, {self.original.name(there) or there}, is given other data"
            for at, (there, how) in self.pairs.items()
            if (wanted := self.stands_for(at)) is not None and self.original.data(there) != wanted
        }

    def _left(self) -> list[int]:
        return [at for at in self.compressed.candidates() if at not in self.pairs]

    def _free(self) -> list[int]:
        taken = {there for there, _ in self.pairs.values()}
        return [at for at in self.original.candidates() if at not in taken]

    def _alike(self, at: int, there: int) -> bool:
        return self.compressed.looks(at) == self.original.looks(there)


def _why(compressed: Side, at: int, original: Side, free: set[int]) -> str:
    kind = compressed.operators[at].name
    alike = [there for there in free if original.looks(there) == compressed.looks(at)]
    if alike:
        return f"{len(alike)} operators of the float file look alike, and none has its name or data"
    same_kind = [there for there in free if original.operators[there].name == kind]
    if same_kind:
        return f"no {kind} of its shapes and activation function is left in the float file"
    return f"the float file has no further {kind}"
