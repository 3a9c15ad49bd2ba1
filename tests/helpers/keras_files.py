"""Models as either Keras writes them, made without Keras."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from helpers.hdf5 import hdf5

FORMATS = ("h5", "keras")
KERNEL = np.array([[0, 1, -1], [2, 0, 2]], np.float32)
BIAS = np.zeros(3, np.float32)


def layer(kind: str, name: str, **inside: Any) -> dict[str, Any]:
    """A layer's configuration."""
    return {"class_name": kind, "config": {"name": name, **inside}}


def sequential(*layers: dict[str, Any], name: str = "model") -> dict[str, Any]:
    """A model's configuration, which is a layer's too."""
    return layer("Sequential", name, layers=list(layers))


def content(
    format: str,
    weights: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    optimizer: Mapping[str, Any] | None = None,
    compression: int = zipfile.ZIP_STORED,
    version: str = "",
) -> bytes:
    """A model as Keras writes it in either format; a .keras file as that version of Keras."""
    text = json.dumps(config or sequential(layer("Dense", "dense")))
    if format == "h5":
        arrays = {f"model_weights/{name}": array for name, array in weights.items()}
        arrays |= {f"optimizer_weights/{n}": array for n, array in (optimizer or {}).items()}
        return hdf5(arrays, model_config=text)
    arrays = {f"layers/{name}": array for name, array in weights.items()}
    arrays |= {f"optimizer/vars/{name}": array for name, array in (optimizer or {}).items()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", hdf5(arrays))
    return target.getvalue()


def write(folder: Path, format: str, *arguments: Any, **more: Any) -> Path:
    """The same as a file."""
    path = folder / f"model.{format}"
    path.write_bytes(content(format, *arguments, **more))
    return path
