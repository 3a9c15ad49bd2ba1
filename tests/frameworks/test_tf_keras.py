"""Keras 2 models as files, with weights from elsewhere, and what is refused of them."""

from __future__ import annotations

from helpers.keras_process import seen


def test_a_model_read_from_its_file_answers_the_same() -> None:
    """Bit by bit; many images at once answer as they do one by one."""
    files = seen()["files"]

    assert files["read"]
    assert files["shape"] == [600, 3]
    assert files["pieces"] < 1e-6


def test_a_lambda_layer_is_not_stored() -> None:
    """Its file would hold code: the layer is named."""
    assert seen()["files"]["lambda"].startswith("Layer 'code' is a Lambda layer")


def test_weights_from_elsewhere_fit_or_are_refused() -> None:
    """They are taken layer by layer; what does not fit is told with where it came from."""
    weights = seen()["weights"]

    assert weights["taken"]
    assert weights["too many"].startswith("file holds weights of 2 layers, ")
    assert weights["too many"].endswith(" has 1.")
    assert (
        weights["another shape"] == "file: layer 'dense' takes [(32, 3), (3,)], not "
        "[(3, 32), (3,)]."
    )


def test_a_weight_that_is_not_finite_is_named() -> None:
    """Only a model that diverged is refused."""
    before, after = seen()["finite"]

    assert before == ""
    assert after.startswith("After training, weight 'dense/bias:0' is not finite")
