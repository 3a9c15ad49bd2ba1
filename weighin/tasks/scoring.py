"""A task's figures as metrics: the figure with its interval, and its difference to the baseline."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weighin import stats
from weighin.core import CONTROL, ComputedMetric, Figure, Quality, Skip, Task
from weighin.core.metrics import against_control
from weighin.outcomes import Evaluation
from weighin.stats import Interval


def metrics_of(task: Task) -> list[ComputedMetric]:
    """Three metrics for each figure; tables show those of the first."""
    metrics: list[ComputedMetric] = []
    for at, quality in enumerate(task.figures):
        beside_baseline = _delta(quality, column=not at)
        metrics += [_figure(quality, column=not at), beside_baseline]
        metrics.append(_delta_to_control(beside_baseline, quality))
    return metrics


def _figure(quality: Quality, *, column: bool) -> ComputedMetric:
    return ComputedMetric(
        name=quality.name,
        title=quality.title,
        unit=quality.unit,
        kind=quality.kind,
        better=quality.better,
        comparison=quality.comparison,
        tolerance=quality.tolerance,
        least=quality.least,
        most=quality.most,
        column=column,
        summary=quality.summary,
        scope="evaluation",
        compute=lambda evaluation: figure(evaluation, quality.name),
        quality=quality.name,
    )


def _delta(quality: Quality, *, column: bool) -> ComputedMetric:
    is_share = quality.kind == "share"
    points = "Δ points" if column else f"Δ {quality.title} points"
    return ComputedMetric(
        name=f"{quality.name}_delta",
        title=points if is_share else f"Δ {quality.title}",
        unit=quality.unit,
        kind="points" if is_share else "change",
        better=quality.better,
        relative=True,
        comparison="none",
        margin=quality.margin,
        column=column,
        summary=f"Difference of {quality.title} to the baseline's on the same examples; paired",
        scope="evaluation",
        compute=lambda evaluation: delta(evaluation, quality.name),
        quality=quality.name,
    )


def _delta_to_control(delta: ComputedMetric, quality: Quality) -> ComputedMetric:
    return against_control(
        delta,
        summary=f"The same to {CONTROL}'s, of what trains further",
        compute=lambda evaluation: delta_to_control(evaluation, quality.name),
    )


def figure(evaluation: Evaluation, name: str) -> Figure | Skip:
    """One of the task's figures: the mean of scores, or a figure of the whole set."""
    quality = _quality(evaluation, name)
    if missing := _missing(evaluation, quality):
        return missing
    interval = figure_of(evaluation, quality)
    scores = evaluation.scored(quality)
    if not scores.ndim or not stats.is_share(scores):
        return Figure(interval.value, interval.low, interval.high, evaluation.n)
    count, halves = int(scores.sum()), tuple(int(scores[at::2].sum()) for at in (0, 1))
    ends = interval.low, interval.high
    return Figure(interval.value, *ends, evaluation.n, count=count, halves=halves)


def figure_of(evaluation: Evaluation, quality: Quality) -> Interval:
    """A figure and its interval: Wilson's of a share, bootstrap-t of a mean, else bootstrap."""
    scores = evaluation.scored(quality)
    if not scores.ndim:
        interval = stats.interval_of(float(scores), evaluation.resampled(quality))
        return _within(interval, quality, 0.0)
    if stats.is_share(scores):
        return stats.proportion(int(scores.sum()), len(scores))
    return _within(stats.mean(scores), quality, 0.0)


def _within(interval: Interval, quality: Quality, least: float) -> Interval:
    """An interval of a share, or of a difference of two, without what no share can be."""
    if quality.kind != "share":
        return interval
    return Interval(interval.value, max(least, interval.low), min(1.0, interval.high))


def delta(evaluation: Evaluation, name: str) -> Figure | Skip:
    """A figure less the baseline's on the same examples, and a verdict."""
    if missing := _missing(evaluation, _quality(evaluation, name)):
        return missing
    if evaluation.baseline is None:
        return Skip(evaluation.no_baseline)
    return _beside(evaluation, evaluation.baseline, _quality(evaluation, name))


