"""Models that are no graph of layers are kept as functions of TensorFlow, and converted so."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import needing
from helpers.commands import told_by

pytestmark = needing.tensorflow

PROGRAM = """
import json
from helpers import direct_process as tried
print(json.dumps({name: getattr(tried, name)() for name in ("written", "served")}))
"""


@pytest.fixture(scope="module")
def told() -> Any:
    """What a child process found."""
    return told_by(PROGRAM)


def test_a_class_of_keras_2_is_kept_and_converted(told: Any) -> None:
    kept = told["written"]

    assert kept["why"] == "class Written is written as code, and no graph of layers of Keras 2"
    assert kept["same"]
    assert max(kept["apart"]) < 1e-5
    assert kept["weights"] == 5
    assert "answers one example at a time: leave out batch=open" in kept["open"]


def test_a_graph_of_tensorflow_is_called_by_its_signature(told: Any) -> None:
    (inputs, outputs), answers = told["served"]["ports"], told["served"]["answers"]

    assert inputs == ["left", "right"]
    assert outputs == [["scores", "Softmax", "softmax"], ["sum", "MatMul", "linear"]]
    assert answers["sum"] == [[12, 12]] * 3
    assert answers["scores"] == [[0.25] * 4] * 3


def test_a_graph_that_cannot_be_called_is_refused(told: Any) -> None:
    assert "has no signature to be called by" in told["served"]["none"]
    assert "takes 'left' of the shape (None, None)" in told["served"]["open"]
