"""How long one inference takes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
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


# Calls from which on a percentile can be told: those of MLPerf's early stopping, which wants that
# with a confidence of 99 % the share of slower calls is no larger (Reddi et al. 2020, "MLPerf
# Inference Benchmark"; inference policies, "early stopping": 64 for p90, 662 for p99)
CALLS = {0.9: 64, 0.99: 662}


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
    """Time that nine of ten inferences keep within; interval by order statistics."""
    return _quantile(inferences, 0.9)


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
    """Time that 99 of 100 inferences keep within; interval by order statistics."""
    return _quantile(inferences, 0.99)


def _quantile(inferences: Inferences, share: float) -> Figure | Skip:
    n, fewest = len(inferences.seconds), CALLS[share]
    if n < fewest:
        reason = f"{n} inferences: {share:.0%} of them are told from {fewest} on"
        return Skip(reason, "not measured")
    tail = stats.quantile(inferences.seconds, share)
    return Figure(tail.value, tail.low, tail.high, n)


@metric("delegated", better="higher", scope="inference", column=False, comparison="none")
def delegated(inferences: Inferences) -> Figure | Skip:
    """Share of operators that run in a delegate's faster kernels, of n; which are left out."""
    if inferences.delegated is None:
        return Skip("this runtime does not say what it delegates")
    taken, total = inferences.delegated
    left_out = tuple(inferences.left_out or ())
    return Figure(taken / total, n=total, count=taken, left_out=left_out)


@metric("accelerated", better="higher", scope="inference", column=False, comparison="none")
def accelerated(inferences: Inferences) -> Figure | Skip:
    """Whether the accelerator took all of the file (1), or left some to other kernels (0)."""
    if inferences.accelerated is None:
        return Skip("this runtime does not say whether its accelerator took all of the file")
    return Figure(float(inferences.accelerated))


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
    """How many times faster than the baseline: median of interleaved blocks, and its interval."""
    return speedup_of(pair)


def speedup_of(pair: Pair) -> Figure:
    """How many times faster the second of a pair is than the first, and the verdict."""
    ratios = tuple(float(f"{ratio:.6g}") for ratio in pair.ratios)
    middle = stats.typical_ratio(ratios)
    low, high = middle.ends
    return Figure(
        middle.value,
        low,
        high,
        len(ratios),
        ratios,
        stats.speed_verdict(ratios),
        stopped=pair.stopped,
        pinned=pair.pinned,
    )


_beside_metric = functools.partial(
    metric,
    unit="s",
    better="lower",
    scope="pair",
    machine_bound=True,
    column=False,
    comparison="none",
)


@_beside_metric("paired_latency", title="latency beside the baseline")
def paired_latency(pair: Pair) -> Figure:
    """Median time of one inference in the pair's blocks; interval over them."""
    return time_beside([variant for _, variant in pair.blocks])


@_beside_metric("paired_baseline", title="the baseline's latency beside it")
def paired_baseline(pair: Pair) -> Figure:
    """The same of the baseline in these blocks."""
    return time_beside([baseline for baseline, _ in pair.blocks])


def time_beside(seconds: Sequence[float]) -> Figure:
    """The median of one side's seconds in a pair's blocks, and its interval over them."""
    raw = tuple(round(each, 10) for each in seconds)
    if not stats.is_enough(len(raw), 0.5):
        return Figure(float(np.median(raw)), n=len(raw), samples=raw)
    middle = stats.median(raw)
    return Figure(middle.value, middle.low, middle.high, len(raw), raw)