def delta_to_control(evaluation: Evaluation, name: str) -> Figure | Skip:
    """A figure less the dense control's on the same examples, and a verdict by the same margin."""
    if evaluation.control is None:
        return evaluation.no_control
    if missing := _missing(evaluation, _quality(evaluation, name)):
        return missing
    return _beside(evaluation, evaluation.control, _quality(evaluation, name))


def _beside(evaluation: Evaluation, other: Evaluation, quality: Quality) -> Figure:
    check_paired(evaluation, other)
    margin, margin_text = _margin(evaluation, quality)
    scores, before = evaluation.scored(quality), other.scored(quality)
    if scores.ndim and stats.is_share(scores) and stats.is_share(before):
        return _of_shares(scores > before, before > scores, margin, quality)
    change = difference(evaluation, other, quality)
    p = stats.significance(lambda confidence: difference(evaluation, other, quality, confidence))
    verdict = stats.verdict_of(change, margin, quality.better, margin_text)
    return Figure(change.value, change.low, change.high, evaluation.n, verdict=verdict, p=p)


def difference(
    evaluation: Evaluation,
    other: Evaluation,
    quality: Quality,
    confidence: float = stats.CONFIDENCE,
) -> Interval:
    """One evaluation's figure less another's of the same examples, paired."""
    scores, before = evaluation.scored(quality), other.scored(quality)
    if scores.ndim:
        change = stats.paired_mean(scores - before, confidence)
    else:
        resampled = evaluation.resampled(quality), other.resampled(quality)
        sides = float(scores), resampled[0], float(before), resampled[1]
        change = stats.paired_set(*sides, confidence)
    return _within(change, quality, -1.0)


def paired(
    evaluation: Evaluation,
    other: Evaluation,
    quality: Quality,
    confidence: float = stats.CONFIDENCE,
) -> Interval:
    """`difference`, but of answers that are right or wrong by the interval of two shares."""
    check_paired(evaluation, other)
    scores, before = evaluation.scored(quality), other.scored(quality)
    if scores.ndim and stats.is_share(scores) and stats.is_share(before):
        gained, lost = int((scores > before).sum()), int((before > scores).sum())
        return stats.paired_difference(gained, lost, evaluation.n, confidence)
    return difference(evaluation, other, quality, confidence)


def check_paired(evaluation: Evaluation, baseline: Evaluation) -> None:
    """Refuse to pair answers to other examples.

    Raises:
        ValueError: if counts or targets differ.
    """
    if evaluation.n != baseline.n:
        raise ValueError(f"the baseline answered {baseline.n} examples, not {evaluation.n}")
    for name, values in evaluation.targets.items():
        others = baseline.targets[name]
        missing_is_same = values.dtype.kind == others.dtype.kind == "f"
        if not np.array_equal(values, others, equal_nan=missing_is_same):
            raise ValueError("the baseline answered another test set: the targets differ")


def _of_shares(
    gains: npt.NDArray[np.bool_], losses: npt.NDArray[np.bool_], margin: float, quality: Quality
) -> Figure:
    gained, lost, n = int(gains.sum()), int(losses.sum()), len(gains)
    change = stats.paired_difference(gained, lost, n)
    verdict = stats.quality_verdict(gained, lost, n, margin, better=quality.better)
    return Figure(
        change.value,
        change.low,
        change.high,
        n,
        verdict=verdict,
        gained=gained,
        lost=lost,
        p=stats.mcnemar(gained, lost),
        halves=tuple(int(side[at::2].sum()) for at in (0, 1) for side in (gains, losses)),
    )


def _margin(evaluation: Evaluation, quality: Quality) -> tuple[float, str]:
    """What difference does not matter, and how a verdict says so."""
    of_shares = evaluation.margin if quality.kind == "share" else None
    return stats.margin_of(
        quality.margin,
        quality.unit,
        of_shares,
        lambda: figure_of(evaluation.baseline or evaluation, quality).value,
    )


def _quality(evaluation: Evaluation, name: str) -> Quality:
    return next(quality for quality in evaluation.task.figures if quality.name == name)


def _missing(evaluation: Evaluation, quality: Quality) -> Skip | None:
    if evaluation.task.needs_targets and evaluation.unlabelled:
        return Skip(evaluation.unlabelled, "not measured")
    if reason := quality.applies(evaluation.answers, evaluation.targets):
        return Skip(reason, "not measured")
    return None
