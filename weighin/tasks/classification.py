"""One class of several for each example: softmax, bare scores, or one sigmoid unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Array, Arrays, Dataset, Loss, Port, Quality, Signature, Split, WeighinError
from weighin.core.signature import BARE, written
from weighin.core.tasks import Task, one_of_each, only
from weighin.stats import is_share
from weighin.tasks.registering import task

STRAY = 0.01  # how far a probability may lie outside 0 to 1, by rounding
FIVE = 5
_LOSS_OF = {
    "softmax": "crossentropy",
    "sigmoid": "binary_crossentropy",
    **dict.fromkeys(BARE, "crossentropy_from_logits"),
}


def _top1(answers: Arrays, targets: Arrays) -> npt.NDArray[np.bool_]:
    right: npt.NDArray[np.bool_] = answers["highest"][:, 0] == targets["class"]
    return right


def _top5(answers: Arrays, targets: Arrays) -> npt.NDArray[np.bool_]:
    five = answers["highest"][:, :FIVE]
    right: npt.NDArray[np.bool_] = (five == targets["class"][:, np.newaxis]).any(axis=1)
    return right


def _of_more_than_five(answers: Arrays, targets: Arrays) -> str | None:
    if answers["highest"].shape[1] <= FIVE:
        return "there are no more than five classes, so that every answer would be right"
    return None


@task
class Classification(Task):
    """One class of several: softmax, bare scores, or one sigmoid unit; class numbers."""

    name = "classification"
    losses = ("crossentropy", "crossentropy_from_logits", "binary_crossentropy")
    figures = (
        Quality(
            name="top1",
            title="top-1",
            compute=_top1,
            comparison="shares",
            summary="Share of test examples answered right; 95 % Wilson interval",
        ),
        Quality(
            name="top5",
            title="top-5",
            compute=_top5,
            comparison="none",
            tolerance=0.0,
            applies=_of_more_than_five,
            summary="Share of test examples whose class is among the five highest scores",
        ),
    )

    def fits(self, signature: Signature, dataset: Dataset) -> bool:
        """Class numbers, or one-hot rows where a softmax or bare scores are given."""
        if not (pair := one_of_each(signature, dataset)):
            return False
        port, target = pair
        if _numbers(target) is None:
            return False
        if _is_one_hot(target):
            return port.activation != "sigmoid" and port.units == target.shape[1]
        of_class_1 = port.activation == "sigmoid" and port.units == 1
        if target.dtype.kind == "f" and not (port.activation == "softmax" or of_class_1):
            return False
        if port.units == 1 and port.activation == "linear" and dataset.classes is None:
            return False  # whole numbers may be just that
        gives_back = len(signature.inputs) == 1 and port.shape == signature.inputs[0].shape
        return not gives_back or port.units in (1, classes_of(dataset))

    def check(self, signature: Signature, dataset: Dataset, loss: Loss | None = None) -> None:
        """One output, a score for each class; which loss fits them matters where one is used."""
        port, classes = _one(signature), classes_of(dataset)
        data = f"data set {dataset.name!r}"
        lowest = min(int(part.target.min(initial=0)) for part in (dataset.train, dataset.test))
        if lowest < 0:
            raise WeighinError(
                f"The targets of {data} run from {lowest}, and classes count from 0: leave out "
                f"examples without a class."
            )
        if len(port.shape) != 1:
            raise WeighinError(
                f"The model answers in shape {written(port.shape)} (layer {port.layer!r}), not "
                f"with one score for each of the {classes} classes of {data}: let it end in "
                f"Flatten or pooling and Dense({classes}, 'softmax'), or say by Recipe(task=…) "
                f"what else its answers are."
            )
        _check_units(port, None if callable(loss) else loss, classes, self)

    def loss(self, signature: Signature, dataset: Dataset, named: Loss | None = None) -> Loss:
        """By what the scores are: probabilities, bare scores, or the probability of class 1."""
        port, classes = _one(signature), classes_of(dataset)
        if callable(named):
            return named
        _check_units(port, named, classes, self)
        ways = f"Recipe(loss=…), one of {', '.join(self.losses)}"
        if port.activation == "sigmoid" and port.units != 1:
            raise WeighinError(
                f"The model's head, {port.head}, gives each class a probability of its own, which "
                f"no loss on class numbers fits: end in Dense({classes}, 'softmax')."
            )
        wanted = _LOSS_OF.get(port.activation, named)
        if wanted is None:
            raise WeighinError(
                f"The model ends in {port.head}, from which no loss follows: say what its scores "
                f"are by {ways}, or let it end in a softmax."
            )
        if named not in (None, wanted):
            raise WeighinError(
                f"loss={named!r} does not fit the model's head, {port.head}: that wants "
                f"{wanted!r}. Leave out loss=, or change the layer's activation."
            )
        return wanted

    def learned(self, split: Split) -> Array:
        """Class numbers `(n,)`."""
        return self.targets(split)["class"]

    def targets(self, split: Split) -> dict[str, Array]:
        """`class`, `(n,)`: also of one-hot rows and of `(n, 1)`."""
        numbers = _numbers(split.target)
        if numbers is None:
            raise WeighinError(f"targets {list(split.target.shape)} are no class numbers")
        return {"class": numbers}

    def reading(self, dataset: Dataset) -> str:
        """Other forms than class numbers `(n,)` are named."""
        target = dataset.train.target
        if _is_one_hot(target):
            return "one-hot labels read as class numbers"
        if target.ndim == 2:
            return "labels (n, 1) read as class numbers"
        return f"{target.dtype} labels read as class numbers" if target.dtype.kind == "f" else ""

    def answers(self, outputs: Arrays, inputs: Arrays, targets: Arrays) -> dict[str, Array]:
        """`highest`, `(n, up to 6)`: the classes of the highest scores; of equal ones the first.

        One more than five, so that five can be told from all.
        """
        scores = class_scores(only(outputs, "outputs"))
        order = np.argsort(-scores, axis=1, kind="stable")
        few = order[:, : FIVE + (scores.shape[1] > FIVE)].astype(np.int32)
        return {"highest": few}

    def same(self, answers: Arrays, others: Arrays) -> npt.NDArray[np.bool_]:
        """The same class."""
        equal: npt.NDArray[np.bool_] = answers["highest"][:, 0] == others["highest"][:, 0]
        return equal

    def chance(self, dataset: Dataset) -> float:
        """One of the classes."""
        return 1 / classes_of(dataset)


def class_scores(scores: Array) -> Array:
    """Scores with a column for each class, `(n, classes)`.

    One score alone, `(n, 1)`, is the probability p of class 1 of two; class 0 then has 1 − p.

    Raises:
        WeighinError: if they are not `(n, classes)`, or one alone is no probability.
    """
    if scores.ndim != 2:
        raise WeighinError(f"the session answers {list(scores.shape)}, not a score for each class")
    if scores.shape[1] != 1:
        return scores
    low, high = scores.min(initial=0), scores.max(initial=0)
    if low < -STRAY or high > 1 + STRAY:
        raise WeighinError(
            f"the session answered one score from {low:.3g} to {high:.3g}, no probability of class "
            f"1: let the model end in Dense(1, 'sigmoid')"
        )
    return np.concatenate([1 - scores, scores], axis=1)


def classes_of(dataset: Dataset) -> int:
    """How many classes the targets of both parts number."""
    target = dataset.train.target
    if _is_one_hot(target):
        return int(target.shape[1])
    highest = max(int(part.target.max(initial=0)) for part in (dataset.train, dataset.test))
    return dataset.classes or highest + 1


def _one(signature: Signature) -> Port:
    if len(signature.outputs) != 1:
        names = ", ".join(port.layer or port.name for port in signature.outputs)
        raise WeighinError(
            f"The model gives {len(signature.outputs)} outputs ({names}); one is weighed, the "
            f"scores of the classes: say by Recipe(task=…) what else they are."
        )
    return signature.output


def _numbers(target: Array) -> npt.NDArray[np.int64] | None:
    """Class numbers `(n,)`, if targets are such; whole floats count, as do one-hot rows."""
    if target.dtype.kind not in "biuf":
        return None
    if _is_one_hot(target):
        numbers: npt.NDArray[np.int64] = target.argmax(axis=1)
        return numbers
    if target.ndim not in (1, 2) or (target.ndim == 2 and target.shape[1] != 1):
        return None
    flat = target.reshape(-1)
    if flat.dtype.kind == "f" and not np.array_equal(flat, np.floor(flat)):
        return None
    return flat.astype(np.int64)


def _is_one_hot(target: Array) -> bool:
    if target.ndim != 2 or target.shape[1] < 2 or target.dtype.kind not in "biuf":
        return False
    return is_share(target) and bool((target.sum(axis=1) == 1).all())


def _check_units(port: Port, named: Any, classes: int, task: Task) -> None:
    if named is not None and named not in task.losses:
        known = ", ".join(task.losses)
        raise WeighinError(
            f"loss={named!r} is none for class numbers: Recipe(loss=…), one of {known}. If "
            f"something else is asked, name it by Recipe(task=…)."
            + (task.meant(named) if isinstance(named, str) else "")
        )
    binary = named == "binary_crossentropy"
    if port.units == 1:
        if classes != 2:
            raise WeighinError(
                f"The model's head, {port.head}, gives 1 score, the data have {classes} classes: "
                f"end in Dense({classes}, 'softmax'), or correct classes=."
            )
        if port.activation == "softmax":
            raise WeighinError(
                f"The model's head, {port.head}, always answers 1, for a softmax adds up to 1: end "
                f"in Dense(1, 'sigmoid') or Dense(2, 'softmax')."
            )
        if port.activation in BARE or (not port.activation and named and not binary):
            raise WeighinError(
                f"The model's head, {port.head}, gives 1 score for 2 classes, which is taken for "
                f"the probability of class 1{f', and not with loss={named!r}' if named else ''}: "
                f"end in Dense(1, 'sigmoid') or Dense(2, 'softmax')."
            )
    elif binary:
        raise WeighinError(
            f"loss='binary_crossentropy' is for one sigmoid unit on 2 classes; the model's head is "
            f"{port.head}, the data have {classes} classes: leave out loss=, or end in "
            f"Dense(1, 'sigmoid')."
        )
    elif port.units is not None and port.units != classes:
        raise WeighinError(
            f"The model's head, {port.head}, gives {port.units} scores, the data have {classes} "
            f"classes: let the layer have {classes} units, number the classes from 0, or correct "
            f"--classes, or classes= where the data are registered."
        )
