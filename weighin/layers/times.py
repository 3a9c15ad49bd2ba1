"""How long each operator takes: by the files that a file's first operators are.

A delegate runs many operators as one and tells no times, so a file is cut off behind each operator;
an operator takes what its file takes longer than the one before. All of these are opened anew in
every round and timed one after the other, so that drift meets them alike; the interval is over
rounds.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weighin.core import WeighinError
from weighin.layers.errors import Example
from weighin.layers.limits import Stop, never
from weighin.layers.opened import Opened
from weighin.layers.pair import Taken
from weighin.layers.rewriting import prefix
from weighin.measure.paired import median_seconds, undisturbed
from weighin.runtimes.litert import smallest_model
from weighin.stats import Interval, median

ROUNDS = 40
KEPT_BYTES = 200_000_000  # of files that are cut off
FEWEST = 7  # rounds that have an interval of 95 %
SECONDS = (
    20.0  # that all rounds may take; where the fewest take longer, operators are timed together
)


@dataclass(frozen=True)
class Time:
    """What one operator takes.

    Attributes:
        block: the places of the operators that are timed together, where they are several.
        seconds: of the block in one inference.
        share: of the time of an inference.
    """

    block: tuple[int, ...]
    seconds: Interval
    share: Interval


@dataclass(frozen=True)
class Times:
    """What all operators take.

    Attributes:
        operators: one for each, in their order.
        whole: one inference of the file as it is, measured in the same rounds.
        method: how it was measured, in words.
        refused: why nothing was; empty where it was.
    """

    operators: tuple[Time, ...] = ()
    whole: Interval | None = None
    method: str = ""
    refused: str = ""


def measured(
    taken: Taken,
    example: Example,
    progress: Callable[[int, int], None] = lambda done, total: None,
    seconds: float = SECONDS,
    most: int = ROUNDS,
    stop: Stop = never,
) -> Times:
    """What each operator of a file takes, on one thread.

    Args:
        taken: the file.
        example: inputs of one example.
        progress: is told how many rounds are done, of how many.
        seconds: that all rounds may take.
        most: rounds that there are, however short they are.
        stop: says, before each round, why there is no further one.
    """
    count = len(taken.operators)
    if reason := stop():
        return Times(refused=reason)
    try:
        ends = _cuts(taken, example, seconds)
        files = _files(taken, ends)
        table: list[list[float]] = []
        began = time.perf_counter()
        with undisturbed(pin=True):
            while len(table) < FEWEST or (
                len(table) < most and time.perf_counter() - began < seconds
            ):
                progress(len(table), most)
                if reason := stop():
                    if len(table) < FEWEST:
                        return Times(refused=reason)
                    break
                table.append(_round(files, example, backwards=len(table) % 2 == 1))
        progress(most, most)
    except WeighinError as error:
        return Times(refused=str(error))
    overheads, wholes = [row[0] for row in table], [row[-1] for row in table]
    found: list[Time] = []
    for at, end in enumerate(ends):
        begin = ends[at - 1] if at else 0
        taken_by = [row[at + 1] - row[at] for row in table]
        shares = [each / whole for each, whole in zip(taken_by, wholes, strict=True)]
        block = tuple(range(begin, end)) if end - begin > 1 else ()
        found += [Time(block, _positive(taken_by), _positive(shares))] * (end - begin)
    cuts = "each operator" if len(ends) == count else f"operator {_listed(ends)}"
    empty = median(overheads).value * 1e6
    method = (
        f"by files cut off behind {cuts}, opened anew in each of {len(table)} rounds, medians; a "
        f"call that computes nothing takes {empty:.2g} µs of it"
    )
    return Times(tuple(found), median(wholes), method)


def _cuts(taken: Taken, example: Example, seconds: float) -> list[int]:
    """Behind how many operators the file is cut off, so that there is time for rounds enough."""
    count = len(taken.operators)
    for _ in range(2):  # the first round imports and warms up
        began = time.perf_counter()
        _round([lambda: taken.content], example, backwards=False)
        once = time.perf_counter() - began
    blocks = max(1, min(count, int(seconds / (FEWEST * once)) - 1))
    ends = sorted({round((at + 1) * count / blocks) for at in range(blocks)})
    usable = [end for end in ends if _is_usable(taken, end)]
    if not usable or usable[-1] != count:
        raise WeighinError("the file cut off behind its last operator cannot be opened")
    return usable


def _is_usable(taken: Taken, end: int) -> bool:
    """Whether a file can be cut off there: something is computed, and LiteRT opens it."""
    try:
        content = prefix(taken.parts, end)
        opened = Opened(content, f"the first {end} operators of {taken.called}")
    except WeighinError:
        return False
    return all(not taken.side.is_constant(number) for number in opened.gives) and bool(opened.gives)


def _files(taken: Taken, ends: Sequence[int]) -> list[Callable[[], bytes]]:
    """What gives the files cut off, and the file as it is; large ones are not kept all at once."""
    makes: list[Callable[[], bytes]] = [functools.partial(prefix, taken.parts, end) for end in ends]
    if len(ends) * len(taken.content) <= KEPT_BYTES:
        made = [make() for make in makes]
        makes = [functools.partial(bytes, content) for content in made]
    return [*makes, lambda: taken.content]


def _round(
    files: Sequence[Callable[[], bytes]], example: Example, *, backwards: bool
) -> list[float]:
    """Median seconds of a call that computes nothing, and of each file, all opened anew."""
    overhead = Opened(smallest_model(), "a file of one operator")
    overhead.invoke()
    seconds = {-1: median_seconds(overhead.invoke)}
    places = range(len(files))
    for place in reversed(places) if backwards else places:
        opened = Opened(files[place](), "a file that is timed")
        opened.run({number: example[number] for number in opened.given})
        seconds[place] = median_seconds(opened.invoke)
    return [seconds[place] for place in (-1, *places)]


def _listed(ends: Sequence[int]) -> str:
    """Places of the operators that files end with: `3, 7 and 9`."""
    places = [str(end - 1) for end in ends]
    return f"{', '.join(places[:-1])} and {places[-1]}" if len(places) > 1 else places[0]


def _positive(values: Sequence[float]) -> Interval:
    """The median and its interval, of what cannot be below nothing."""
    interval = median(values)
    return Interval(*(max(0.0, end) for end in (interval.value, interval.low, interval.high)))
