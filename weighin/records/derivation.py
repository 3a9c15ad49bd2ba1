"""Whether figures follow from the counts and samples that stand beside them.

A record keeps what its figure was made of, as far as that is small: how many of n, gained and lost,
raw samples. The functions that made the figure and its verdict make them of these once more.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from weighin import stats
from weighin.core import Case, Metric, Record, Results
from weighin.records.latencies import covering
from weighin.stats import Interval

Records = Mapping[tuple[Case, str], Record]
_ROUNDING = 1e-6  # of a figure made by other versions of NumPy and SciPy, as a share of it


def faults(results: Results) -> list[str]:
    """The figures that do not follow, in words; nothing where all do."""
    records = {(record.case, record.metric): record for record in results.records}
    opened = [of_its_openings(record) for record in results.records]
    latencies = {record.case: record for record in covering(opened) if record.metric == "latency"}
    return [
        f"{record.metric} of {record.case}: {fault}"
        for record in results.records
        if record.value is not None
        for fault in _faults(record, record.value, results, records, latencies)
    ]


def _faults(
    record: Record,
    value: float,
    results: Results,
    records: Records,
    latencies: Mapping[Case, Record],
) -> Iterator[str]:
    metric = results.metric(record.metric)
    again = latencies[record.case] if record.metric == "latency" else _again(record)
    for end in ("value", "low", "high") if again else ():
        told, made = getattr(record, end), getattr(again, end)
        if told is not None and made is not None and not _is_same(told, made):
            yield f"its {end} is {told:.6g}, but what it was made of gives {made:.6g}"
    difference = _difference(record, metric, records)
    if difference is not None and not _is_same(value, difference):
        yield f"it is {value:.6g}, but the figures that it compares differ by {difference:.6g}"
    verdict = _verdict(record, metric, results, records)
    if verdict is not None and record.verdict and record.verdict != verdict:
        yield f"its verdict is {record.verdict!r}, but its figures give {verdict!r}"


def _is_same(told: float, made: float) -> bool:
    return math.isclose(told, made, rel_tol=_ROUNDING, abs_tol=1e-12)


def _again(record: Record) -> Interval | None:
    """A figure made once more; None where nothing is kept that makes it."""
    if record.gained is not None and record.lost is not None and record.n:
        return stats.paired_difference(record.gained, record.lost, record.n)
    if record.count is not None and record.n:
        return stats.proportion(record.count, record.n)
    make = _OF_SAMPLES.get(record.metric)
    return make(record.samples) if make and record.samples else None


def of_its_openings(record: Record) -> Record:
    """A latency by its own samples alone; another record as it is."""
    if record.metric != "latency" or not record.samples:
        return record
    middle = statistics.median(record.samples)
    over = stats.median_over(record.samples, record.openings) or Interval(middle, middle, middle)
    is_bounded = record.low is not None and record.high is not None
    ends = {"low": over.low, "high": over.high} if is_bounded else {"low": None, "high": None}
    return dataclasses.replace(record, value=over.value, **ends)


_RATIOS = ("speedup", "engine_speedup")  # of interleaved blocks
# weighin's own metrics: samples of another's may be anything
_OF_SAMPLES: Mapping[str, Callable[[Sequence[float]], Interval]] = {
    "cold_start": stats.median,
    "peak_rss": stats.median,
    "paired_latency": stats.median,
    "paired_baseline": stats.median,
    "engine_latency": stats.median,
    "engine_first": stats.median,
    **dict.fromkeys(_RATIOS, stats.typical_ratio),
}


def _difference(record: Record, metric: Metric, records: Records) -> float | None:
    """What a task's figure and that beside it differ by, where a record is of that difference."""
    if not metric.quality or not metric.relative:
        return None
    pair = [records.get((case, metric.quality)) for case in (record.case, _beside(record, metric))]
    figure, before = (found.value if found else None for found in pair)
    return None if figure is None or before is None else figure - before


def _beside(record: Record, metric: Metric) -> Case:
    """What a difference is to: the baseline, or the dense control."""
    return record.case.control if metric.of_control else record.case.baseline


def _verdict(record: Record, metric: Metric, results: Results, records: Records) -> str | None:
    """The verdict that a record's figures give; None where it compares nothing."""
    if record.value is None or record.low is None or record.high is None:
        return None
    interval = Interval(record.value, record.low, record.high)
    if record.metric in _RATIOS:
        if not record.samples:
            return None
        pairs = results.environment.get("pairs") or {"smallest": stats.SMALLEST_SPEEDUP}
        return stats.speed_verdict(record.samples, pairs["smallest"])
    baseline = records.get((record.case.baseline, metric.quality))
    margin, told = margin_in(results, metric, baseline.value if baseline else None)
    if record.gained is not None and record.lost is not None and record.n:
        counts = (record.gained, record.lost, record.n)
        return stats.quality_verdict(*counts, margin, better=metric.better)
    if metric.quality and metric.relative and metric.better:
        return stats.verdict_of(interval, margin, metric.better, told)
    return None


def margin_in(results: Results, metric: Metric, baseline: float | None) -> tuple[float, str]:
    """What difference did not matter in a run, and how its verdicts said so.

    Args:
        results: of the run.
        metric: the difference.
        baseline: the baseline's figure, if it is known.
    """
    of_shares = results.environment.get("margin", stats.MARGIN)
    return stats.margin_of(
        metric.margin,
        metric.unit,
        of_shares if metric.kind == "points" else None,
        lambda: baseline or 0.0,
    )
