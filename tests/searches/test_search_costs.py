"""Which layers cost most, by names that a variant's `except=` takes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import networks
from helpers.layer_rows import Beside

from weighin.datasets import bringing
from weighin.datasets.bringing import Brought, Reading
from weighin.formats.layer_names import matching
from weighin.formats.tflite import read_tflite
from weighin.layers import process
from weighin.layers.limits import INTERRUPTED
from weighin.layers.row import Layers
from weighin.searches.costs import layers_by_cost


@pytest.fixture
def damaged(tmp_path: Path) -> tuple[Path, Path, Brought]:
    """A network of which one layer is damaged, its float model, and inputs."""
    made = Beside(tmp_path, "convolutions")
    original, compressed = tmp_path / "f.tflite", tmp_path / "q.tflite"
    original.write_bytes(made.original)
    compressed.write_bytes(networks.with_halved_scales(made.compressed, 1))
    np.savez(tmp_path / "d.npz", x_test=np.concatenate(made.inputs))
    return compressed, original, bringing.bring(tmp_path / "d.npz", Reading(), tmp_path / "cache")


def test_a_damaged_layer_comes_first_by_a_name_of_the_float_file(
    damaged: tuple[Path, Path, Brought],
) -> None:
    names = layers_by_cost(*damaged, None)
    graph = read_tflite(damaged[1])

    assert "two" in names[0]
    assert len(set(names)) == len(names)
    for name in names:
        assert any(each.kernels for each in matching(graph, name, graph.operators))


def test_an_order_that_was_interrupted_is_none(
    damaged: tuple[Path, Path, Brought], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = process.looked_at

    def interrupted(*arguments: Any) -> Layers:
        return dataclasses.replace(looked_at(*arguments), stopped=INTERRUPTED)

    monkeypatch.setattr(process, "looked_at", interrupted)
    with pytest.raises(KeyboardInterrupt):
        layers_by_cost(*damaged, None)
