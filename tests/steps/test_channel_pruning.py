"""Narrowed models: without the channels that were silent they answer as before."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import run_python
from helpers.needing import need_tensorflow

NETS = (
    *("sequential_convolutions", "dense_only", "residual", "inception"),
    *("mobile", "squeeze_excite", "what_must_stay", "one_channel"),
    *("decoder", "operators", "passed_through"),
    *("sequences", "volumes", "u_net", "recurrent", "words", "timed", "several_outputs"),
)


@pytest.fixture(scope="module")
def seen(child_environment: Mapping[str, str]) -> Any:
    """What narrowing real Keras models showed, all of it in one process."""
    need_tensorflow()
    program = Path(__file__).parents[1] / "helpers" / "narrowing.py"
    done = run_python(program, environment=child_environment)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", NETS)
def test_without_silent_channels_the_answers_are_the_same(seen: Any, name: str) -> None:
    """Every kind of layer is cut where it must be; answers differ between images, to say so."""
    net = seen["nets"][name]

    assert net["spread"] > 0.001
    assert net["difference"] < 1e-5
    assert net["reloaded"] < 1e-5


@pytest.mark.parametrize("name", NETS)
def test_every_free_layer_is_narrowed_and_no_other(seen: Any, name: str) -> None:
    """Half of each is left; the classes, and what the input or a softmax holds, are all there."""
    net = seen["nets"][name]

    assert net["expected"] == net["widths"]
    assert net["parameters"][0] > net["parameters"][1]


@pytest.mark.parametrize("name", NETS)
def test_layers_keep_their_names(seen: Any, name: str) -> None:
    """The smaller model has the same layers in the same order; the one given is left as it was."""
    assert seen["nets"][name]["same_layers"]
    assert seen["nets"][name]["untouched"]


def test_any_net_answers_the_same(seen: Any) -> None:
    """Layers in any order, widths and seeds: a property, tried by hypothesis in the process."""
    assert "" == seen["any net"]


def test_all_nets_were_tried(seen: Any) -> None:
    """A net that is added beside these is looked at too."""
    assert set(NETS) == set(seen["nets"])


@pytest.mark.parametrize(
    ("norm", "left"), [("l2", [[3.0, 0.0, 0.0, 0.0]]), ("l1", [[1.0, 1.0, 1.0, 1.0]])]
)
def test_the_smaller_norm_goes(seen: Any, norm: str, left: list[list[float]]) -> None:
    """One large weight outweighs four small ones by L2, and not by L1."""
    assert left == seen["chosen"][norm]


def test_coupled_layers_lose_the_same_channels(seen: Any) -> None:
    """Norms 5 and 4 added to 1 and 4: the first channel goes, though it is one layer's larger."""
    assert [[4.0], [4.0]] == seen["chosen"]["coupled"]
    assert [[4.0], [4.0]] == seen["chosen"]["coupled the other way"]


@pytest.mark.parametrize(
    ("name", "layer", "reason"),
    [
        ("groups", "'odd' (Conv2D)", "convolves in 2 groups"),
        ("axis", "'odd' (BatchNormalization)", "normalizes another axis than the last"),
        ("channels first", "'odd' (MaxPooling2D)", "has its channels first"),
        ("joined", "'odd' (Concatenate)", "joins along another axis than the last"),
        ("spread", "'odd' (Add)", "spreads one channel over many"),
        ("shared", "'shared' (Conv2D)", "is called more than once"),
    ],
)
def test_what_is_not_supported_is_told(seen: Any, name: str, layer: str, reason: str) -> None:
    """The layer is named, with its kind, what is wrong and what there could be instead."""
    told = seen["refused"][name]

    assert told.startswith(f"Layer {layer} ")
    assert reason in told
    assert "called once, channels last" in told
    assert told.endswith("leave out channels for this model.")


def test_models_without_a_graph_are_told(seen: Any) -> None:
    """Code cannot be followed, and the message says what can."""
    expected = "Model 'written' is no Sequential or functional model"
    assert seen["refused"]["written"].startswith(expected)


def test_removing_nothing_is_told(seen: Any) -> None:
    """A model of which nothing can go does not pass for a narrowed one."""
    assert seen["refused"]["nothing"].startswith("No channel of model 'sequential' is removed")
    assert "or stands before 'levelling' (LayerNormalization)," in seen["refused"]["held"]
    assert "LSTM layers keep their units" in seen["refused"]["recurrent"]


def test_sequential_models_stay_sequential(seen: Any) -> None:
    """With an input layer or without, the model is of its kind and name after it was read."""
    expected = {"kind": "Sequential", "name": "in_a_row", "widths": [2, 2]}

    assert [expected, expected] == seen["sequential"]


def test_the_step_narrows_and_then_trains(seen: Any) -> None:
    """30 % fewer, or a multiple of 8 where there are so many; the smaller model is trained once."""
    assert [[14, 7, 3], [16, 8, 3]] == [each["widths"] for each in seen["steps"]]
    assert [[True], [True]] == [each["trained"] for each in seen["steps"]]


def test_mobilenet_is_narrowed(seen: Any) -> None:
    """A real network goes through: between a quarter and half of the parameters is left."""
    before, after, classes = seen["mobilenet"]

    assert 10 == classes
    assert 0.25 < after / before < 0.5
