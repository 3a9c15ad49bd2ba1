"""Sentences on how good answers are: by which test, corrected for how many, beside what."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from weighin import stats
from weighin.core import Metric, Record, Results
from weighin.report.control import completed, undertrained
from weighin.report.footer.shared import models_of, records_of
from weighin.report.primary import Primary, examples
from weighin.report.rows import Row
from weighin.report.verdicts import tried


def delta(results: Results, rows: Sequence[Row], dataset: str, quality: Primary) -> str:
    """How differences to the baseline are tested; empty where none were."""
    margin, records = results.environment.get("margin"), records_of(rows, quality.delta_name)
    if margin is None or not records or quality.delta is None:
        return ""
    title, noun = quality.delta.title, examples(results, dataset, quality)
    measured = [record for record in records if record.value is not None]
    if quality.is_paired_by_counts or any(record.gained is not None for record in measured):
        told = "by McNemar's exact test at 5 %, else same if the interval lies within"
    elif measured:
        told = "if the paired bootstrap's interval leaves out 0, else same if it lies within"
    else:
        return ""
    return f"{title}: on the same {noun}; better or worse {told} {_margin(quality.delta, margin)}"


def control(results: Results, rows: Sequence[Row], dataset: str, quality: Primary) -> str:
    """What the difference to the control is, and what it is made of where nobody paired answers."""
    if quality.control is None:
        return ""
    told = (
        f"{quality.control.title}: by the same test beside the dense start trained further for as "
        f"long, without compressing"
    )
    measured = _measured(results, rows, dataset)
    recorded = {(record.case, record.metric) for record in measured}
    shown = records_of(rows, quality.control_name)
    if any((record.case, record.metric) not in recorded for record in shown):
        told += (
            "; this run did not pair their answers: the widest interval that counts beside the "
            "baseline allow, and a verdict only where they leave no doubt"
        )
    return told


def is_any_delta(quality: Primary, metrics: Collection[str]) -> bool:
    """Whether a table has a column of differences that are tested."""
    return quality.delta_name in metrics or quality.control_name in metrics


def corrected(results: Results, rows: Sequence[Row], dataset: str) -> str:
    """How many tests there are, and how their verdicts are corrected for it."""
    family = tried(completed(_measured(results, rows, dataset), results), results)
    parts = []
    if family.tests > 1:
        parts.append(
            f"{family.tests:,} tests in this table, corrected by Holm's procedure "
            f"for their number: at most one such table in twenty holds a false one"
        )
    if family.dropped:
        parts.append(f"{family.dropped:,} that a test alone would call so are not")
    if family.uncorrected:
        parts.append(f"{family.uncorrected:,} that came without a p-value are not corrected")
    return f"better, worse: {'; '.join(parts)}" if parts else ""


def too_little_training(
    results: Results, rows: Sequence[Row], dataset: str, quality: Primary
) -> str:
    """What is said of steps that trained too little to tell; empty of none."""
    margin = results.environment.get("margin", stats.MARGIN)
    records = _measured(results, rows, dataset)
    return undertrained(records, quality.delta, margin) if quality.delta else ""


def _measured(results: Results, rows: Sequence[Row], dataset: str) -> list[Record]:
    """All records of a table's models on its data set, as measured."""
    models = models_of(rows)
    return [
        record
        for (model, data), records in results.by_model.items()
        if model in models and data == dataset
        for record in records
    ]


def _margin(delta: Metric, of_shares: float) -> str:
    """What difference does not matter: the metric's own, the run's for shares, or 1 %."""
    if delta.kind == "points":
        return f"±{(of_shares if delta.margin is None else delta.margin) * 100:g}"
    if delta.margin is not None:
        return f"±{delta.margin:g} {delta.unit}".rstrip()
    return "±1 % of the baseline's"
