"""What Keras downloads, and what becomes of it."""

from __future__ import annotations

import pytest
from helpers.keras_process import seen


def test_imagenet_weights_answer_in_the_model_without_them() -> None:
    """What EfficientNet computes besides with ImageNet weights goes into its normalization."""
    wanted, answered = seen()["imagenet"]

    assert wanted != wanted[::-1]
    for before, after in zip(wanted, answered, strict=True):
        assert before == pytest.approx(after, abs=1e-5)
