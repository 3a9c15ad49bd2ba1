"""Data sets: what their examples are called."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import numpy as np
import pytest

from weighin.core import Dataset, Split


@pytest.mark.parametrize(
    ("shape", "dtype", "noun"),
    [
        ((28, 28, 1), "float32", "images"),
        ((28, 28, 3), "uint8", "images"),
        ((28, 28), "uint8", "images"),
        ((28, 28), "float32", "examples"),
        ((100, 6), "float32", "examples"),
        ((1000, 1), "float32", "examples"),
        ((13,), "float64", "examples"),
        ((4, 4, 4, 1), "float32", "examples"),
        ((8, 8, 16), "float32", "examples"),
        ((20,), "int32", "examples"),
    ],
)
def test_images_are_called_so_and_nothing_else(
    shape: tuple[int, ...], dtype: str, noun: str
) -> None:
    """One, three or four channels, or bytes in two dimensions; sentences and sounds are none."""
    split = Split({"x": np.zeros((2, *shape), dtype)})

    assert noun == Dataset("d", None, "", split, split).examples


def test_an_image_among_inputs_is_enough() -> None:
    """A model may be given a number beside it."""
    split = Split({"age": np.zeros((2, 1)), "x": np.zeros((2, 8, 8, 3))})

    assert "images" == Dataset("d", None, "", split, split).examples
