"""What each operator loses, on the same inputs, with the kernels that the file will run with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from weighin.core import Array, WeighinError
from weighin.layers.nearness import Range, Sums, has_range
from weighin.layers.opened import Opened, same_bits
from weighin.layers.pair import Pair, Taken
from weighin.layers.rewriting import alone, with_outputs
from weighin.layers.row import Clipping, Near

Example = Mapping[int, Array]  # real inputs of one example, by the numbers of a file's tensors


@dataclass(frozen=True)
class Error:
    """What one operator's output is off by.

    Attributes:
        output: from the float model's, all that comes before included.
        own: from what its float twin makes of the very inputs that it got.
        no_own: why that is not known of an operator with a twin; empty where it is.
        clipping: how its numbers are used.
    """

    output: Near | None = None
    own: Near | None = None
    no_own: str = ""
    clipping: Clipping | None = None


@dataclass(frozen=True)
class Twin:
    """The float twin of an operator, in a file of its own.

    Attributes:
        opened: that file; None where the operator cannot be run so.
        fed: for each of its inputs, the compressed file's tensor that it is given.
        output: of its outputs, the number of the tensor that is looked at.
        why_not: why the operator cannot be run so.
    """

    opened: Opened | None = None
    fed: Mapping[int, int] = field(default_factory=dict)
    output: int = -1
    why_not: str = ""


def errors(
    pair: Pair, examples: Sequence[tuple[Example, Example]]
) -> tuple[list[Error], list[str]]:
    """What each operator of the compressed file is off by, and remarks.

    Both files are opened as they will run, except that they give all tensors as outputs; that this
    changes no answer by a bit is checked on every example.

    Args:
        pair: both files.
        examples: inputs of the compressed file and of the float file, each of one example.

    Raises:
        WeighinError: if a file cannot be run, or answers otherwise when it gives all tensors.
    """
    ours, theirs = _Watched(pair.compressed), _Watched(pair.original)
    sums = [(Sums(), Sums()) for _ in pair.matches]
    made = [_first_made(pair.compressed, place) for place in range(len(pair.matches))]
    twins = {
        place: _twin(pair, place, match.place, made[place])
        for place, match in enumerate(pair.matches)
        if match.place is not None
    }
    ranges = [_range(pair.compressed, number) for number in made]
    inputs = [_range(pair.compressed, number) for number in pair.compressed.graph.inputs]
    seen = [False] * len(pair.matches)
    for own, other in examples:
        ours.run(own)
        theirs.run(other)
        for place, number in enumerate(made):
            wanted = None if number is None else pair.counterpart(number)
            if number is None or wanted is None:
                continue
            values, reference = ours.real(number), theirs.real(wanted)
            if values.shape != reference.shape:
                continue
            seen[place] = True
            sums[place][0].add(values, reference)
            if (used := ranges[place]) is not None:
                used.add(ours.raw(number), reference)
            if (given := _given(pair, place, twins.get(place), ours)) is not None:
                sums[place][1].add(values, given)
        for given_number, used in zip(pair.compressed.graph.inputs, inputs, strict=True):
            if used is not None:
                used.add(ours.raw(given_number), own[given_number])
    found = [
        Error(
            total.near if seen[place] else None,
            own_sums.near if seen[place] and _has_own(pair, place, twins) else None,
            twins[place].why_not if place in twins else "",
            used.clipping if (used := ranges[place]) is not None else None,
        )
        for place, (total, own_sums) in enumerate(sums)
    ]
    wild = {place: own_sums.wild for place, (_, own_sums) in enumerate(sums) if own_sums.wild}
    return found, [*_told(ours, theirs), *_clipped(pair, inputs), *not_finite(pair, wild)]


class _Watched:
    """A file that gives all its tensors, and one beside it that runs as it is."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        numbers = [
            number
            for operator in taken.operators
            for number in operator.outputs
            if number >= 0 and not taken.graph.tensors[number].is_constant
        ]
        self.plain = Opened(taken.content, taken.called)
        self.open = Opened(
            with_outputs(taken.content, numbers, taken.called),
            f"{taken.called} with all tensors as outputs",
        )

    def run(self, inputs: Example) -> None:
        self.plain.run(inputs)
        self.open.run(inputs)
        for number in self._taken.graph.outputs:
            if not same_bits(self.plain.raw(number), self.open.raw(number)):
                name = self._taken.graph.tensors[number].label
                raise WeighinError(
                    f"{self._taken.called} answers otherwise ({name}) when it gives all its "
                    f"tensors as outputs, so these would not be those of the file as it runs: its "
                    f"layers cannot be looked at on this version of ai-edge-litert."
                )

    def raw(self, number: int) -> Array:
        return self.open.raw(number)

    def real(self, number: int) -> Array:
        return self.open.real(number)


