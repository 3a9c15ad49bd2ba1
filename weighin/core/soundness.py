"""Whether what a record says goes together: a figure that contradicts itself is none."""

from __future__ import annotations

import itertools
import math

from weighin.core.metrics import Metric
from weighin.core.records import Record

_NOT_NEGATIVE = ("bytes", "count", "seconds", "rate", "ratio")  # kinds of metrics
_ROUNDING = 1e-9  # of an interval's end, as a share of it


def contradiction(record: Record, metric: Metric | None) -> str:
    """What of a record's fields contradicts the others, or nothing.

    Args:
        record: whose fields each may be what it is.
        metric: what its figure means, as far as that is known.
    """
    value = record.value
    if metric is not None and metric.of_engines and value is not None and not record.beside:
        return "a ratio between engines that does not say what it is beside"
    if value is None:
        if record.status == "ok" and not record.reasons:
            return "status is ok, but there is no value"
        alone = record.low is not None or record.high is not None
        return "low or high without a value" if alone else ""
    if record.status != "ok":
        return f"status is {record.status!r}, but there is a value"
    if not _is_ordered(*(each for each in (record.low, value, record.high) if each is not None)):
        return f"value {value} is not within low {record.low} and high {record.high}"
    return _impossible(record, value, metric) or _miscounted(record)


def _is_ordered(*numbers: float) -> bool:
    """Whether none is below the one before it, as far as floats go."""
    return all(
        a <= b or math.isclose(a, b, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
        for a, b in itertools.pairwise(numbers)
    )


def _impossible(record: Record, value: float, metric: Metric | None) -> str:
    """Why a value is none of its kind, or nothing."""
    if record.count is not None and not 0 <= value <= 1:
        return f"value {value}, but counted shares lie within 0 and 1"
    if record.gained is not None and not -1 <= value <= 1:
        return f"value {value}, but differences of shares lie within -1 and 1"
    if metric is None:
        return ""
    too_low = value < 0 and (metric.comparison == "shares" or metric.kind in _NOT_NEGATIVE)
    if too_low or (metric.comparison == "shares" and value > 1):
        return f"value {value} is none that {metric.kind} can be"
    return ""


def _miscounted(record: Record) -> str:
    """Which of a record's counts is more than there are, or nothing."""
    n = record.n or 0
    if (record.count or 0) > n:
        return f"count is {record.count} of n {record.n}"
    changed = (record.gained or 0) + (record.lost or 0)
    if changed > n:
        return f"gained and lost together are {changed} of n {record.n}"
    if record.openings and sum(record.openings) != len(record.samples):
        return f"openings give {sum(record.openings)} of {len(record.samples)} samples"
    return ""
