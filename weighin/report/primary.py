"""How good answers are, in one figure: the first of their task, and its difference to the baseline.

Which one it is follows from the records and from what the results say of their metrics. Results
that say nothing of tasks are of classification, the only one there was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from weighin.core import Catalogue, Metric, Record, Results, undescribed
from weighin.core.metrics import against_control
from weighin.report import units

_CLASSIFICATION = "top1"


@dataclass(frozen=True)
class Primary:
    """The figure by which rows of a table are better or worse, and its difference.

    Attributes:
        figure: of the answers themselves.
        delta: less the baseline's; None where no difference is told, as of agreement with it.
        control: less the dense control's, of what trains further; likewise.
    """

    figure: Metric
    delta: Metric | None
    control: Metric | None = None

    @property
    def name(self) -> str:
        """The figure's name."""
        return self.figure.name

    @property
    def delta_name(self) -> str:
        """The difference's name; empty where there is none."""
        return self.delta.name if self.delta else ""

    @property
    def control_name(self) -> str:
        """The difference to the control's name; empty where there is none."""
        return self.control.name if self.control else ""

    @property
    def is_lower_better(self) -> bool:
        """Whether a lower figure is better, as of errors."""
        return self.figure.better == "lower"

    @property
    def is_paired_by_counts(self) -> bool:
        """Whether each answer is right or wrong, so that answers gained and lost are counted."""
        return self.figure.comparison == "shares" or self.name == _CLASSIFICATION

    @property
    def axis(self) -> str:
        """What stands beside an axis of it: `top-1 on the test set (%)`."""
        unit = units.axis(self.figure)[1]
        words = [unit] if unit else []
        words += ["lower is better"] if self.is_lower_better else []
        return f"{self.figure.title} on the test set" + (f" ({', '.join(words)})" if words else "")


def primary(metrics: Catalogue, records: Iterable[Record]) -> Primary:
    """The figure of a model on a data set, and its difference.

    Args:
        metrics: what they mean.
        records: of one model and data set.
    """
    (first, *_) = primaries(metrics, records)
    return first


def primaries(metrics: Catalogue, records: Iterable[Record]) -> list[Primary]:
    """The figures that a table of these records has columns for: one, if they are of one task.

    Where nobody measured how good answers are, the one that would be shown if their model were a
    classifier.
    """
    records = list(records)
    recorded = {record.metric for record in records}
    measured = {record.metric for record in records if record.value is not None}
    for names in (measured, recorded):
        qualities = dict.fromkeys(
            metric.quality
            for metric in metrics.values()
            if metric.quality and metric.column and metric.name in names
        )
        if qualities:
            return [_of(metrics, quality) for quality in qualities]
    if not any(metric.quality for metric in metrics.values()) or _CLASSIFICATION in recorded:
        return [_of(metrics, _CLASSIFICATION)]
    instead = [metric for metric in metrics.values() if metric.substitute]
    for names in (measured, recorded):
        if told := [metric for metric in instead if metric.name in names]:
            return [Primary(metric, None) for metric in told]
    return [_of(metrics, _CLASSIFICATION)]


def further(metrics: Catalogue, records: Iterable[Record]) -> list[Metric]:
    """The figures of the records' task beside the first, and their differences."""
    measured = {record.metric for record in records if record.value is not None}
    return [
        metric
        for metric in metrics.values()
        if metric.quality and not metric.column and metric.name in measured
    ]


def examples(results: Results, dataset: str, quality: Primary) -> str:
    """What the data set's examples are called: `images`, where they are some.

    Results say so since there are models of anything else; before, all were images.
    """
    facts = results.environment.get("datasets", {}).get(dataset, {})
    told = facts.get("examples") if isinstance(facts, dict) else None
    if isinstance(told, str) and told:
        return told
    return "images" if quality.name == _CLASSIFICATION else "examples"


def _of(metrics: Catalogue, quality: str) -> Primary:
    """The figure of this name and its differences, as far as they are described."""
    figure, delta = (
        metrics.get(name) or undescribed(name) for name in (quality, f"{quality}_delta")
    )
    beside_control = against_control(delta)
    return Primary(figure, delta, metrics.get(beside_control.name, beside_control))
