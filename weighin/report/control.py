"""The dense control beside what trains further, and whether the dense start was trained enough.

A run pairs the answers of whatever trains further with the control's and records the difference.
Older results have each one's differences to the baseline alone. Of right and wrong answers these
leave open only how many examples are the same ones, between two ends that are counted exactly: a
verdict that both ends give is certain, and any other is withheld.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from weighin import grammar, stats
from weighin.core import CONTROL, Metric, Record, Results, WeighinError
from weighin.core.metrics import against_control

_ANEW = "weigh it anew"


def completed(records: Sequence[Record], results: Results) -> list[Record]:
    """The records of one model, with the differences to the control that the run did not make.

    Without those that only say that there is no control here to differ from.

    Args:
        records: of one model and data set.
        results: that they are of.
    """
    cases = {record.case for record in records}
    records = [
        record
        for record in records
        if record.value is not None
        or record.case.control in cases
        or not results.metric(record.metric).of_control
    ]
    known = {(record.case, record.metric): record for record in records}
    made = []
    for record in records:
        metric = results.metrics.get(record.metric)
        control = known.get((record.case.control, record.metric))
        if metric is None or control is None or not is_compared(metric):
            continue
        is_recorded = (record.case, against_control(metric).name) in known
        if not is_recorded and trains_further(record.variant):
            baseline = known.get((record.case.baseline, record.metric.removesuffix("_delta")))
            made.append(_derived(record, control, baseline, metric, results))
    return [*records, *made]


def catalogue(results: Results) -> list[Metric]:
    """What a run's figures mean, in the order of tables, and what is made of them here."""
    metrics: list[Metric] = []
    for metric in results.metrics.values():
        metrics.append(metric)
        if is_compared(metric) and against_control(metric).name not in results.metrics:
            metrics.append(against_control(metric))
    return metrics


def is_compared(metric: Metric) -> bool:
    """Whether it is a difference to the baseline, beside which there is one to the control."""
    return metric.is_difference and not metric.of_control


def trains_further(variant: str) -> bool:
    """Whether a variant but the control has steps, which train; assumed of names not known here."""
    try:
        return variant != CONTROL and bool(grammar.steps(variant))
    except WeighinError:
        return True


def undertrained(records: Iterable[Record], delta: Metric, margin: float) -> str:
    """That the dense start was not trained enough, where the control is better beyond the margin.

    Args:
        records: of one model and data set.
        delta: the difference by which rows are judged.
        margin: what difference of shares does not matter.
    """
    least = margin if delta.margin is None else delta.margin
    gains = [
        abs(record.value)
        for record in records
        if (record.variant, record.metric) == (CONTROL, delta.name)
        and record.verdict == "better"
        and record.value is not None
        and (delta.kind != "points" or abs(record.value) > least)
    ]
    if not gains:
        return ""
    by = f"{max(gains) * 100:.3g} points" if delta.kind == "points" else f"{max(gains):.3g}"
    by += f" {delta.unit}" if delta.kind != "points" and delta.unit else ""
    return (
        f"the dense start is undertrained: {CONTROL}, as much further training without "
        f"compressing, is better by {by}; a gain over the baseline is no merit of compressing"
    )


def _derived(
    own: Record, control: Record, baseline: Record | None, metric: Metric, results: Results
) -> Record:
    """The difference to the control, as far as two differences to the baseline tell it."""
    blank = Record(
        own.case, against_control(metric).name, own.unit, "not measured", artifact=own.artifact
    )
    for record, who in ((own, ""), (control, f"{CONTROL}: ")):
        if record.value is None:
            status = own.status if record is own else "not measured"
            return dataclasses.replace(blank, status=status, reason=f"{who}{record.reason}")
    n = own.n or 0
    counts = [(record.gained, record.lost) for record in (own, control)]
    if not n or n != control.n or any(None in pair for pair in counts):
        reason = f"this run did not pair its answers with those of {CONTROL}: {_ANEW}"
        return dataclasses.replace(blank, reason=reason)
    right = None if baseline is None or baseline.value is None else round(baseline.value * n)
    margin = results.environment.get("margin", stats.MARGIN)
    fewest, most = _overlaps(own, control, n, right)
    words = [
        stats.quality_verdict(*ends, n, margin, better=metric.better or "higher")
        for ends in (fewest, most)
    ]
    is_called = [word in ("better", "worse") for word in words]
    if is_called[0] != is_called[1]:
        reason = (
            f"{most[0] - most[1]:+,} of {n:,} right beside {CONTROL}; whether that is evidence "
            f"cannot be told, for this run did not pair the answers: {_ANEW}"
        )
        return dataclasses.replace(blank, reason=reason)
    change = stats.paired_difference(*most, n)
    return dataclasses.replace(
        blank,
        status="ok",
        value=change.value,
        low=change.low,
        high=change.high,
        n=n,
        verdict=words[1],
        gained=most[0],
        lost=most[1],
        p=stats.mcnemar(*most),
        note="the most that counts beside the baseline allow to be gained and lost",
    )


def _overlaps(
    own: Record, control: Record, n: int, right: int | None
) -> tuple[tuple[int, int], tuple[int, int]]:
    """The fewest and the most examples that may be gained and lost beside the control.

    Both gain among those that the baseline has wrong, and lose among those it has right. What both
    gain, or both lose, is no difference between them: that is at most the smaller of the two
    counts, and at least what does not fit beside each other.

    Args:
        own: the variant's difference to the baseline.
        control: the control's.
        n: all examples.
        right: how many the baseline has right, if that is known.
    """
    gains, losses = (
        (own.gained or 0, control.gained or 0),
        (own.lost or 0, control.lost or 0),
    )
    wrong_room, right_room = (n, n) if right is None else (n - right, right)
    most_shared = min(gains), min(losses)
    least_shared = max(0, sum(gains) - wrong_room), max(0, sum(losses) - right_room)

    def beside(both_gain: int, both_lose: int) -> tuple[int, int]:
        gained = gains[0] - both_gain + losses[1] - both_lose
        return gained, gains[1] - both_gain + losses[0] - both_lose

    return beside(*most_shared), beside(*least_shared)
