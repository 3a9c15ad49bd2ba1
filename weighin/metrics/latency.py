"""How long one inference takes."""

from __future__ import annotations

from collections.abc import Sequence

from weighin import stats
from weighin.core import Figure
from weighin.registry import metric


@metric("latency", unit="s", better="lower", scope="inference", machine_bound=True)
def latency(samples: Sequence[float]) -> Figure:
    """Median time of one inference at batch 1."""
    middle = stats.median(samples)
    raw = tuple(round(seconds, 10) for seconds in samples)  # a clock tick is about 1e-9
    return Figure(middle.value, middle.low, middle.high, len(samples), raw)


@metric("latency_p90", unit="s", better="lower", scope="inference", machine_bound=True)
def latency_p90(samples: Sequence[float]) -> Figure:
    """Time that nine of ten inferences keep within."""
    tail = stats.quantile(samples, 0.9)
    return Figure(tail.value, tail.low, tail.high, len(samples))


@metric("latency_p99", unit="s", better="lower", scope="inference", machine_bound=True)
def latency_p99(samples: Sequence[float]) -> Figure:
    """Time that 99 of 100 inferences keep within."""
    tail = stats.quantile(samples, 0.99)
    return Figure(tail.value, tail.low, tail.high, len(samples))
