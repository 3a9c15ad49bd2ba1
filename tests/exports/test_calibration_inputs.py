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
        samples(images)


def test_inputs_are_given_one_at_a_time() -> None:
    """All of them, in their order, each with a batch of its own."""
    images = np.arange(6, dtype=np.float32).reshape(3, 2)

    assert [image.tolist() for (image,) in samples(images)()] == [[[0, 1]], [[2, 3]], [[4, 5]]]
