"""All that is said of a compressed file's layers, gathered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weighin import packages
from weighin.core import WeighinError
from weighin.formats.graph import Operator, Tensor
from weighin.layers import times
from weighin.layers.asking import with_sensitivities
from weighin.layers.delegating import flowing, left_out, why
from weighin.layers.errors import Error, Example, errors
from weighin.layers.files import RUNTIME, Beside
from weighin.layers.limits import Stop, never
from weighin.layers.nearness import of_weights
from weighin.layers.pair import Pair
from weighin.layers.row import CONSTANT, CONVERSION, Layer, Layers
from weighin.targets.machine import processor

EXAMPLES = 64  # that errors are of, if not told otherwise
TESTED = 500  # that a sensitivity's figure is of

Progress = Callable[[str, int, int], None]
"""Is told what is done, how many of it, of how many."""


@dataclass(frozen=True)
class Wanted:
    """How much is measured.

    Attributes:
        examples: that errors are of.
        tested: that each figure of a sensitivity is of; 0 for no sensitivities.
        seconds: that timing operators may take; 0 for no times.
        minutes: that sensitivities may take; None for as long as they take.
    """

    examples: int = EXAMPLES
    tested: int = TESTED
    seconds: float = times.SECONDS
    minutes: float | None = None


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody."""


def analysed(
    beside: Beside, wanted: Wanted, progress: Progress = silent, stop: Stop = never
) -> Layers:
    """All layers of a compressed file, held against its float model's.

    Args:
        beside: both files and their data.
        wanted: how much is measured.
        progress: is told what is done.
        stop: says why nothing further is measured; what is measured by then is kept.

    Raises:
        WeighinError: if a file cannot be run, or nothing of one is matched with the other.
    """
    pair = beside.pair
    refuse_strangers(pair)
    progress("errors", 0, 1)
    examples = beside.examples(wanted.examples)
    layers, remarks = rows(pair, examples)
    progress("errors", 1, 1)
    whole = Layers(
        file=pair.compressed.called,
        against=pair.original.called,
        examples=len(examples),
        layers=layers,
        without_twin=pair.without_twin,
        remarks=(*remarks, *_of_data(beside)),
    )
    if wanted.tested:
        whole = with_sensitivities(
            whole,
            beside,
            wanted.tested,
            None if wanted.minutes is None else wanted.minutes * 60,
            lambda done, total: progress("sensitivities", done, total),
            stop,
        )
    if wanted.seconds:
        whole = _with_times(whole, beside, examples[0][0], wanted.seconds, progress, stop)
    return dataclasses.replace(whole, stopped=stop(), machine=_machine())


def _machine() -> str:
    """Whose kernels and clock these were: processor and version of LiteRT."""
    return f"{processor().cpu}, ai-edge-litert {packages.version('ai-edge-litert')}"


def refuse_strangers(pair: Pair) -> None:
    """Refuse two files that have nothing in common.

    Raises:
        WeighinError: if no operator of one is matched with one of the other.
    """
    if all(match.place is None for match in pair.matches):
        raise WeighinError(
            f"No operator of {pair.compressed.called} is matched with one of "
            f"{pair.original.called}: {pair.matches[0].why}. Are these two of one model?"
        )


def rows(
    pair: Pair, examples: Sequence[tuple[Example, Example]]
) -> tuple[tuple[Layer, ...], list[str]]:
    """A row for each operator, and remarks, without tasks and times.

    Args:
        pair: both files.
        examples: inputs of the compressed file and of the float file, each of one example.

    Raises:
        WeighinError: if a file cannot be run.
    """
    found, remarks = errors(pair, examples)
    outside = left_out(pair.compressed.path, RUNTIME)
    outside_there = left_out(pair.original.path, RUNTIME)
    seen: set[int] = set()
    layers = []
    for place, error in enumerate(found):
        layer = _layer(pair, place, error, seen)
        if outside is not None:
            is_out = place in outside
            reason = why(pair, place, outside_there) if is_out else ""
            layer = dataclasses.replace(layer, delegated=not is_out, left_out=reason)
        layers.append(layer)
    return tuple(layers), remarks


def _layer(pair: Pair, place: int, error: Error, seen: set[int]) -> Layer:
    """What is known of an operator without asking it any task."""
    taken, match = pair.compressed, pair.matches[place]
    operator = taken.operators[place]
    twin = None if match.place is None else pair.original.operators[match.place]
    kernels = operator.kernels or ((operator.table,) if operator.table else ())
    size = sum(kernel.size for kernel in kernels)
    by_itself = _by_itself(pair, place)
    return Layer(
        place=place,
        name=taken.side.name(place),
        kind=operator.name,
        stored=_stored(kernels, flowing(taken, place)),
        twin="" if match.place is None else pair.original.side.name(match.place),
        matched=by_itself or match.how,
        unmatched="" if by_itself else match.why,
        weights=None if twin is None else of_weights(kernels, _kernels(twin)),
        output=error.output,
        own=error.own,
        no_own=error.no_own,
        clipping=error.clipping,
        zeros=1 - sum(kernel.nonzero for kernel in kernels) / size if size else None,
        unique=max(kernel.unique for kernel in kernels) if size else None,
        bytes=0 if by_itself == CONSTANT else _bytes(pair, place, seen),
        macs=operator.macs,
    )


def _by_itself(pair: Pair, place: int) -> str:
    """What an operator does that needs no twin; empty of others."""
    if pair.converts(place):
        return CONVERSION
    side = pair.compressed.side
    operator = side.operators[place]
    return CONSTANT if all(map(side.is_constant, operator.outputs)) else ""


def _kernels(operator: Operator) -> tuple[Tensor, ...]:
    return operator.kernels or ((operator.table,) if operator.table else ())


def _stored(kernels: tuple[Tensor, ...], types: list[str]) -> str:
    """`INT8 · INT8`: of weights, and of what flows."""
    weights = " and ".join(dict.fromkeys(kernel.dtype for kernel in kernels))
    flows = " → ".join(dtype for dtype in types if dtype != weights or len(types) == 1)
    return f"{weights} · {flows or weights}" if weights else flows


def _bytes(pair: Pair, place: int, seen: set[int]) -> int:
    """Bytes of an operator's constants; of those that operators share, at the first."""
    side, tensors = pair.compressed.side, pair.compressed.graph.tensors
    total = 0
    for number in pair.compressed.operators[place].inputs:
        tensor = tensors[side.source(number)] if number >= 0 else None
        if tensor is None or tensor.buffer is None or tensor.buffer in seen:
            continue
        seen.add(tensor.buffer)
        total += len(tensor.data)
    return total


def _of_data(beside: Beside) -> list[str]:
    if beside.dataset.drawn:
        return [
            "no data were given (--data), so inputs were drawn at random: errors on what the model "
            "is made for may be others"
        ]
    return []


def _with_times(
    layers: Layers,
    beside: Beside,
    example: Example,
    seconds: float,
    progress: Progress,
    stop: Stop,
) -> Layers:
    """The same, with the time that each operator takes."""
    found = times.measured(
        beside.pair.compressed,
        example,
        lambda done, total: progress("times", done, total),
        seconds,
        stop=stop,
    )
    if found.refused:
        remark = f"operators are not timed: {found.refused}"
        return dataclasses.replace(layers, remarks=(*layers.remarks, remark))
    return dataclasses.replace(
        layers,
        whole_seconds=found.whole,
        method=found.method,
        layers=tuple(
            dataclasses.replace(layer, block=each.block, seconds=each.seconds, share=each.share)
            for layer, each in zip(layers.layers, found.operators, strict=True)
        ),
    )
