"""The reference networks of tasks other than telling images apart: created, not trained."""

from __future__ import annotations

import re

import pytest
from helpers.networks_process import NETWORKS, seen

TAKES: dict[str, dict[str, list[object]]] = {
    "rows_lstm": {"": [[28, 28], "float32"]},
    "rows_gru": {"": [[28, 28], "float32"]},
    "two_digits_cnn": {"": [[28, 56, 1], "float32"]},
    "same_digit_cnn": {
        "left": [[28, 28, 1], "float32"],
        "right": [[28, 28, 1], "float32"],
    },
    "unet": {"": [[32, 32, 1], "float32"]},
    "digit_detector": {"": [[64, 64, 1], "float32"]},
    "digit_autoencoder": {"": [[784], "float32"]},
    "left_out_autoencoder": {"": [[784], "float32"]},
    "ad_autoencoder": {"": [[640], "float32"]},
    "diabetes_mlp": {"": [[10], "float32"]},
    "breast_cancer_mlp": {"": [[30], "float32"]},
    "authors_gru": {"": [[24], "int32"]},
    "authors_transformer": {"": [[24], "int32"]},
    "super_resolution": {"": [[14, 14, 1], "float32"]},
    "sound_cnn": {"": [[4000, 1], "float32"]},
    "strip_reader": {"": [[56, 14], "float32"]},
}
GIVES = {
    "rows_lstm": [10],
    "rows_gru": [10],
    "two_digits_cnn": [10],
    "same_digit_cnn": [1],
    "unet": [32, 32, 2],
    "digit_detector": [8, 8, 15],
    "digit_autoencoder": [784],
    "left_out_autoencoder": [784],
    "ad_autoencoder": [640],
    "diabetes_mlp": [1],
    "breast_cancer_mlp": [1],
    "authors_gru": [3],
    "authors_transformer": [3],
    "super_resolution": [28, 28, 1],
    "sound_cnn": [10],
    "strip_reader": [56, 11],
}
NAMES = [name for names in NETWORKS.values() for name in names]


@pytest.mark.parametrize("name", NAMES)
def test_networks_take_and_give_what_their_data_sets_hold(name: str) -> None:
    """Inputs by name where there are several, their shapes and types, and the answer's shape."""
    facts = seen()["networks"][name]
    takes = facts["takes"]

    assert TAKES[name] == (takes if len(takes) > 1 else {"": next(iter(takes.values()))})
    assert [GIVES[name]] == facts["gives"]


@pytest.mark.parametrize("name", NAMES)
def test_networks_are_plain_untrained_keras_models(name: str) -> None:
    """Made of Keras's own layers, none of them code, by their file alone, and not compiled."""
    facts = seen()["networks"][name]

    assert not facts["compiled"]
    assert not facts["lambda"]
    assert facts["others"] == []
    assert facts["doubt"] == ""


@pytest.mark.parametrize("name", NAMES)
def test_networks_have_the_parameters_that_they_promise(name: str) -> None:
    """Each says how many, and what it is in a line that `weighin list` can show."""
    facts = seen()["networks"][name]
    promised = re.search(r"([\d,]+) parameters", facts["said"])
    first = facts["said"].splitlines()[0]

    assert promised is not None
    assert facts["parameters"] == int(promised[1].replace(",", ""))
    assert 10 <= len(first.rstrip(".")) <= 100


def test_the_detectors_loss_is_lowest_where_the_answer_is_right() -> None:
    """Another class, a moved box and a false alarm cost; a box where nothing is does not."""
    losses = {name: values[0] for name, values in seen()["losses"].items()}

    assert losses["perfect"] == pytest.approx(0, abs=1e-4)
    assert losses["moved"] == pytest.approx(0.5, abs=1e-4)
    assert losses["elsewhere"] == pytest.approx(0, abs=1e-4)
    assert losses["other"] == pytest.approx(2.303, abs=1e-3)
    assert losses["alarm"] == pytest.approx(2.303 / 4, abs=1e-3)
