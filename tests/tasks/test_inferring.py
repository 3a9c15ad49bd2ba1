"""Which task follows from outputs and targets, and what is refused because it is not plain."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.tasking import N, data, signature

from weighin import registry
from weighin.core import Dataset, Quality, Signature, Task, WeighinError
from weighin.tasks.inferring import checked, task_of

RNG = np.random.default_rng(0)
CLASSES = np.arange(N) % 3
LABELS = (RNG.random((N, 4)) < 0.5).astype("u1")
IMAGES = RNG.random((N, 8, 8, 1), np.float32)
MASKS = (IMAGES[..., 0] > 0.5).astype("u1")
SMALL = IMAGES[:, ::2, ::2]

PLAIN: dict[str, tuple[str, Signature, Dataset]] = {
    "softmax": ("classification", signature((3,), "softmax"), data(CLASSES)),
    "bare scores": ("classification", signature((3,), "linear"), data(CLASSES)),
    "column of classes": (
        "classification",
        signature((3,), "softmax"),
        data(CLASSES[:, np.newaxis]),
    ),
    "one-hot": ("classification", signature((3,), "softmax"), data(np.eye(3)[CLASSES])),
    "whole floats": ("classification", signature((3,), "softmax"), data(CLASSES.astype("f4"))),
    "one sigmoid": ("classification", signature((1,), "sigmoid"), data(CLASSES % 2)),
    "one sigmoid of floats": (
        "classification",
        signature((1,), "sigmoid"),
        data((CLASSES % 2).astype("f4"), classes=2),
    ),
    "several sigmoids": ("multilabel", signature((4,), "sigmoid"), data(LABELS)),
    "several bare scores": ("multilabel", signature((4,), "linear"), data(LABELS)),
    "several sigmoids of floats": (
        "multilabel",
        signature((4,), "sigmoid"),
        data(LABELS.astype("f4")),
    ),
    "one-hot and sigmoids": ("multilabel", signature((3,), "sigmoid"), data(np.eye(3)[CLASSES])),
    "numbers": ("regression", signature((1,), "linear"), data(RNG.random(N))),
    "several numbers": ("regression", signature((2,), "linear"), data(RNG.random((N, 2)))),
    "numbers by a sigmoid": ("regression", signature((1,), "sigmoid"), data(RNG.random(N))),
    "classes of pixels": (
        "segmentation",
        signature((8, 8, 2), "softmax", (8, 8, 1)),
        data(MASKS, IMAGES),
    ),
    "masks with a channel": (
        "segmentation",
        signature((8, 8, 1), "sigmoid", (8, 8, 1)),
        data(MASKS[..., np.newaxis], IMAGES),
    ),
    "classes of steps": (
        "sequence",
        signature((8, 2), "softmax", (8, 8)),
        data(MASKS[:, 0], IMAGES[..., 0]),
    ),
    "the input without targets": ("reconstruction", signature((10,), "linear"), data()),
    "the input as target": (
        "reconstruction",
        signature((64,), "linear", (64,)),
        data(IMAGES.reshape(N, 64), IMAGES.reshape(N, 64)),
    ),
    "another image": (
        "reconstruction",
        signature((8, 8, 1), "sigmoid", (4, 4, 1)),
        data(IMAGES, SMALL),
    ),
    "anomalies": ("reconstruction", signature((10,), "linear"), data(CLASSES % 2)),
    "nothing": ("unlabelled", signature((3,), "softmax"), data()),
}


@pytest.mark.parametrize(("wanted", "model", "given"), PLAIN.values(), ids=PLAIN)
def test_what_is_plain_is_inferred(wanted: str, model: Signature, given: Dataset) -> None:
    """Outputs and targets tell the task, and nothing speaks against it."""
    found = task_of(model, given)

    assert wanted == found.name
    if wanted != "unlabelled":
        assert found.loss(model, given)
    found.check(model, given)


DOUBTFUL: dict[str, tuple[Signature, Dataset, str]] = {
    "whole numbers and one bare score": (
        signature((1,), "linear"),
        data(np.arange(N) % 90),
        r"is not plain: it answers \(1,\) of layer 'out' \(Dense, 1 unit, linear\); the targets "
        r"of data set 'made' are y \(\) int64. Name it by Recipe\(task=…\) or --task, one of "
        r".*regression",
    ),
    "classes of steps, scores of pixels": (
        signature((8, 8, 2), "softmax", (8, 8)),
        data(MASKS[:, 0], IMAGES[..., 0]),
        "is not plain",
    ),
}


@pytest.mark.parametrize(("model", "given", "problem"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_is_doubtful_is_asked_for(model: Signature, given: Dataset, problem: str) -> None:
    """What came is said, and how to name the task."""
    with pytest.raises(WeighinError, match=problem):
        task_of(model, given)


def test_a_named_task_is_taken() -> None:
    """Whole numbers may be meant as numbers."""
    ages = data(np.arange(N) % 90)

    assert "regression" == checked(signature((1,), "linear"), ages, "regression", None).name
    assert "regression" == task_of(signature((1,)), ages, registry.tasks["regression"]).name
    with pytest.raises(
        WeighinError, match=r"Unknown task 'regresion'. Did you mean 'regression'\?"
    ):
        task_of(signature((1,)), ages, "regresion")


MISFITS: dict[str, tuple[str | None, Signature, Dataset, Any, str]] = {
    "three scores for four classes": (
        None,
        signature((3,), "softmax"),
        data(np.arange(N) % 4, classes=4),
        None,
        r"layer 'out' \(Dense, 3 units, softmax\), gives 3 scores, the data have 4 classes",
    ),
    "three labels for four": (
        None,
        signature((3,), "sigmoid"),
        data(LABELS),
        None,
        r"gives \(3,\) scores, data set 'made' has 4 labels: let it end in Dense\(4, 'sigmoid'\)",
    ),
    "one number for two": (
        None,
        signature((1,), "linear"),
        data(RNG.random((N, 2))),
        None,
        r"answers out \(1,\) float32; the targets of data set 'made' are \(2,\).*Dense\(2\)",
    ),
    "too few pixels": (
        None,
        signature((4, 4, 2), "softmax", (8, 8, 1)),
        data(MASKS, IMAGES),
        None,
        r"answers in shape \(4, 4, 2\) .* a class for each of \(8, 8\) pixels",
    ),
    "too few classes of pixels": (
        None,
        signature((8, 8, 2), "softmax", (8, 8, 1)),
        data(MASKS + 1, IMAGES),
        None,
        "gives 2 scores for each pixel, the data have 3 classes",
    ),
    "another size of image": (
        None,
        signature((6, 6, 1), "sigmoid", (4, 4, 1)),
        data(IMAGES, SMALL),
        None,
        r"The model answers out \(6, 6, 1\) float32; to be given are \(8, 8, 1\)",
    ),
    "a loss of another task": (
        None,
        signature((1,), "linear"),
        data(RNG.random(N)),
        "crossentropy",
        "Of a regression task loss='crossentropy' does not fit: name one of mse, mae",
    ),
    "a misspelt loss": (
        None,
        signature((1,), "linear"),
        data(RNG.random(N)),
        "hubber",
        r"loss='hubber' does not fit: .* Did you mean 'huber'\?$",
    ),
    "no boxes": (
        "detection",
        signature((8, 8, 15), "", (8, 8, 1)),
        data(MASKS, IMAGES),
        None,
        "Targets of detection are boxes and classes .* there are y",
    ),
    "no labels": (
        "multilabel",
        signature((1,), "sigmoid"),
        data(CLASSES),
        None,
        r"Targets of several labels are rows of 0 and 1; data set 'made' has int64 \(\)",
    ),
}


@pytest.mark.parametrize(
    ("named", "model", "given", "loss", "problem"), MISFITS.values(), ids=MISFITS
)
def test_what_does_not_fit_is_refused(
    named: str | None, model: Signature, given: Dataset, loss: Any, problem: str
) -> None:
    """Both numbers or shapes are named, and the way out."""
    with pytest.raises(WeighinError, match=problem):
        checked(model, given, named, loss)


def test_a_task_whose_figures_no_table_knows_is_refused() -> None:
    """One that is given itself, and was never registered, would be weighed without a figure."""

    class Own(Task):
        name = "own"
        figures = (Quality(name="own_figure", title="own", compute=lambda answers, targets: 1.0),)

    with pytest.raises(WeighinError, match=r"not registered \(own_figure\): write @task before"):
        task_of(signature((1,)), data(CLASSES), Own())
