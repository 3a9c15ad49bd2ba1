"""Two sessions against each other: interleaved blocks, so that drift meets both alike.

Two sessions of one and the same file differ by up to 6 % in latency here, each steady in itself,
by where their tensors happen to lie in memory. A ratio of two long-lived sessions would report
that chance as a finding. So both are opened anew, in alternating order, many times in a pair, and
blocks of calls alternate too; the interval is over openings and thus includes the chance.
"""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil

from weighin import stats
from weighin.outcomes import Pair
from weighin.stats import PAIR_SECONDS, Interval, typical_ratio

BLOCK_SECONDS = 0.004  # of one side's calls in a block
LONG_SECONDS = 0.25  # of one side's calls in a block that are enough, even if fewer than five
TIMED_SECONDS = 30e-6  # shorter calls are timed several at once, so that the clock adds nothing
FEWEST, MOST = 30, 400  # blocks
NARROW = 0.01  # half-width of the ratio's interval at which measuring stops
CHECKED_EVERY = 10  # blocks
Side = Callable[[], tuple[Callable[[], Any], Callable[[], None]]]
"""Opens a session: what to time, and what closes it."""


def measure(first: Side, second: Side, *, seconds: float = PAIR_SECONDS, pin: bool = True) -> Pair:
    """Measure two sessions against each other.

    Args:
        first: opens the first session, the baseline.
        second: opens the second.
        seconds: when to stop, if the interval is not narrow enough before.
        pin: whether to keep to one core, where the system lets it.
    """
    ratios: list[float] = []
    ends = time.perf_counter() + seconds
    with _undisturbed(pin) as pinned:
        for number in range(MOST):
            ratios.append(_block(first, second, number))
            enough = len(ratios) >= FEWEST and len(ratios) % CHECKED_EVERY == 0
            if enough and _half_width(interval := typical_ratio(ratios)) <= NARROW:
                return Pair(tuple(ratios), interval, "narrow", pinned)
            if time.perf_counter() >= ends and len(ratios) >= stats.FEWEST:
                return Pair(tuple(ratios), typical_ratio(ratios), "time", pinned)
    return Pair(tuple(ratios), typical_ratio(ratios), "blocks", pinned)


def _half_width(interval: Interval) -> float:
    return (interval.high - interval.low) / 2 / interval.value


def _block(first: Side, second: Side, number: int) -> float:
    """One opening of both, one block of each; the ratio of their medians."""
    sides = (first, second)
    opened_backwards, timed_backwards = number % 2, number // 2 % 2
    calls, seconds = {}, {}
    with contextlib.ExitStack() as stack:
        for at in (1, 0) if opened_backwards else (0, 1):
            calls[at], close = sides[at]()
            stack.callback(close)
        for at in (1, 0) if timed_backwards else (0, 1):
            seconds[at] = median_seconds(calls[at])
    return seconds[0] / seconds[1]


def median_seconds(call: Callable[[], Any]) -> float:
    """Median time of a call, warmed up, over one block."""
    for _ in range(2):
        call_seconds = seconds_of(call)
    if call_seconds < LONG_SECONDS:
        call_seconds = seconds_of(call)
    together = max(1, int(TIMED_SECONDS / call_seconds))
    rounds = max(5, int(BLOCK_SECONDS / (call_seconds * together)))
    clock, laps = time.perf_counter, range(together)
    timed: list[float] = []
    while len(timed) < rounds and sum(timed) * together < LONG_SECONDS:
        began = clock()
        for _ in laps:
            call()
        timed.append((clock() - began) / together)
    return statistics.median(timed)


def seconds_of(call: Callable[[], Any]) -> float:
    """Time of one call, never 0."""
    began = time.perf_counter()
    call()
    return max(1e-9, time.perf_counter() - began)


@contextlib.contextmanager
def _undisturbed(pin: bool) -> Iterator[bool]:
    """Without garbage collection, and on one core where that can be had; yields whether it is."""
    process = psutil.Process()
    before: list[int] | None = None
    if pin and hasattr(process, "cpu_affinity"):
        with contextlib.suppress(psutil.Error, OSError):
            usable = process.cpu_affinity()
            process.cpu_affinity(usable[-1:])
            before = usable
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield before is not None
    finally:
        if collecting:
            gc.enable()
        if before is not None:
            process.cpu_affinity(before)
