"""Models of Keras 3 answer the same in Keras 2, or are converted directly."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import needing
from helpers.commands import told_by

pytestmark = needing.keras_3

PROGRAM = """
import json
from helpers import keras3_process as tried
names = ("moved", "permuted", "training", "waiting", "unusual", "other_precision", "kept")
print(json.dumps({name: getattr(tried, name)() for name in names}))
"""


@pytest.fixture(scope="module")
def told() -> Any:
    """What a child process found."""
    return told_by(PROGRAM)


@pytest.mark.parametrize(
    "name",
    ["preprocessing", "augmentation", "wrapped", "cells", "words", "several", "hard", "keyed"],
)
def test_layers_answer_the_same_in_keras_2(told: Any, name: str) -> None:
    kind, off, *_ = told["moved"][name]

    assert kind in ("keras", "tf_keras")
    assert off < 1e-5


def test_inputs_and_outputs_keep_their_names_and_order(told: Any) -> None:
    *_, inputs, outputs = told["moved"]["several"]

    assert inputs == ["left", "right"]
    assert outputs == ["one", "two"]


def test_weights_in_another_order_are_noticed(told: Any) -> None:
    before, columns, exchanged, allowed = told["permuted"]

    assert before < allowed
    assert columns > 100 * allowed
    assert exchanged > 100 * allowed


def test_augmentation_acts_in_training_alone_and_frozen_layers_stay_so(told: Any) -> None:
    assert told["training"] == {"quiet": True, "loud": False, "frozen": True}


def test_a_model_without_shapes_takes_those_of_its_data(told: Any) -> None:
    why, output = told["waiting"]["written"]

    assert told["waiting"]["sequential"] == [None, 6, 6]
    assert told["waiting"]["images"] == [None, 6, 6, 1]
    assert why == "class Written is written as code, and no graph of layers of Keras 2"
    assert output["shape"] == [3]
    assert output["activation"] == "sigmoid"
    assert "'misfit' cannot be built for inputs of the shapes" in told["waiting"]["misfit"]


def test_what_cannot_be_moved_for_any_reason_goes_directly(told: Any) -> None:
    assert told["unusual"].endswith("Keras 2")


@pytest.mark.parametrize(
    ("name", "policy", "layer"),
    [
        ("half", "mixed_float16", "halved"),
        ("double", "float64", "doubled"),
        ("eighth", "int8_from_float32", "eighth"),
        ("inner", "mixed_bfloat16", "hidden"),
        ("old", "mixed_float16", "older"),
    ],
)
def test_other_precisions_are_refused_by_name(
    told: Any, name: str, policy: str, layer: str
) -> None:
    """LiteRT's converter would refuse them in words that nobody understands."""
    accused = f"computes in {policy} (layer {layer!r}), and here models of float32"

    assert accused in told["other_precision"][name]


def test_a_direct_model_is_kept_and_converted(told: Any) -> None:
    kept = told["kept"]

    assert kept["same"]
    assert max(kept["apart"]) < 1e-5
    assert kept["weights"] == 6
    assert "answers one example at a time: leave out batch=open" in kept["open"]
