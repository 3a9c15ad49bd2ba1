"""A compressed file and its float model, read, taken apart and matched, operator by operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from weighin.core import WeighinError
from weighin.formats.graph import Graph, Operator
from weighin.formats.tflite import read_tflite
from weighin.layers.editable import Editable, numbers_of
from weighin.layers.matching import CONVERTING, Match, Side, matched, named


@dataclass(frozen=True)
class Taken:
    """One file, read and taken apart.

    Attributes:
        path: of the file.
        content: its bytes.
        graph: what it holds.
        side: its operators as matching looks at them.
    """

    path: Path
    content: bytes
    graph: Graph
    side: Side

    @classmethod
    def read(cls, path: Path) -> Taken:
        """Read a file.

        Raises:
            WeighinError: if it cannot be read, is damaged, or cannot be taken apart.
        """
        graph, content = read_tflite(path), path.read_bytes()
        file = Editable(content, path.name)
        count = sum(operator.subgraph == 0 for operator in graph.operators)
        if len(file.graph.operators) != count or not count:
            raise WeighinError(f"{path.name} holds no operators whose layers could be looked at.")
        activations = [file.activation(place) for place in range(count)]
        return cls(path, content, graph, Side(graph, activations))

    @property
    def operators(self) -> list[Operator]:
        """Those of the first subgraph, which an inference runs."""
        return self.side.operators

    @property
    def called(self) -> str:
        """The file, in messages."""
        return self.path.name

    def editable(self) -> Editable:
        """The file taken apart anew, to be changed."""
        return Editable(self.content, self.called)

    @cached_property
    def parts(self) -> Editable:
        """The file taken apart once, of which parts are taken and nothing is changed."""
        return self.editable()

    def data(self, place: int) -> list[int]:
        """What an operator is given directly that is computed.

        Raises:
            WeighinError: if it keeps a state from one call to the next.
        """
        file = self.parts
        unpacked = {int(n) for each in file.unpacking(place) for n in each.outputs}
        given = numbers_of(file.graph.operators[place].inputs)
        if any(file.graph.tensors[number].isVariable for number in given):
            raise WeighinError("it keeps a state, which one operator by itself has not")
        return [n for n in given if n not in unpacked and not file.is_constant(n)]


class Pair:
    """A compressed file and the float file that it is held against.

    Attributes:
        compressed: the file whose layers are looked at.
        original: its float model.
        matches: of each operator of the compressed file, its twin.
    """

    def __init__(
        self, compressed: Taken, original: Taken, inputs: Mapping[int, int] | None = None
    ) -> None:
        """Match both, operator by operator.

        Args:
            compressed: the file whose layers are looked at.
            original: its float model.
            inputs: by the number of an input of the first, that of the second which is given the
                same; in their order if not given.
        """
        self.compressed, self.original = compressed, original
        in_order = zip(compressed.graph.inputs, original.graph.inputs, strict=False)
        self._inputs = dict(in_order) if inputs is None else dict(inputs)
        self.matches: list[Match] = matched(compressed.side, original.side, self._inputs)

    def counterpart(self, number: int) -> int | None:
        """The float file's tensor that one of the compressed file stands for; None if unknown."""
        ours, theirs = self.compressed, self.original
        number = ours.side.source(number)
        maker = ours.side.makers.get(number)
        if maker is None:
            return self._inputs.get(number)
        twin = self.matches[maker].place
        if twin is None:
            return None
        return theirs.operators[twin].outputs[ours.operators[maker].outputs.index(number)]

    def converts(self, place: int) -> bool:
        """Whether an operator of the compressed file only converts what is computed."""
        operator, side = self.compressed.operators[place], self.compressed.side
        return operator.name in CONVERTING and not side.is_constant(operator.inputs[0])

    @property
    def without_twin(self) -> tuple[tuple[str, str], ...]:
        """The float file's operators that stand for none of the compressed file, by name."""
        taken = {match.place for match in self.matches}
        side = self.original.side
        return tuple(
            (
                named(side.graph, side.operators[at]) or f"operator {at}",
                f"{side.operators[at].name}: the compressed file has none like it",
            )
            for at in side.candidates()
            if at not in taken
        )
