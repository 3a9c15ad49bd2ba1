"""How well a variant answers the whole test set: what all tasks have; theirs are in `tasks`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin import registry, stats
from weighin.core import Figure, Skip
from weighin.outcomes import Evaluation
from weighin.registry import metric, metrics
from weighin.tasks.scoring import check_paired, metrics_of

_UNCHECKED = Skip("the session was not held against its Keras model")
_NUMBERS = Skip("answers are numbers, which are never quite the same: see sqnr and cosine")
_SAME = Skip("the outputs are the same, bit for bit")

for task in registry.tasks.values():
    for figure in metrics_of(task):
        metrics.add(figure.name, figure)


def _share(count: float, n: int) -> Figure:
    share = stats.proportion(int(count), n)
    return Figure(share.value, share.low, share.high, n, count=int(count))


def _mean(scores: npt.NDArray[Any]) -> Figure:
    if stats.is_share(scores):
        return _share(scores.sum(), len(scores))
    mean = stats.mean(scores)
    return Figure(mean.value, mean.low, mean.high, len(scores))


@metric(
    "agreement",
    title="agreement",
    better="higher",
    scope="evaluation",
    column=False,
    relative=True,
    substitute=True,
    comparison="none",
)
def agreement(evaluation: Evaluation) -> Figure | Skip:
    """Share of test examples that get the same answer as from the baseline, right or wrong."""
    baseline = evaluation.baseline
    if evaluation.unlabelled and not evaluation.trained:
        return Skip(evaluation.unlabelled, "not measured")
    if baseline is None:
        return Skip(evaluation.no_baseline)
    check_paired(evaluation, baseline)
    same = evaluation.task.same(evaluation.answers, baseline.answers)
    return _NUMBERS if same is None else _mean(np.asarray(same, np.float64))


@metric(
    "sqnr",
    title="SQNR",
    unit="dB",
    kind="number",
    better="higher",
    scope="evaluation",
    column=False,
    relative=True,
    substitute=True,
    comparison="none",
)
def sqnr(evaluation: Evaluation) -> Figure | Skip:
    """Power of the baseline's outputs ÷ that of the difference to them, all outputs together."""
    if evaluation.baseline is None:
        return Skip(evaluation.no_baseline)
    signal, noise = _powers(evaluation, evaluation.baseline)
    if not noise.sum():
        return _SAME
    if not signal.sum():
        return Skip("the baseline's outputs are all 0", "not measured")

    def decibels(chosen: npt.NDArray[np.intp]) -> float:
        below = noise[chosen].sum()
        return 10 * math.log10(signal[chosen].sum() / below) if below else math.nan

    n = len(signal)
    value = decibels(np.arange(n))
    try:
        interval = stats.interval_of(value, stats.replicates(decibels, n))
    except ValueError:  # hardly any example differs
        return Figure(value, n=n)
    return Figure(interval.value, interval.low, interval.high, n)


@metric(
    "cosine",
    title="cosine",
    kind="number",
    better="higher",
    scope="evaluation",
    column=False,
    relative=True,
    substitute=True,
    comparison="none",
)
def cosine(evaluation: Evaluation) -> Figure | Skip:
    """Cosine of an example's outputs to the baseline's, mean over examples; bootstrap-t."""
    if evaluation.baseline is None:
        return Skip(evaluation.no_baseline)
    outputs, wanted = (_flat(each) for each in (evaluation, evaluation.baseline))
    outputs, wanted = (each[: min(len(outputs), len(wanted))] for each in (outputs, wanted))
    lengths = np.linalg.norm(outputs, axis=1) * np.linalg.norm(wanted, axis=1)
    cosines = (outputs * wanted).sum(axis=1) / np.where(lengths > 0, lengths, 1)
    cosines[lengths == 0] = (np.abs(outputs - wanted).sum(axis=1) == 0)[lengths == 0]
    mean = stats.mean(np.clip(cosines, -1, 1))
    return Figure(mean.value, mean.low, min(1.0, mean.high), len(cosines))


@metric(
    "fidelity",
    title="fidelity",
    better="higher",
    scope="evaluation",
    column=False,
    comparison="none",
)
def fidelity(evaluation: Evaluation) -> Figure | Skip:
    """Share of test examples that get the same answer as from the Keras model behind the file."""
    if evaluation.fidelity is None:
        return _UNCHECKED
    if evaluation.fidelity.same is None:
        return _NUMBERS
    if evaluation.fidelity.same.is_integer():
        return _share(evaluation.fidelity.same, evaluation.fidelity.n)
    return Figure(evaluation.fidelity.same / evaluation.fidelity.n, n=evaluation.fidelity.n)


@metric(
    "furthest_score",
    title="furthest score",
    better="lower",
    scope="evaluation",
    column=False,
    comparison="none",
)
def furthest_score(evaluation: Evaluation) -> Figure | Skip:
    """Largest difference of an output's value from that of the Keras model behind the file."""
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
    """Test examples answered per second, batched, on all cores."""
    return Figure(evaluation.n / evaluation.seconds, n=evaluation.n)


def _flat(evaluation: Evaluation) -> npt.NDArray[np.float64]:
    """All outputs of each example in a row, `(m, …)` float64."""
    parts = [values.reshape(len(values), -1) for values in evaluation.outputs.values()]
    return np.concatenate(parts, axis=1).astype(np.float64)


def _powers(
    evaluation: Evaluation, baseline: Evaluation
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of each example the power of the baseline's outputs, and of the difference to them."""
    outputs, wanted = (_flat(each) for each in (evaluation, baseline))
    m = min(len(outputs), len(wanted))
    return (
        np.square(wanted[:m]).sum(axis=1),
        np.square(outputs[:m] - wanted[:m]).sum(axis=1),
    )
