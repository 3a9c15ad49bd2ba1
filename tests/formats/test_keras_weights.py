"""Weights for a model of one's own, read from Keras files without TensorFlow."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers.hdf5 import hdf5
from helpers.keras_files import BIAS, FORMATS, KERNEL, sequential

from weighin.core import WeighinError
from weighin.formats import budget
from weighin.formats.keras import read_weights


def trained(format: str, layers: Mapping[str, Mapping[str, Any]], inside: str = "") -> bytes:
    """Weights by layer and name, as either Keras writes them; `inside` which group of an .h5."""
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        group = file.require_group(inside) if inside else file
        for layer, arrays in layers.items():
            for name, array in arrays.items():
                group.create_dataset(f"{layer}/{name}", data=array)
            group.require_group(layer).attrs["weight_names"] = list(arrays)
        group.attrs["layer_names"] = list(layers)
    if format == "h5":
        return target.getvalue()
    kinds = {"dense": "Dense", "conv2d": "Conv2D", "re_lu": "ReLU"}
    kinds |= {"batch_normalization": "BatchNormalization", "depthwise_conv2d": "DepthwiseConv2D"}
    config = sequential(
        *(
            {"class_name": kinds[re.sub(r"_\d+$", "", n)], "config": {"name": f"own {n}"}}
            for n in layers
        )
    )
    archived = io.BytesIO()
    arrays = {
        f"layers/{n}/vars/{i}": a for n, own in layers.items() for i, a in enumerate(own.values())
    }
    with zipfile.ZipFile(archived, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", hdf5(arrays))
    return archived.getvalue()


LAYERS = {  # not in the alphabet's order, as in a model
    "depthwise_conv2d": {"kernel": KERNEL, "bias": BIAS},
    "batch_normalization": {name: BIAS + at for at, name in enumerate("gbmv")},
    "re_lu": {},
    "conv2d": {"kernel": KERNEL + 1},
    "batch_normalization_1": {name: BIAS - at for at, name in enumerate("gbmv")},
    "dense": {"kernel": KERNEL + 2, "bias": BIAS + 2},
}


@pytest.mark.parametrize(("format", "inside"), [("h5", ""), ("h5", "model_weights"), ("keras", "")])
def test_weights_come_in_the_models_order(tmp_path: Path, format: str, inside: str) -> None:
    """Layer by layer, each with its arrays in their order; layers without weights are left out."""
    path = tmp_path / "net"
    path.write_bytes(trained(format, LAYERS, inside))

    found = read_weights(path)

    wanted = [list(arrays.values()) for arrays in LAYERS.values() if arrays]
    assert [len(arrays) for arrays in wanted] == [len(arrays) for arrays in found]
    for before, after in zip(wanted, found, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_weights_are_refused(tmp_path: Path, format: str) -> None:
    """What is cut off, or no Keras file at all, is an error that names it."""
    path = tmp_path / "net"
    for content in (trained(format, LAYERS)[:-200], b"", hdf5({"weights": KERNEL})):
        path.write_bytes(content)
        with pytest.raises(WeighinError, match=rf"{path} is not a whole Keras file"):
            read_weights(path)


@pytest.mark.parametrize("format", FORMATS)
def test_a_layer_that_unpacks_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    """A small file cannot fill the memory, whatever sizes it promises."""
    path = tmp_path / "net"
    path.write_bytes(trained(format, LAYERS))
    monkeypatch.setattr(budget, "SMALL", KERNEL.nbytes - 1)
    monkeypatch.setattr(budget, "TRAP", 0)

    with pytest.raises(WeighinError, match="would unpack from"):
        read_weights(path)
