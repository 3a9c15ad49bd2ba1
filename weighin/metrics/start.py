"""What a fresh process needs for its first answer."""

from __future__ import annotations

from weighin import stats
from weighin.core import Figure
from weighin.outcomes import Starts
from weighin.registry import metric


@metric(
    "cold_start",
    unit="s",
    better="lower",
    scope="start",
    machine_bound=True,
    column=False,
    comparison="none",
)
def cold_start(starts: Starts) -> Figure:
    """Load, allocate and first answer in a fresh process, imports not counted."""
    return _median([run.seconds for run in starts.runs])


@metric(
    "peak_rss",
    unit="B",
    better="lower",
    scope="start",
    machine_bound=True,
    column=False,
    comparison="none",
)
def peak_rss(starts: Starts) -> Figure:
    """Highest resident memory of that process, Python and the runtime included."""
    return _median([float(run.peak_bytes) for run in starts.runs])


def _median(samples: list[float]) -> Figure:
    middle, n = stats.median(samples), len(samples)
    if not stats.is_enough(n, 0.5):
        return Figure(middle.value, n=n, samples=tuple(samples))
    return Figure(middle.value, middle.low, middle.high, n, tuple(samples))
