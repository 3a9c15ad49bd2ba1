"""Signatures and data sets by hand, for tests of tasks."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin.core import Dataset, Port, Signature
from weighin.datasets.loading import from_arrays

N = 120


def signature(
    output: tuple[int, ...], activation: str = "", inputs: tuple[int, ...] = (10,)
) -> Signature:
    """Of a model of one input and one output, whose last layer does something."""
    head = Port("out", "float32", output, "out", "Dense", activation)
    return Signature((Port("in", "float32", inputs, "in"),), (head,))


def data(
    target: Any = None, inputs: Any = None, *, classes: int | None = None, test: Any = None
) -> Dataset:
    """Two parts of the same inputs and targets; without targets if none are given."""
    x = np.random.default_rng(0).random((N, 10), np.float32) if inputs is None else inputs
    arrays = {"x_train": x, "x_test": x}
    if target is not None:
        arrays |= {"y_train": np.asarray(target), "y_test": np.asarray(target)}
    if test is not None:
        arrays["y_test"] = np.asarray(test)
    return from_arrays("made", arrays, classes=classes)
