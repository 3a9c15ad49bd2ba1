"""Two sessions against each other: interleaved blocks, so that drift meets both alike.

Two sessions of one and the same file differ by up to 6 % in latency here, each steady in itself,
by where their tensors happen to lie in memory. A ratio of two long-lived sessions would report
that chance as a finding. So both are opened anew, in alternating order, many times in a pair, and
blocks of calls alternate too; the interval is over openings and thus includes the chance.
"""

from __future__ import annotations

import contextlib
import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psutil

from weighin import stats
from weighin.core import Stopped
from weighin.outcomes import Pair
from weighin.stats import PAIR_SECONDS, typical_ratio

BLOCK_SECONDS = 0.004  # of one side's calls in a block
LONG_SECONDS = 0.25  # of one side's calls in a block that are enough, even if fewer than five
TIMED_SECONDS = 30e-6  # shorter calls are timed several at once, so that the clock adds nothing
MOST = 1000  # blocks
CHECKED_EVERY = 6  # blocks
QUICK_SECONDS = 1.5  # for which a pair goes on until its interval is
NARROW = 0.01  # in half its width; then until it is
FOUND = 0.05  # such that a difference of so much
POWER = 0.95  # is found in so many pairs of a hundred
PATIENCE = 6  # times its seconds that a pair of slow sessions goes on for the fewest blocks
Side = Callable[[], tuple[Callable[[], Any], Callable[[], None]]]
"""Opens a session, calls it once: what to time, and what closes it."""


def enough(found: float = FOUND, power: float = POWER) -> float:
    """Half the width of an interval from which on a difference is found.

    Its standard error is then such that of pairs which differ by so much all but 1 - `power` leave
    out 1 at the confidence of calling one (as in computing the size of a sample).
    """
    normal = statistics.NormalDist()
    called, usual = (
        normal.inv_cdf((1 + confidence) / 2)
        for confidence in (stats.SPEED_CONFIDENCE, stats.CONFIDENCE)
    )
    return math.log1p(found) * usual / (called + normal.inv_cdf(power))


def measure(first: Side, second: Side, *, seconds: float = PAIR_SECONDS, pin: bool = True) -> Pair:
    """Measure two sessions against each other, until 5 % more or less would be found.

    Args:
        first: opens the first session, the baseline.
        second: opens the second.
        seconds: when to stop even so, if there are blocks enough for an interval.
        pin: whether to keep to one core, where the system lets it.
    """
    blocks: list[tuple[float, float]] = []
    began = time.perf_counter()
    with undisturbed(pin) as pinned:
        while len(blocks) < MOST:
            blocks.append(_block(first, second, len(blocks)))
            stopped = _ended(blocks, time.perf_counter() - began, seconds)
            if stopped is not None:
                return Pair(tuple(blocks), stopped, pinned)
    return Pair(tuple(blocks), "blocks", pinned)


def _ended(blocks: Sequence[tuple[float, float]], spent: float, seconds: float) -> Stopped | None:
    """Why a pair ends after these blocks; None if it goes on."""
    if len(blocks) < stats.FEWEST:
        return "time" if spent >= PATIENCE * seconds else None
    is_over = spent >= seconds
    if is_over or len(blocks) % CHECKED_EVERY == 0:
        interval = typical_ratio([one / other for one, other in blocks])
        half = (interval.high - interval.low) / 2 / interval.value
        if half <= NARROW:
            return "narrow"
        if half <= enough() and spent >= min(QUICK_SECONDS, seconds):
            return "power"
    return "time" if is_over else None


def _block(first: Side, second: Side, number: int) -> tuple[float, float]:
    """One opening of both, one block of each; the median seconds of either."""
    sides = (first, second)
    opened_backwards, timed_backwards = number % 2, number // 2 % 2
    calls, seconds = {}, {}
    with contextlib.ExitStack() as stack:
        for at in (1, 0) if opened_backwards else (0, 1):
            calls[at], close = sides[at]()
            stack.callback(close)
        for at in (1, 0) if timed_backwards else (0, 1):
            seconds[at] = median_seconds(calls[at])
    return seconds[0], seconds[1]


def median_seconds(call: Callable[[], Any]) -> float:
    """Median time of a call that was called once, over one block; of a long one its only time."""
    call_seconds = seconds_of(call)
    if call_seconds >= LONG_SECONDS:
        return call_seconds
    for _ in range(2):
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
def undisturbed(pin: bool) -> Iterator[bool]:
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
