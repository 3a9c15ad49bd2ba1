"""What a fresh process needs for its first answer."""

from __future__ import annotations

from weighin import stats
from weighin.core import Figure, Starts
from weighin.registry import metric


@metric("cold_start", unit="s", better="lower", scope="start", machine_bound=True)
def cold_start(starts: Starts) -> Figure:
    """Load, allocate and first answer in a fresh process, imports not counted."""
    seconds = tuple(run.seconds for run in starts.runs)
    middle = stats.median(seconds)
    return Figure(middle.value, middle.low, middle.high, len(seconds), seconds)


@metric("peak_rss", unit="B", better="lower", scope="start", machine_bound=True)
def peak_rss(starts: Starts) -> Figure:
    """Highest resident memory of that process, Python and the runtime included."""
    peaks = tuple(float(run.peak_bytes) for run in starts.runs)
    middle = stats.median(peaks)
    return Figure(middle.value, middle.low, middle.high, len(peaks), peaks)
