"""What is kept of a Keras model's outputs for the checks of its files' sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.building import job

from weighin.build import worker
from weighin.core import Dataset, Port, Signature, Split


@pytest.mark.parametrize(("most", "n"), [(10**9, 256), (10 * 4 * (2 + 50), 10), (1, 1)])
def test_of_large_outputs_few_are_kept(monkeypatch: pytest.MonkeyPatch, most: int, n: int) -> None:
    """As many as memory allows for inputs and outputs, and one at least."""
    monkeypatch.setattr(worker, "ANSWERED_BYTES", most)
    monkeypatch.setattr(worker.tf_keras, "predict", lambda model, inputs: inputs)
    split = Split({"x": np.zeros((300, 2), np.float32)})
    signature = Signature((Port("x", shape=(2,)),), (Port("y", shape=(5, 10)),))
    model: Any = None

    kept = worker._answers(model, job(), Dataset("d", None, "", split, split), signature)

    assert n == len(kept["x"])
