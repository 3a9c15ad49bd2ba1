"""Verdicts on a figure of two runs: better, worse, same, and by how much it differs."""

from __future__ import annotations

from collections.abc import Sequence

from weighin.core import Metric, Record, Results
from weighin.stats import fisher

NOT_JUDGED = "not judged"


def compared(runs: Sequence[Results]) -> list[Metric]:
    """The metrics by which runs are held against each other, as the first run describes them."""
    described: dict[str, Metric] = {}
    for results in runs:
        for metric in results.metrics.values():
            if metric.comparison != "none":
                described.setdefault(metric.name, metric)
    return list(described.values())


def change(metric: Metric, first: Record | None, second: Record | None) -> float | None:
    """How far the second figure is from the first, as a share of it; of shares the difference.

    None where one of them is missing, and where a share would mean nothing: of zero, or from one
    side of it to the other.
    """
    if first is None or second is None or first.value is None or second.value is None:
        return None
    if _is_share(metric):
        return second.value - first.value
    if not first.value or first.value * second.value < 0:
        return None
    share = second.value / first.value - 1
    return share if first.value > 0 else -share


def amount(metric: Metric, change: float) -> str:
    """How much a figure differs: `3.1 %`, or `0.52 points` for a share."""
    if _is_share(metric):
        return f"{abs(change) * 100:.2f} points"
    return f"{abs(change) * 100:.1f} %" if abs(change) >= 0.001 else "< 0.1 %"


def verdict(metric: Metric, first: Record | None, second: Record | None, tests: int = 1) -> str:
    """The verdict on a figure beside that of the first run.

    `smaller`, `larger`, `better`, `worse`, `faster` or `slower` where it differs, `same` where
    exact figures or figures of one file are equal, `no evidence` where the difference may be
    chance, and `no figure` where either has none.

    Args:
        metric: how its figures are compared.
        first: the figure it is compared with.
        second: the figure that is judged.
        tests: how many tests share the 5 % of chance (Bonferroni); only for shares.
    """
    if first is None or second is None or first.value is None or second.value is None:
        return "no figure"
    if first.artifact and first.artifact == second.artifact and first.value == second.value:
        return "same"
    if metric.comparison == "shares":
        return _share_verdict(first, second, tests)
    if metric.comparison == "exact":
        is_higher = (second.value > first.value) - (second.value < first.value)
        return word(metric, is_higher) if is_higher else "same"
    below = _beyond(metric, _end(second, "high"), _end(first, "low"))
    above = _beyond(metric, _end(first, "high"), _end(second, "low"))
    return word(metric, 1 if above else -1) if below or above else "no evidence"


def word(metric: Metric, direction: int) -> str:
    """The word for a figure that is higher (1) or lower (-1): of size, of speed, or of worth."""
    if metric.kind in ("bytes", "count"):
        return "larger" if direction > 0 else "smaller"
    is_better = (direction > 0) == (metric.better == "higher")
    if is_speed(metric):
        return "faster" if is_better else "slower"
    return "better" if is_better else "worse"


def is_drifting(metric: Metric) -> bool:
    """Whether figures are of one machine at one time: by how much they drift nobody has measured.

    Two runs of the same files had latencies apart by more than their intervals and 30 %, twice in
    the first two tries. What is relative to a baseline beside it, as a speed-up is, drifts little.
    """
    return metric.machine_bound and not (metric.relative or metric.of_engines)


def is_speed(metric: Metric) -> bool:
    """Whether a metric tells how fast something is."""
    return metric.machine_bound and metric.kind in ("seconds", "ratio", "rate")


def _is_share(metric: Metric) -> bool:
    return metric.kind == "share" or metric.comparison == "shares"


def _beyond(metric: Metric, lower: float, upper: float) -> bool:
    """Whether the upper lies above the lower by more than is tolerated."""
    tolerated = metric.tolerance if _is_share(metric) else metric.tolerance * abs(lower)
    return lower + tolerated < upper


def _end(record: Record, end: str) -> float:
    bound = getattr(record, end)
    return float(record.value or 0.0 if bound is None else bound)


def _share_verdict(first: Record, second: Record, tests: int) -> str:
    """By Fisher's exact test, since records do not pair the runs' answers to single examples."""
    if not first.n or not second.n or first.value is None or second.value is None:
        return "no figure"
    right = [
        round(record.value * record.n) if record.count is None else record.count  # type: ignore[operator]
        for record in (first, second)
    ]
    p = fisher((right[0], first.n - right[0]), (right[1], second.n - right[1]))
    if p >= 0.05 / tests:
        return "no evidence"
    return "better" if second.value > first.value else "worse"
