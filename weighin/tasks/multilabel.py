"""Several labels that each hold or do not hold of an example."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Array, Arrays, Dataset, Loss, Quality, Signature, Split, WeighinError
from weighin.core.signature import written
from weighin.core.tasks import Task, one_of_each, only, repeated
from weighin.stats import is_share
from weighin.tasks._ranking import Chosen, Ranked
from weighin.tasks.classification import STRAY
from weighin.tasks.registering import task

HALF = 0.5  # the score from which a label is said to hold


def _average_precision(answers: Arrays, targets: Arrays) -> float:
    from sklearn.metrics import average_precision_score

    return _mean_over_labels(average_precision_score, answers, targets)


def _auc(answers: Arrays, targets: Arrays) -> float:
    from sklearn.metrics import roc_auc_score

    return _mean_over_labels(roc_auc_score, answers, targets)


def _resampled(figure: str) -> Callable[[list[Ranked], Chosen], float]:
    def mean(labels: list[Ranked], chosen: Chosen) -> float:
        """Over labels that hold of some of the chosen examples and not of others."""
        figures = [getattr(label, figure)(chosen) for label in labels if label.is_varied(chosen)]
        return float(np.mean(figures)) if figures else math.nan

    return mean


def _micro_f1(answers: Arrays, targets: Arrays) -> float:
    """2 TP / (2 TP + FP + FN) over all labels, as scikit-learn's `f1_score(average="micro")`."""
    said, holds = _said(answers["score"]), targets["label"]
    return float(2 * (said & holds).sum() / max(1, said.sum() + holds.sum()))


def _said(scores: Array) -> npt.NDArray[np.bool_]:
    """Which labels are said to hold: from a probability of a half on, or a bare score of 0."""
    bare = scores.min(initial=0) < -STRAY or scores.max(initial=0) > 1 + STRAY
    said: npt.NDArray[np.bool_] = scores >= (0 if bare else HALF)
    return said


def _mean_over_labels(figure: Any, answers: Arrays, targets: Arrays) -> float:
    """The mean of a figure over the labels that hold of some examples and not of others."""
    scores, holds = answers["score"], targets["label"]
    told = [at for at in range(holds.shape[1]) if 0 < holds[:, at].sum() < len(holds)]
    return float(np.mean([figure(holds[:, at], scores[:, at]) for at in told]) if told else np.nan)


def _of_varied(answers: Arrays, targets: Arrays) -> str | None:
    shares = targets["label"].mean(axis=0)
    if not ((shares > 0) & (shares < 1)).any():
        return "each label holds of all test examples, or of none"
    return None


@task
class MultiLabel(Task):
    """Labels that each hold or do not hold: sigmoid units, targets 0 and 1."""

    name = "multilabel"
    losses = ("binary_crossentropy", "binary_crossentropy_from_logits", "binary_focal_crossentropy")
    figures = (
        Quality(
            name="mean_average_precision",
            title="mAP",
            compute=_average_precision,
            of_prepared=_resampled("average_precision"),
            applies=_of_varied,
            summary="Average precision, mean over labels; bootstrap interval",
        ),
        Quality(
            name="micro_f1",
            title="micro-F1",
            compute=_micro_f1,
            summary="F1 of all labels together, each said to hold from 0.5; bootstrap interval",
        ),
        Quality(
            name="auc",
            title="AUC",
            compute=_auc,
            of_prepared=_resampled("auc"),
            applies=_of_varied,
            summary="Area under the ROC curve, mean over labels; bootstrap interval",
        ),
    )

    def fits(self, signature: Signature, dataset: Dataset) -> bool:
        """Rows of 0 and 1, a score for each, and no softmax."""
        if not (pair := one_of_each(signature, dataset)):
            return False
        port, target = pair
        if len(port.shape) != 1 or port.activation == "softmax" or target.ndim != 2:
            return False
        if target.shape[1] < 2 or not is_share(target):
            return False
        return port.activation == "sigmoid" or not bool((target.sum(axis=1) == 1).all())

    def check(self, signature: Signature, dataset: Dataset, loss: Loss | None = None) -> None:
        """A score for each label."""
        target, port = dataset.train.target, signature.output
        if target.ndim != 2 or not is_share(target):
            raise WeighinError(
                f"Targets of several labels are rows of 0 and 1; data set {dataset.name!r} has "
                f"{target.dtype} {written(target.shape[1:])}."
            )
        if len(port.shape) != 1 or port.units != target.shape[1]:
            raise WeighinError(
                f"The model's head, {port.head}, gives {written(port.shape)} scores, data set "
                f"{dataset.name!r} has {target.shape[1]} labels: let it end in "
                f"Dense({target.shape[1]}, 'sigmoid')."
            )
        super().check(signature, dataset, loss)

    def loss(self, signature: Signature, dataset: Dataset, named: Loss | None = None) -> Loss:
        """Binary cross-entropy, of probabilities or of bare scores."""
        if named is None and signature.output.activation == "linear":
            return "binary_crossentropy_from_logits"
        return super().loss(signature, dataset, named)

    def learned(self, split: Split) -> Array:
        """0 and 1, `(n, labels)` float32."""
        return split.target.astype(np.float32)

    def targets(self, split: Split) -> dict[str, Array]:
        """`label`, `(n, labels)`."""
        return {"label": split.target.astype(bool)}

    def answers(self, outputs: Arrays, inputs: Arrays, targets: Arrays) -> dict[str, Array]:
        """`score`, `(n, labels)`: probabilities, or bare scores."""
        return {"score": only(outputs, "outputs").astype(np.float64)}

    def prepared(self, answers: Arrays, targets: Arrays) -> list[Ranked]:
        """Examples by falling score, of each label."""
        scores, holds = answers["score"], targets["label"]
        return [Ranked(scores[:, at], holds[:, at]) for at in range(holds.shape[1])]

    def same(self, answers: Arrays, others: Arrays) -> Array:
        """The share of labels that both say hold, or do not."""
        equal = _said(answers["score"]) == _said(others["score"])
        shares: Array = equal.mean(axis=1)
        return shares

    def guess(self, dataset: Dataset, answers: Arrays) -> dict[str, Array]:
        """How often each label holds in training."""
        return {"score": repeated(dataset.train.target.mean(axis=0), len(dataset.test))}

    @property
    def guessing(self) -> str:
        """The labels' own shares."""
        return "giving each label the same score for all examples"
