"""How well a variant answers the whole test set: what all tasks have; theirs are in `tasks`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin import registry, stats
from weighin.core import Array, Figure, Skip
from weighin.outcomes import Evaluation
from weighin.registry import metric, metrics
from weighin.tasks.scoring import check_paired, metrics_of

_UNCHECKED = Skip("the session was not held against its Keras model")
_NUMBERS = Skip("answers are numbers, which are never quite the same: see sqnr and cosine")
_SAME = Skip("the outputs are the same, bit for bit")
_NONE_KEPT = Skip("one example's outputs are too large to be kept and compared", "not measured")
_NO_ANGLE = Skip("an example's output is one number, between which there is no angle: see sqnr")

COMPARED_BYTES = 16_000_000  # of outputs that are compared at once, as float64

# Registering a task has done so, too; but where its columns stand is decided here, ahead of those
# below, whichever of the two registries was asked first.
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
    if evaluation.unlabelled and (evaluation.drawn or not evaluation.trained):
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
    """Power of the baseline's outputs ÷ that of the difference to them, outputs alike."""
    if evaluation.drawn:
        return Skip(evaluation.unlabelled, "not measured")
    if evaluation.baseline is None:
        return Skip(evaluation.no_baseline)
    if not evaluation.outputs or not evaluation.baseline.outputs:
        return _NONE_KEPT
    powers = [
        (np.square(wanted).sum(axis=1), np.square(outputs - wanted).sum(axis=1))
        for outputs, wanted in _compared(evaluation, evaluation.baseline)
    ]
    signal, noise = (np.concatenate(each) for each in zip(*powers, strict=True))
    if not noise.sum():
        return _SAME
    if not signal.sum():
        return Skip("the baseline's outputs are all 0", "not measured")

    def decibels(chosen: npt.NDArray[np.intp]) -> float:
        above, below = signal[chosen].sum(), noise[chosen].sum()
        return 10 * math.log10(above / below) if above and below else math.nan

    n = len(signal)
    try:
        interval = stats.of_set(decibels, n)
    except ValueError:  # hardly any example differs
        return Figure(decibels(np.arange(n)), n=n)
    return Figure(interval.value, interval.low, interval.high, n)


@metric(
    "cosine",
    title="cosine",
    kind="number",
    least=-1.0,
    most=1.0,
    better="higher",
    scope="evaluation",
    column=False,
    relative=True,
    substitute=True,
    comparison="none",
)
def cosine(evaluation: Evaluation) -> Figure | Skip:
    """Cosine of an example's outputs to the baseline's, mean over examples; bootstrap-t."""
    if evaluation.drawn:
        return Skip(evaluation.unlabelled, "not measured")
    if evaluation.baseline is None:
        return Skip(evaluation.no_baseline)
    if not evaluation.outputs or not evaluation.baseline.outputs:
        return _NONE_KEPT
    if sum(values[:1].size for values in evaluation.outputs.values()) == 1:
        return _NO_ANGLE
    parts = [_cosines(*each) for each in _compared(evaluation, evaluation.baseline)]
    cosines = np.concatenate(parts)
    mean = stats.mean(cosines)
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
    kind="number",
    least=0.0,
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
def throughput(evaluation: Evaluation) -> Figure | Skip:
    """Test examples answered per second, batched, on all cores."""
    if evaluation.untimed:
        return Skip(evaluation.untimed)
    return Figure(evaluation.n / evaluation.seconds, n=evaluation.n)


def _compared(
    evaluation: Evaluation, baseline: Evaluation
) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Outputs and the baseline's, each `(k, values)`, all of an example's in a row.

    Of the examples that both have kept, a few at a time: float64 takes twice their memory, or more.
    Several outputs are each divided by the size of the baseline's, for they may be of different
    units, and the largest would drown the others.
    """
    m = min(len(v) for each in (evaluation, baseline) for v in each.outputs.values())
    example = 8 * sum(values[:1].size for values in baseline.outputs.values())
    most = max(1, COMPARED_BYTES // max(1, example))
    parts = [slice(start, min(start + most, m)) for start in range(0, m, most)]
    sizes = dict.fromkeys(baseline.outputs, 1.0)
    if len(sizes) > 1:
        powers = {
            name: sum(np.square(_flat(values[part])).sum() for part in parts)
            for name, values in baseline.outputs.items()
        }
        sizes = {name: math.sqrt(power) or 1.0 for name, power in powers.items()}
    for part in parts:
        yield _rows(evaluation, sizes, part), _rows(baseline, sizes, part)


def _rows(
    evaluation: Evaluation, sizes: Mapping[str, float], part: slice
) -> npt.NDArray[np.float64]:
    """Outputs of some examples, all of one's in a row, in the order of their sizes' names."""
    outputs = evaluation.outputs
    return np.concatenate([_flat(outputs[name][part]) / sizes[name] for name in sizes], axis=1)


def _flat(values: Array) -> npt.NDArray[np.float64]:
    return values.reshape(len(values), -1).astype(np.float64)


def _cosines(
    outputs: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Of each example; of two that are all 0 it is 1, of one that is, 0."""
    lengths = np.linalg.norm(outputs, axis=1) * np.linalg.norm(wanted, axis=1)
    cosines = (outputs * wanted).sum(axis=1) / np.where(lengths > 0, lengths, 1)
    cosines[lengths == 0] = (outputs == wanted).all(axis=1)[lengths == 0]
    clipped: npt.NDArray[np.float64] = np.clip(cosines, -1, 1)
    return clipped