def _twin(pair: Pair, place: int, source: int, made: int | None) -> Twin:
    """The float twin of an operator, by its place in the float file, in a file of its own."""
    try:
        ours, theirs = pair.compressed.data(place), pair.original.data(source)
        content, given, gives = alone(pair.original.parts, source)
        opened = Opened(content, f"the operator {place} of {pair.original.called} by itself")
    except WeighinError as error:
        return Twin(why_not=str(error))
    if len(ours) != len(theirs) or len(opened.given) != len(given) or not gives:
        return Twin(why_not="its twin is given another number of tensors")
    numbers = dict(zip(theirs, ours, strict=True))
    output = gives[0] if made is None else pair.counterpart(made)
    if output is None:
        return Twin(why_not="its twin makes another number of tensors")
    return Twin(opened, {number: numbers[number] for number in given}, output)


def _given(pair: Pair, place: int, twin: Twin | None, ours: _Watched) -> Array | None:
    """What an operator's inputs come to in floats: by its twin; of a conversion, as they are."""
    if pair.converts(place):
        return ours.real(pair.compressed.operators[place].inputs[0])
    if twin is None or twin.opened is None:
        return None
    twin.opened.run({own: ours.real(number) for own, number in twin.fed.items()})
    return twin.opened.real(twin.output)


def _has_own(pair: Pair, place: int, twins: Mapping[int, Twin]) -> bool:
    return pair.converts(place) or (place in twins and twins[place].opened is not None)


def _first_made(taken: Taken, place: int) -> int | None:
    """The first tensor that an operator makes and that stands for real numbers, if one does."""
    made = [number for number in taken.operators[place].outputs if number >= 0]
    real = [n for n in made if _is_real(taken, n) and not taken.side.is_constant(n)]
    return real[0] if real else None


def _range(taken: Taken, number: int | None) -> Range | None:
    if number is None or not has_range(taken.graph.tensors[number]):
        return None
    return Range(taken.graph.tensors[number])


def _is_real(taken: Taken, number: int) -> bool:
    """Whether a tensor stands for real numbers, not for places, sizes or classes."""
    tensor = taken.graph.tensors[number]
    return tensor.scales > 0 or tensor.dtype.startswith("FLOAT")


def _told(*watched: _Watched) -> list[str]:
    """That giving all tensors changed into how many parts a delegate cuts a file, where it did."""
    remarks = []
    for each in watched:
        before, after = each.plain.delegates, each.open.delegates
        if before != after:
            remarks.append(
                f"giving all tensors as outputs cuts {each._taken.called} into {after} delegated "
                f"parts, not {before}; its answers stayed the same bit for bit"
            )
    return remarks


def _clipped(pair: Pair, inputs: Sequence[Range | None]) -> list[str]:
    """What of the inputs lies beyond what the file can take."""
    remarks = []
    for number, used in zip(pair.compressed.graph.inputs, inputs, strict=True):
        clipping = None if used is None else used.clipping
        if clipping is not None and clipping.clipped:
            name = pair.compressed.graph.tensors[number].label
            remarks.append(
                f"{clipping.clipped * 100:.2g} % of the values of the input {name} lie beyond what "
                f"its scale can hold"
            )
    return remarks


def not_finite(pair: Pair, wild: Mapping[int, float]) -> list[str]:
    """Where float twins make infinities of numbers that were rounded, as 1/√0."""
    side = pair.compressed.side
    return [
        f"of the inputs of {side.name(place) or place} ({side.operators[place].name}), its float "
        f"twin makes {share * 100:.2g} % infinite or no numbers, which its SQNR leaves out"
        for place, share in wild.items()
    ]
