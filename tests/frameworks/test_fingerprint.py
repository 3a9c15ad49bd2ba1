"""Digests of models before they are trained, and which code in them is not Keras's."""

from __future__ import annotations

from helpers.keras_process import seen


def test_the_same_model_has_the_same_digests() -> None:
    """Whatever was created before it."""
    fingerprints = seen()["fingerprints"]

    assert fingerprints["first"] == fingerprints["again"]


def test_another_seed_draws_other_weights() -> None:
    """In the same architecture."""
    (first, *_), (other, *_) = (seen()["fingerprints"][name] for name in ("first", "seed"))
    weights = {seen()["fingerprints"][name][1] for name in ("first", "seed")}

    assert first == other
    assert len(weights) == 2


def test_another_layer_is_another_architecture() -> None:
    """With weights of its own."""
    first, other = (seen()["fingerprints"][name] for name in ("first", "layer"))

    assert first[0] != other[0]
    assert first[1] != other[1]


def test_models_without_weights_or_a_description_have_digests() -> None:
    """Whether they can be built is found out later."""
    unbuilt, subclassed = (seen()["fingerprints"][name] for name in ("unbuilt", "subclassed"))

    assert unbuilt[0] != subclassed[0]
    assert unbuilt[1] == subclassed[1]  # of nothing
    assert [bool(unbuilt[2]), bool(subclassed[2])] == [False, True]


def test_files_of_ones_own_layers_and_functions_are_told() -> None:
    """Also deep inside a model, or named by a text; Keras's own are none."""
    files = seen()["fingerprints"]["own files"]

    assert files.pop("none") == []
    assert len(files) == 4
    assert {name: ["keras_process.py"] for name in files} == files


def test_code_that_is_named_by_a_text_alone_is_refused() -> None:
    """Reading the model's function did not show it, unless it is in the same file."""
    fingerprints = seen()["fingerprints"]

    assert fingerprints["known"] == ""
    assert "Model 'tried' holds code of " in fingerprints["unknown"]
    assert "keras_process.py, which its function names by a text alone" in fingerprints["unknown"]
