"""Which loss follows a model's head, and what of heads and shapes is refused before training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.heads_process import STEPS, seen

from weighin import registry
from weighin.core import Dataset, Loss, Port, Signature, WeighinError
from weighin.datasets.loading import from_arrays

PLAIN = {
    "softmax": ["end", "softmax", 3],
    "linear": ["end", "linear", 3],
    "sigmoid": ["end", "sigmoid", 1],
    "relu": ["end", "", 3],
    "tf.nn": ["end", "softmax", 3],
    "log": ["end", "log_softmax", 3],
    "softmax layer": ["soft", "softmax", 3],
    "activation layer": ["soft", "softmax", 3],
    "linear activation layer": ["end", "softmax", 3],
    "dropout": ["end", "linear", 3],
    "convolution": ["end", "softmax", 3],
    "pooled": ["end", "linear", 3],
    "many softmaxes": ["end", "", 36],
    "normalized": ["norm", "linear", 3],
    "function": ["tf.nn.softmax", "softmax", 3],
    "sum": ["sum", "", 3],
    "nested": ["end", "softmax", 3],
    "nested body": ["end", "softmax", 3],
    "recurrent": ["end", "", 3],
}
WAYS = ("qat", "cluster", "masked", "file", "qat file")


@pytest.mark.parametrize(("name", "expected"), PLAIN.items(), ids=PLAIN)
def test_the_head_is_found_in_the_graph(name: str, expected: list[Any]) -> None:
    """The layer that makes scores of what comes before it, whatever only reshapes them after it."""
    assert seen()["plain"][name] == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["linear", "softmax", "layer"])
def test_the_head_is_found_through_wrappers_and_files(kind: str, way: str) -> None:
    """Wrapped for clustering or quantization, masked or read from a file, it is the same head."""
    expected = "softmax" if kind == "layer" else kind
    assert seen()["wrapped"][f"{kind} {way}"] == [expected, 3]


def head(activation: str, units: int) -> Signature:
    """A signature whose head is called `end`."""
    output = Port("end", shape=(units,), layer="end", kind="Dense", activation=activation)
    return Signature((Port("x", shape=(2,)),), (output,))


def numbered(classes: int) -> Dataset:
    """Data of so many classes."""
    arrays = {name: np.zeros((classes, 2)) for name in ("x_train", "x_test")}
    arrays |= {name: np.arange(classes) for name in ("y_train", "y_test")}
    return from_arrays("numbered", arrays, classes=classes)


def fitting_loss(signature: Signature, named: Loss | None, classes: int) -> Loss:
    """The loss by which class numbers are learned."""
    return registry.tasks["classification"].loss(signature, numbered(classes), named)


@pytest.mark.parametrize(
    ("activation", "units", "classes", "named", "expected"),
    [
        ("softmax", 4, 4, None, "crossentropy"),
        ("softmax", 2, 2, "crossentropy", "crossentropy"),
        ("linear", 4, 4, None, "crossentropy_from_logits"),
        ("log_softmax", 4, 4, None, "crossentropy_from_logits"),
        ("linear", 2, 2, "crossentropy_from_logits", "crossentropy_from_logits"),
        ("sigmoid", 1, 2, None, "binary_crossentropy"),
        ("", 4, 4, "crossentropy", "crossentropy"),
        ("", 4, 4, "crossentropy_from_logits", "crossentropy_from_logits"),
        ("", 1, 2, "binary_crossentropy", "binary_crossentropy"),
    ],
)
def test_the_loss_follows_the_head(
    activation: str, units: int, classes: int, named: Loss | None, expected: str
) -> None:
    """What the head gives decides; where it cannot be told, the recipe's name does."""
    assert fitting_loss(head(activation, units), named, classes) == expected


