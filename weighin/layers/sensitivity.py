"""What one layer does to the task's figure: left float by itself, and quantized by itself."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

from weighin.core import Quality, Skip, WeighinError
from weighin.layers.limits import Stop, never
from weighin.layers.pair import Pair
from weighin.layers.rewriting import transplanted
from weighin.layers.row import Sensitivity
from weighin.outcomes import Evaluation
from weighin.stats import Interval
from weighin.tasks.scoring import delta

Ask = Callable[[bytes], Evaluation]
"""A file's answers to all examples; raises a `WeighinError` if it cannot be run."""

LOSES_NOTHING = "it makes of its inputs what its float twin makes of them"


def sensitivities(
    pair: Pair,
    places: Sequence[int],
    quality: Quality,
    ask_compressed: Ask,
    ask_original: Ask,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stop: Stop = never,
) -> dict[int, Sensitivity]:
    """Of each of some operators: both differences of the figure, paired, with their intervals.

    Args:
        pair: both files.
        places: of the operators, which have twins, in the order in which they are tested.
        quality: the task's figure.
        ask_compressed: answers of a file that takes and gives what the compressed file does.
        ask_original: likewise of the float file.
        progress: is told how many operators are done, of how many.
        stop: says, before each operator, why no further one is measured.

    Raises:
        WeighinError: if the files themselves cannot be run.
    """
    if reason := stop():
        return dict.fromkeys(places, _not_tested(reason))
    compressed = ask_compressed(pair.compressed.content)
    original = ask_original(pair.original.content)
    found: dict[int, Sensitivity] = {}
    for done, place in enumerate(places):
        progress(done, len(places))
        if reason := stop():
            return found | dict.fromkeys(places[done:], _not_tested(reason))
        left_float, why_not = _difference(
            functools.partial(left_float_content, pair, place),
            ask_compressed,
            compressed,
            quality,
        )
        quantized, why_none = _difference(
            functools.partial(quantized_content, pair, place), ask_original, original, quality
        )
        found[place] = Sensitivity(left_float, quantized, why_not, why_none)
    progress(len(places), len(places))
    return found


def left_float_content(pair: Pair, place: int) -> bytes:
    """The compressed file, one operator of which is the float file's.

    Raises:
        WeighinError: if it has no twin, or that cannot stand in its place.
    """
    twin = _twin(pair, place)
    host, donor = pair.compressed.editable(), pair.original.parts
    return transplanted(host, place, donor, twin)


def quantized_content(pair: Pair, place: int) -> bytes:
    """The float file, one operator of which is the compressed file's.

    Raises:
        WeighinError: as `left_float_content`.
    """
    twin = _twin(pair, place)
    host, donor = pair.original.editable(), pair.compressed.parts
    return transplanted(host, twin, donor, place)


def _not_tested(reason: str) -> Sensitivity:
    return Sensitivity(not_left_float=reason, not_quantized=reason, not_tested=True)


def _twin(pair: Pair, place: int) -> int:
    match = pair.matches[place]
    if match.place is None:
        raise WeighinError(match.why)
    pair.compressed.data(place)  # refuses what keeps a state
    pair.original.data(match.place)
    return match.place


def _difference(
    content: Callable[[], bytes], ask: Ask, base: Evaluation, quality: Quality
) -> tuple[Interval | None, str]:
    """The figure of a rewritten file less that of the file itself; or why there is none."""
    try:
        answered = ask(content())
    except WeighinError as error:
        return None, str(error)
    figure = delta(dataclasses.replace(answered, baseline=base), quality.name)
    if isinstance(figure, Skip):
        return None, figure.reason
    if figure.value is None or figure.low is None or figure.high is None:
        return None, "its interval has no ends"
    return Interval(figure.value, figure.low, figure.high), ""
