"""How long one inference takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from weighin import stats
from weighin.core import Figure, Skip
from weighin.outcomes import Inferences, Pair
from weighin.registry import metric


@metric(
    "latency",
    unit="s",
    better="lower",
    comparison="intervals",
    tolerance=0.3,  # absolute times drift by 20 to 30 % from run to run on shared machines
    scope="inference",
    machine_bound=True,
)
def latency(inferences: Inferences) -> Figure:
    """Median time of one inference at batch 1; interval over openings of the file."""
    raw = tuple(round(seconds, 10) for seconds in inferences.seconds)  # a clock ticks in 1e-9
    figure = Figure(
        float(np.median(raw)), n=len(raw), samples=raw, openings=tuple(inferences.openings)
    )
    over = stats.median_over(raw, inferences.openings)
    return figure if over is None else replace(figure, low=over.low, high=over.high)


@metric(
    "latency_p90",
    title="latency p90",
    unit="s",
    better="lower",
    scope="inference",
    machine_bound=True,
    column=False,
    comparison="none",
)
def latency_p90(inferences: Inferences) -> Figure | Skip:
    """Time that nine of ten inferences keep within."""
    return _quantile(inferences, 10, 0.9)


@metric(
    "latency_p99",
    title="latency p99",
    unit="s",
    better="lower",
    scope="inference",
    machine_bound=True,
    column=False,
    comparison="none",
)
def latency_p99(inferences: Inferences) -> Figure | Skip:
    """Time that 99 of 100 inferences keep within."""
    return _quantile(inferences, 100, 0.99)


def _quantile(inferences: Inferences, fewest: int, share: float) -> Figure | Skip:
    n = len(inferences.seconds)
    if n < fewest:
        reason = f"{n} inferences are too few to tell the slowest in {fewest}"
        return Skip(reason, "not measured")
    return Figure(float(np.quantile(inferences.seconds, share)), n=n)


@metric("delegated", better="higher", scope="inference", column=False, comparison="none")
def delegated(inferences: Inferences) -> Figure | Skip:
    """Share of operators that run in a delegate's faster kernels, of n; which are left out."""
    if inferences.delegated is None:
        return Skip("this runtime does not say what it delegates")
    taken, total = inferences.delegated
    left_out = tuple(inferences.left_out or ())
    return Figure(taken / total, n=total, count=taken, left_out=left_out)


@metric(
    "fixed_cost",
    title="call overhead",
    unit="s",
    better="lower",
    scope="inference",
    machine_bound=True,
    column=False,
    comparison="none",
)
def fixed_cost(inferences: Inferences) -> Figure | Skip:
    """Time of a call in this runtime that computes next to nothing."""
    if inferences.fixed_seconds is None:
        return Skip("the fixed cost of this runtime's calls has not been separated")
    return Figure(inferences.fixed_seconds)


@metric(
    "speedup",
    title="× faster",
    noun="speed-up",
    kind="ratio",
    better="higher",
    relative=True,
    comparison="intervals",
    tolerance=0.02,  # ratios of interleaved measurements drift by little
    scope="pair",
    machine_bound=True,
)
def speedup(pair: Pair) -> Figure:
    """How many times faster than the baseline, by interleaved blocks; bootstrap interval."""
    ratios = tuple(round(ratio, 5) for ratio in pair.ratios)
    estimate = pair.speedup
    return Figure(
        estimate.value,
        estimate.low,
        estimate.high,
        len(ratios),
        ratios,
        stats.speed_verdict(estimate),
        stopped=pair.stopped,
        pinned=pair.pinned,
    )