@pytest.mark.parametrize(
    ("activation", "units", "classes", "named", "problem"),
    [
        ("", 4, 4, None, r"ends in layer 'end'.*Recipe\(loss=…\), one of crossentropy, "),
        ("softmax", 1, 2, None, "always answers 1"),
        ("sigmoid", 4, 4, None, r"'end' \(Dense, 4 units, sigmoid\).*Dense\(4, 'softmax'\)"),
        ("sigmoid", 4, 4, "crossentropy", "no loss on class numbers fits"),
        ("sigmoid", 1, 3, None, "gives 1 score, the data have 3 classes"),
        ("linear", 1, 2, None, r"probability of class 1: end in Dense\(1, 'sigmoid'\)"),
        ("", 1, 2, "crossentropy", "not with loss='crossentropy'"),
        ("softmax", 4, 4, "crossentropy_from_logits", "wants 'crossentropy'"),
        ("linear", 4, 4, "crossentropy", "wants 'crossentropy_from_logits'"),
        ("softmax", 2, 2, "binary_crossentropy", "is for one sigmoid unit on 2 classes"),
        ("", 4, 4, "binary_crossentropy", "the data have 4 classes"),
        ("softmax", 3, 4, None, "gives 3 scores, the data have 4 classes"),
        ("softmax", 10, 4, None, "gives 10 scores, the data have 4 classes"),
        ("softmax", 4, 4, "mse", "'mse' is none for class numbers"),
        ("softmax", 4, 4, "crosentropy", r"Recipe\(task=…\)\. Did you mean 'crossentropy'\?$"),
    ],
)
def test_what_does_not_fit_is_refused(
    activation: str, units: int, classes: int, named: Any, problem: str
) -> None:
    """A head, a loss and a number of classes that do not go together are an error naming them."""
    with pytest.raises(WeighinError, match=problem):
        fitting_loss(head(activation, units), named, classes)


MISTAKES = {
    "shape": ("Model 'mine'", "(5, 6, 1)", "'entry'", "data set 'tiny'", "Input((6, 6, 1))"),
    "rank": ("(36,)", "'entry'", "(6, 6)"),
    "too few": ("'end'", "2 scores", "3 classes", "3 units"),
    "too many": ("'end'", "10 scores", "3 classes", "3 units"),
    "one of three": ("'end'", "1 score", "3 classes"),
    "softmax of one": ("'end'", "always answers 1"),
    "one score": ("'end'", "Dense(1, 'sigmoid')"),
    "maps": ("(6, 6, 3)", "'end'", "3 classes", "Flatten"),
    "sigmoids": ("'end'", "3 units, sigmoid", "Dense(3, 'softmax')"),
    "relu": ("'end'", "Recipe(loss=…)"),
    "named": ("'end'", "loss='crossentropy_from_logits'", "softmax"),
    "two inputs": ("2 inputs (left (6, 6, 1) float32, right", "'tiny' gives 1 input (x (6, 6))"),
    "two outputs": ("layer 'one'", "layer 'other'", "y () uint8", "Recipe(task=…)"),
    "written": ("Written", "keras.Model(inputs, outputs)"),
    "nothing": ("model 'mine' returns is None", "`return`"),
}


@pytest.mark.parametrize(("name", "words"), MISTAKES.items(), ids=MISTAKES)
def test_models_that_do_not_fit_the_data_are_refused_before_training(
    name: str, words: tuple[str, ...]
) -> None:
    """Both shapes or numbers, the layer and the way out are named, and nothing was trained."""
    said = seen()["mistakes"][name]

    for word in words:
        assert word in said
    assert seen()["mistakes"]["fitted"] == []


def test_bare_scores_learn_what_a_softmax_learns() -> None:
    """The same layers from the same seed, with and without a softmax, become the same model."""
    assert seen()["alike"]["apart"] < 1e-3
    assert seen()["alike"]["top"] > 0.9


@pytest.mark.parametrize("step", STEPS)
def test_a_model_of_bare_scores_is_trained_on_without_loss(step: str) -> None:
    """Read from a file and trained on by any step, it is as good as before."""
    before, after = seen()["steps"][step]

    assert before > 0.9
    assert after >= before - 0.05


def test_one_sigmoid_unit_learns_two_classes() -> None:
    """By binary crossentropy, in the dense start and in what is trained on."""
    assert seen()["binary"]["before"] > 0.9
    assert seen()["binary"]["after"] > 0.9


def test_what_is_not_trained_needs_no_loss() -> None:
    """Sigmoids for each class can be weighed untrained; a model without input layer is built."""
    assert seen()["untrained"]["sigmoids"] == [None, 3]
    assert seen()["untrained"]["deferred"] == ["end", "linear", 3]
