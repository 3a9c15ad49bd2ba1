"""Models of several inputs and outputs: trained, converted and opened by name, or refused."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.named_process import EXPORTS, seen


def test_models_learn_each_target_by_its_output() -> None:
    """In the dense start and after, whatever the order that data and model have them in."""
    trained = seen()["trained"]

    for name in ("kind", "size"):
        assert trained["before"][name] < 0.5 * trained["random"][name]
        assert trained["after"][name] < 0.6 * trained["random"][name]
    assert trained["inputs"] == ["left-ear (6,) float32", "ids (5,) int32"]
    assert trained["outputs"] == ["kind (3,) float32", "size (2,) float32"]
    assert trained["given"] == {"left-ear": "float32", "ids": "int32"}


@pytest.mark.parametrize("export", EXPORTS)
def test_integer_inputs_stay_as_they_are(export: str) -> None:
    """No export scales token ids, or gives them another type; of int8 all else is quantized."""
    inputs, outputs = seen()["exports"][export]["types"]
    other = ["INT8", 1] if export in ("int8", "compact(int8)") else ["FLOAT32", 0]

    assert sorted(inputs.values()) == sorted([["INT32", 0], other])
    assert list(outputs.values()) == [other, other]


@pytest.mark.parametrize("export", EXPORTS)
def test_files_answer_by_the_models_names(export: str) -> None:
    """Nearly what the model answers, whatever order the converter puts inputs and outputs in."""
    told = seen()["exports"][export]
    inputs, outputs = told["types"]

    assert set(inputs) == {"left-ear", "ids"}
    assert set(outputs) == {"kind", "size"}
    assert told["apart"]["kind"] < 0.1
    assert told["apart"]["size"] < 0.15


def test_openings_of_a_keras_file_answer_by_name() -> None:
    """The first and those that are copied of it, for inputs in any order."""
    openings = seen()["openings"]

    assert openings["names"][0] == openings["names"][1] == ["kind", "size"]
    assert max(openings["apart"]) < 1e-5


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("twice", ["end", "end_1"]),
        ("split", ["tf.split", "tf.split_1"]),
        ("wrapped", ["end", "more"]),
    ],
)
def test_every_output_has_a_name_of_its_own(model: str, names: list[str]) -> None:
    """Keras's, the same ones after the layers were wrapped for quantization-aware training."""
    assert seen()["output_names"][model] == [names, names]


MISFITS: dict[str, tuple[str, ...]] = {
    "missing": ("2 inputs (left-ear (6,) float32, ids (5,) int32)", "1 input (left-ear (6,))"),
    "too many": ("takes 2 inputs", "'mixed' gives 3 inputs", "third (6,)"),
    "another name": ("(6,) (layer 'left-ear')", "(5,) as 'a'"),
    "ambiguous": ("Which input is which?", "one (6,) float32", "ids (6,)", "the same names"),
    "rank": ("(5,) (layer 'ids')", "(5, 1, 1) as 'ids'"),
    "fractions": ("'ids' takes whole numbers (int32)", "float64 from 0 to 0.5"),
    "scaled": ("'ids' takes whole numbers (int32)", "by 0.5", "leave out scale="),
    "too large": ("'ids' takes whole numbers (int32)", "1.09951e+12"),
    "words": ("Layer 'words' (Embedding)", "0 to 299", "'ids'"),
    "text": ("'words' takes string", "float64"),
    "moved": ("shift=1", "mirror=False", "(6, 6)"),
    "targets": ("kind, size", "width, kind"),
}


@pytest.mark.parametrize(("name", "words"), MISFITS.items(), ids=MISFITS)
def test_data_that_do_not_fit_are_refused_before_training(
    name: str, words: tuple[str, ...]
) -> None:
    """What came and what was wanted are both named, and nothing was trained."""
    said: Any = seen()["misfits"]

    for word in words:
        assert word in said[name]
    assert said["fitted"] == []


def test_weights_that_differ_from_seed_to_seed_are_drawn() -> None:
    """Those that do not are somebody's, count as trained and stay as they are."""
    assert seen()["starts"] == {
        "drawn": False,
        "brought": True,
        "kept": True,
        "other layers": False,
    }


def test_a_model_without_an_input_layer_takes_images_without_channels() -> None:
    """What its layers want tells that an axis of 1 is missing."""
    assert seen()["built"] == [[6, 6, 1], "float32"]
