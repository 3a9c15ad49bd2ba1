"""What no file may hold whatever its variant: each planted fault is caught by name."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers.flatbuffer import Layer, convolution, dense, write
from helpers.invariants import breach
from helpers.keras_files import layer

from weighin.build import invariants


def h5(path: Path, layers: list[dict[str, Any]], *arrays: Any, optimizer: bool = False) -> Path:
    """An .h5 model as Keras writes one."""
    config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        weights = file.create_group("model_weights")
        for number, array in enumerate(arrays):
            weights.create_dataset(f"dense{number}/kernel:0", data=np.asarray(array, np.float32))
        if optimizer:
            file.create_dataset("optimizer_weights/adam/m:0", data=np.ones(500, np.float32))
    return path


@pytest.mark.parametrize("name", ["baseline", "prune(0.99)"])
def test_a_layer_of_zeros_alone(tmp_path: Path, name: str) -> None:
    """A layer that lets nothing through is refused though its share of zeros may be right."""
    path = write(
        tmp_path / "m.tflite",
        convolution(10, 3, 4, zeros=int(0.99 * 360) if name != "baseline" else 0),
        convolution(2, 1, 10, zeros=20),
    )

    assert "every weight of layer 'convolution1' is zero" == breach(path, name)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_weights_that_are_no_numbers(tmp_path: Path, bad: float, dtype: str) -> None:
    """NaN and infinity are refused, in weights of either precision."""
    damaged = dense(8, 6, dtype)
    damaged.weights[3, 2] = bad
    path = write(tmp_path / "m.tflite", dense(6, 6, dtype), damaged)

    name = "baseline" if dtype == "float32" else dtype
    said = breach(path, name)
    assert said is not None
    assert said.startswith("'dense1' holds NaN or infinite values")
    overflowed = dtype == "float16" and not np.isnan(bad)  # a mask of -1e9, say
    assert ("half precision ends at 65,504" in said) == overflowed


def test_a_bias_that_is_no_number(tmp_path: Path) -> None:
    """Biases are looked at too."""
    bias = np.array([0] * 7 + [np.nan], np.float32)
    path = write(tmp_path / "m.tflite", Layer("dense", dense(8, 6).weights, bias))

    assert "'dense0/bias' holds NaN or infinite values" == breach(path, "baseline")


def test_a_finished_keras_file_passes(tmp_path: Path) -> None:
    """An .h5 of plain layers and finite weights has nothing to be accused of."""
    path = h5(tmp_path / "m.h5", [layer("Dense", "d")], [[1.0, 0.0]])

    assert breach(path, "baseline") is None


def test_a_keras_file_with_optimizer_state(tmp_path: Path) -> None:
    """What Keras stores to train on is no part of the model, and its bytes are told."""
    path = h5(tmp_path / "m.h5", [layer("Dense", "d")], [[1.0, 0.0]], optimizer=True)

    accused = re.fullmatch(r"it also holds ([\d,]+) bytes of optimizer state", breach(path, "int8"))
    assert accused is not None
    assert 2000 <= int(accused[1].replace(",", "")) <= path.stat().st_size


@pytest.mark.parametrize("kind", ["PruneLowMagnitude", "ClusterWeights", "QuantizeWrapperV2"])
def test_a_keras_file_with_a_wrapper(tmp_path: Path, kind: str) -> None:
    """A model that was not stripped after training is refused, however deep the layer lies."""
    wrapped = layer(kind, "prune_low_magnitude_d", layer=layer("Dense", "d"))
    inner = layer("Sequential", "inner", layers=[layer("Flatten", "f"), wrapped])
    path = h5(tmp_path / "m.h5", [inner], [[1.0]])

    told = "layer 'prune_low_magnitude_d' is still wrapped for training"
    assert told == breach(path, "prune(0.8)")


def test_a_keras_file_with_code(tmp_path: Path) -> None:
    """A Lambda layer runs code of whoever made the file."""
    path = h5(tmp_path / "m.h5", [layer("Dense", "d"), layer("Lambda", "sly")], [[1.0]])

    assert "layer 'sly' is a Lambda layer, which holds code" == breach(path, "baseline")


def test_a_keras_file_with_weights_that_are_no_numbers(tmp_path: Path) -> None:
    """NaN is refused in .h5 as it is in .tflite."""
    path = h5(tmp_path / "m.h5", [layer("Dense", "d")], [[1.0]], [[1.0, np.nan]])

    assert "'dense1/kernel:0' holds NaN or infinite values" == breach(path, "baseline")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("prune(0.5)+finetune+int8", []),
        ("channels(0.5)+int8", ["baseline"]),
        ("prune(0.5)+channels(0.5)+channels(0.1)", ["prune(0.5)", "prune(0.5)+channels(0.5)"]),
    ],
)
def test_what_claims_compare_with_is_known_beforehand(name: str, wanted: list[str]) -> None:
    """So that it can be built before anything is measured."""
    assert wanted == [each.name for each in invariants.needs(name)]
