"""What the tests of layers share: networks beside the same quantized."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import networks
from helpers.layer_rows import DAMAGED, Beside

from weighin.datasets import bringing
from weighin.datasets.bringing import Reading
from weighin.layers.analysing import Wanted
from weighin.layers.opened import Opened

LABELLED = 300  # examples


@pytest.fixture
def beside(tmp_path: Path) -> Callable[[str], Beside]:
    """A network by its name, beside the same quantized."""
    return lambda name: Beside(tmp_path, name)


@pytest.fixture
def layer_orders(beside: Callable[[str], Beside], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Orders to look at a network one of whose layers has its weights turned around."""
    made = beside("dense_chain")
    inputs = networks.inputs(made.original, LABELLED, seed=8)
    opened = Opened(made.original, "a file")
    labels = []
    for each in inputs:
        opened.run({0: each})
        labels.append(int(opened.real(opened.gives[0]).argmax()))
    data = {"x_test": np.concatenate(inputs), "y_test": np.array(labels)}
    (tmp_path / "float.tflite").write_bytes(made.original)
    content = networks.with_turned_weights(made.compressed, DAMAGED)
    (tmp_path / "int8.tflite").write_bytes(content)

    def orders(**wanted: Any) -> dict[str, Any]:
        np.savez(tmp_path / "data.npz", **data)
        brought = bringing.bring(tmp_path / "data.npz", Reading(classes=6), tmp_path / "cache")
        return {
            "compressed": str(tmp_path / "int8.tflite"),
            "original": str(tmp_path / "float.tflite"),
            "data": {**vars(brought), "path": str(brought.path)},
            "task": None,
            "wanted": dataclasses.asdict(Wanted(**wanted)),
        }

    return orders
