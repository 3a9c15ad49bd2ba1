"""Calibration inputs that are no numbers are refused before anything is converted."""

from __future__ import annotations

import numpy as np
import pytest

from weighin.core import WeighinError
from weighin.exports._quantized import samples


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_input_that_is_no_number_is_named(bad: float) -> None:
    """A single infinite value would widen the range of everything to nothing."""
    images = np.zeros((9, 4, 4, 1), np.float32)
    images[5, 0, 1, 0] = images[7, 0, 0, 0] = bad

    with pytest.raises(WeighinError, match="Calibration input 5 of 9 holds NaN or infinite values"):
        samples({"x": images})


def test_of_several_inputs_the_one_that_holds_no_number_is_named() -> None:
    """Whole numbers beside it are looked at, too."""
    given = {"ids": np.zeros((9, 4), np.int32), "sound": np.full((9, 2), np.nan)}

    with pytest.raises(WeighinError, match="Calibration input 'sound' 0 of 9 holds NaN"):
        samples(given)


def test_inputs_are_given_one_at_a_time() -> None:
    """All of them, in their order, each with a batch of its own."""
    images = np.arange(6, dtype=np.float32).reshape(3, 2)

    given = [image.tolist() for (image,) in samples({"x": images})()]

    assert given == [[[0, 1]], [[2, 3]], [[4, 5]]]


def test_several_inputs_are_given_by_name() -> None:
    """An example of each, of its own dtype, for a converter that orders them in its own way."""
    ids, sound = np.arange(2, dtype=np.int32), np.ones((2, 3), np.float32)

    first, second = samples({"sound": sound, "ids": ids})()

    assert {name: values.tolist() for name, values in first.items()} == {
        "sound": [[1, 1, 1]],
        "ids": [0],
    }
    assert (second["ids"].tolist(), second["ids"].dtype) == ([1], np.int32)
