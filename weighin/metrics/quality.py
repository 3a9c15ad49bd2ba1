"""How well a variant answers the whole test set."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from weighin import stats
from weighin.core import Figure, Skip
from weighin.outcomes import Evaluation
from weighin.registry import metric

_UNCHECKED = Skip("the session was not held against its Keras model")


def _of_labelled(compute: Callable[[Evaluation], Figure | Skip]) -> Callable[..., Figure | Skip]:
    """Make a metric that is not measured where labels mean nothing."""

    @functools.wraps(compute)
    def checked(evaluation: Evaluation) -> Figure | Skip:
        if evaluation.unlabelled:
            return Skip(evaluation.unlabelled, "not measured")
        return compute(evaluation)

    return checked


def _share(count: int, n: int) -> Figure:
    share = stats.proportion(count, n)
    return Figure(share.value, share.low, share.high, n, count=count)


def _check_paired(evaluation: Evaluation, baseline: Evaluation) -> None:
    if not np.array_equal(evaluation.labels, baseline.labels):
        raise ValueError("the baseline answered another test set: the labels differ")


@metric(
    "top1",
    title="top-1",
    better="higher",
    comparison="shares",
    tolerance=0.01,
    scope="evaluation",
)
@_of_labelled
def top1(evaluation: Evaluation) -> Figure:
    """Share of test images answered right; 95 % Wilson interval."""
    if evaluation.predicted.shape != evaluation.labels.shape:
        raise ValueError(
            f"{len(evaluation.predicted)} answers for {len(evaluation.labels)} test images"
        )
    right = evaluation.predicted == evaluation.labels
    return _share(int(right.sum()), len(right))


@metric("top5", title="top-5", better="higher", scope="evaluation", column=False, comparison="none")
@_of_labelled
def top5(evaluation: Evaluation) -> Figure:
    """Share of test images whose class is among the five highest scores."""
    return _share(int(evaluation.top5.sum()), len(evaluation.top5))


@metric(
    "agreement",
    title="agreement",
    better="higher",
    scope="evaluation",
    column=False,
    comparison="none",
)
@_of_labelled
def agreement(evaluation: Evaluation) -> Figure | Skip:
    """Share of test images that get the same answer as from the baseline, right or wrong."""
    if evaluation.baseline is None:
        return Skip(evaluation.no_baseline)
    _check_paired(evaluation, evaluation.baseline)
    same = evaluation.predicted == evaluation.baseline.predicted
    return _share(int(same.sum()), len(same))


@metric(
    "top1_delta",
    title="Δ points",
    kind="points",
    better="higher",
    relative=True,
    comparison="none",
    scope="evaluation",
)
@_of_labelled
def top1_delta(evaluation: Evaluation) -> Figure | Skip:
    """Top-1 less the baseline's on the same images; paired 95 % interval."""
    if evaluation.baseline is None:
        return Skip(evaluation.no_baseline)
    _check_paired(evaluation, evaluation.baseline)
    right = evaluation.predicted == evaluation.labels
    right_before = evaluation.baseline.predicted == evaluation.baseline.labels
    gained, lost = int((right & ~right_before).sum()), int((right_before & ~right).sum())
    n = len(right)
    change = stats.paired_difference(gained, lost, n)
    verdict = stats.quality_verdict(gained, lost, n, evaluation.margin)
    return Figure(
        change.value, change.low, change.high, n, verdict=verdict, gained=gained, lost=lost
    )


@metric(
    "fidelity",
    title="fidelity",
    better="higher",
    scope="evaluation",
    column=False,
    comparison="none",
)
def fidelity(evaluation: Evaluation) -> Figure | Skip:
    """Share of test images that get the same answer as from the Keras model behind the file."""
    if evaluation.fidelity is None:
        return _UNCHECKED
    return _share(evaluation.fidelity.same, evaluation.fidelity.n)


@metric(
    "furthest_score",
    title="furthest score",
    better="lower",
    scope="evaluation",
    column=False,
    comparison="none",
)
def furthest_score(evaluation: Evaluation) -> Figure | Skip:
    """Largest difference of a score from that of the Keras model behind the file."""
    if evaluation.fidelity is None:
        return _UNCHECKED
    return Figure(evaluation.fidelity.furthest, n=evaluation.fidelity.n)


@metric(
    "throughput",
    unit="1/s",
    better="higher",
    scope="evaluation",
    machine_bound=True,
    column=False,
    comparison="none",
)
def throughput(evaluation: Evaluation) -> Figure:
    """Test images answered per second, batched, on all cores."""
    return Figure(len(evaluation.labels) / evaluation.seconds, n=len(evaluation.labels))
