"""Openings of one Keras file: read and traced once, each with weights of its own."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.keras_process import seen

from weighin.frameworks import sessions


@pytest.fixture(scope="module")
def openings() -> Any:
    """What was seen of them."""
    return seen()["openings"]


@pytest.mark.parametrize("captured", ["variables", "constants", "functions", "a table"])
def test_every_opening_answers_as_the_model(openings: Any, captured: str) -> None:
    """Bit by bit, whatever the model's graph takes besides its images."""
    assert openings["same"][captured] == [True, True, True]


def test_every_opening_has_weights_of_its_own(openings: Any) -> None:
    """They lie in different places, and changing one opening's alters no other's answers."""
    weights = openings["weights"]

    assert weights["count"] == [4, 4, 4]
    assert weights["places"] == 3 * 4
    assert weights["unchanged"] == [True, False, True]


def test_closing_an_opening_leaves_the_others_as_they_are(openings: Any) -> None:
    """Also closing the first, whose weights the others were copied from."""
    assert openings["closed"]


def test_a_file_is_read_and_traced_once(openings: Any) -> None:
    """For the second and third opening no layer is called."""
    first, *later = openings["calls"]

    assert first > 0
    assert later == [0, 0]


def test_a_changed_file_is_read_anew(openings: Any) -> None:
    """It answers as what it now holds."""
    changed = openings["changed"]

    assert changed["calls"] == [openings["calls"][0], 0]
    assert not changed["old answers"]
    assert changed["same answers"]
    assert changed["from its model's"] < 1e-6


def test_few_models_are_kept(openings: Any) -> None:
    """Of many files the last ones, and of a large file none."""
    read = openings["calls"][0]

    assert openings["kept"] == sessions.FILES
    assert openings["calls of a forgotten file"] == read
    assert openings["calls of a large file"] == [read, read]
