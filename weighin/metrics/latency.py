"""How long one inference takes."""

from __future__ import annotations

import numpy as np

from weighin import stats
from weighin.core import Figure, Skip
from weighin.outcomes import Inferences, Pair
from weighin.registry import metric


@metric("latency", unit="s", better="lower", scope="inference", machine_bound=True)
def latency(inferences: Inferences) -> Figure:
    """Median time of one inference at batch 1; interval over openings of the file."""
    raw = tuple(round(seconds, 10) for seconds in inferences.seconds)  # a clock ticks in 1e-9
    middle = float(np.median(raw))
    count = len(inferences.openings)
    note = f"{count} opening{'' if count == 1 else 's'} of the file"
    if not stats.is_enough(count, 0.5):
        return Figure(middle, n=len(raw), samples=raw, note=f"{note}: too few for an interval")
    over = stats.median(inferences.openings)
    low, high = min(over.low, middle), max(over.high, middle)
    return Figure(middle, low, high, len(raw), raw, note=note)


@metric("latency_p90", unit="s", better="lower", scope="inference", machine_bound=True)
def latency_p90(inferences: Inferences) -> Figure | Skip:
    """Time that nine of ten inferences keep within."""
    return _quantile(inferences, 10, 0.9)


@metric("latency_p99", unit="s", better="lower", scope="inference", machine_bound=True)
def latency_p99(inferences: Inferences) -> Figure | Skip:
    """Time that 99 of 100 inferences keep within."""
    return _quantile(inferences, 100, 0.99)


def _quantile(inferences: Inferences, fewest: int, share: float) -> Figure | Skip:
    n = len(inferences.seconds)
    if n < fewest:
        reason = f"{n} inferences are too few to tell the slowest in {fewest}"
        return Skip(reason, "not measured")
    return Figure(float(np.quantile(inferences.seconds, share)), n=n)


@metric("delegated", better="higher", scope="inference")
def delegated(inferences: Inferences) -> Figure | Skip:
    """Share of operators that run in a delegate's faster kernels; n is how many there are."""
    if inferences.delegated is None:
        return Skip("this runtime does not say what it delegates")
    taken, total = inferences.delegated
    return Figure(taken / total, n=total)


@metric("fixed_cost", unit="s", better="lower", scope="inference", machine_bound=True)
def fixed_cost(inferences: Inferences) -> Figure | Skip:
    """Time of a call in this runtime that computes next to nothing."""
    if inferences.fixed_seconds is None:
        return Skip("the fixed cost of this runtime's calls has not been separated")
    return Figure(inferences.fixed_seconds)


@metric("speedup", better="higher", scope="pair", machine_bound=True)
def speedup(pair: Pair) -> Figure:
    """How many times faster than the baseline, by interleaved blocks; bootstrap interval."""
    ratios = tuple(round(ratio, 5) for ratio in pair.ratios)
    found = pair.speedup
    verdict = stats.speed_verdict(found)
    note = f"stopped: {pair.stopped}" + ("" if pair.pinned else "; not pinned to a core")
    return Figure(found.value, found.low, found.high, len(ratios), ratios, verdict, note)
