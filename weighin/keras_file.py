"""What a Keras file (.h5 or .keras) really holds, read by h5py and without TensorFlow.

Nothing inside is run: the configuration is read as JSON, weights as arrays. Files are untrusted.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.stats import entropy

# Layers that the optimization toolkit wraps around others while training (source: the class names
# in tensorflow_model_optimization/python/core) and that must be gone from a finished model.
WRAPPERS = (
    "PruneLowMagnitude",
    "ClusterWeights",
    "ClusterWeightsMHA",
    "QuantizeAnnotate",
    "QuantizeWrapper",
    "QuantizeWrapperV2",
    "QuantizeLayer",
)
LARGEST = 16 * 2**30  # bytes that weights, or an entry of a .keras archive, may unpack to
_OPTIMIZER = ("optimizer_weights", "optimizer")


@dataclass(frozen=True, eq=False)
class Weight:
    """One array of trained values."""

    name: str
    values: npt.NDArray[Any]

    @property
    def zeros(self) -> int:
        """How many values are zero."""
        return int(self.values.size - np.count_nonzero(self.values))

    @property
    def unique(self) -> int:
        """How many different values there are."""
        return len(np.unique(self.values))

    @property
    def entropy_bytes(self) -> float:
        """What its values come to at their entropy."""
        if not self.values.size:
            return 0.0
        counts = np.unique(self.values, return_counts=True)[1]
        return self.values.size * entropy(counts) / 8


@dataclass(frozen=True)
class KerasFile:
    """A Keras model on disk.

    Attributes:
        layers: `(name, class name)` of every layer, nested ones included.
        weights: the model's own arrays; optimizer state and counters of wrappers left out.
        bytes: of the file.
        optimizer_bytes: what the file would be smaller without optimizer state.
    """

    layers: tuple[tuple[str, str], ...]
    weights: tuple[Weight, ...]
    bytes: int
    optimizer_bytes: int

    @property
    def parameters(self) -> int:
        """Trained values."""
        return sum(weight.values.size for weight in self.weights)

    @property
    def nonzero_parameters(self) -> int:
        """Trained values that are not zero."""
        return sum(weight.values.size - weight.zeros for weight in self.weights)

    @property
    def entropy_bytes(self) -> float:
        """What the trained values come to, each array's at its entropy."""
        return sum(weight.entropy_bytes for weight in self.weights)

    @property
    def wrapped(self) -> list[str]:
        """Layers that are still wrapped for pruning, clustering or quantization."""
        return [name for name, kind in self.layers if kind in WRAPPERS]

    @property
    def lambdas(self) -> list[str]:
        """Layers that hold code."""
        return [name for name, kind in self.layers if kind == "Lambda"]


def read_keras(path: Path) -> KerasFile:
    """Read a .h5 or .keras file.

    Raises:
        WeighinError: if it cannot be read, is damaged or is no Keras model.
    """
    try:
        content = path.read_bytes()
        if content[:4] == b"PK\x03\x04":
            return _read_archive(content)
        return _read_h5(content)
    except (
        OSError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        RuntimeError,
        ArithmeticError,
        EOFError,
        RecursionError,
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise WeighinError(
            f"{path} is not a whole Keras file ({type(error).__name__}: {error})."
        ) from error


def _read_h5(content: bytes) -> KerasFile:
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        config = json.loads(file.attrs["model_config"])
        weights = _weights(file["model_weights"])
    saved = _optimizer_bytes(content, zipfile.ZIP_STORED)
    return KerasFile(tuple(_layers(config)), tuple(weights), len(content), saved)


def _read_archive(content: bytes) -> KerasFile:
    import h5py

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        config = json.loads(_entry(archive, "config.json"))
        inner = _entry(archive, "model.weights.h5")
        method = archive.getinfo("model.weights.h5").compress_type
    with h5py.File(io.BytesIO(inner), "r") as file:
        groups = [file[key] for key in file if key not in _OPTIMIZER]
        weights = [weight for group in groups for weight in _weights(group)]
    saved = _optimizer_bytes(inner, method)
    return KerasFile(tuple(_layers(config)), tuple(weights), len(content), saved)


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LARGEST:
        raise ValueError(f"{name} unpacks to more than {LARGEST} bytes")
    return archive.read(name)


def _weights(group: Any) -> list[Weight]:
    import h5py

    found: list[Weight] = []
    total = 0

    def add(name: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f":
            total += item.nbytes
            if total > LARGEST:
                raise ValueError(f"{name} unpacks to more than {LARGEST} bytes")
            found.append(Weight(name, item[()]))

    group.visititems(add)
    return found


def _layers(config: Any) -> list[tuple[str, str]]:
    """Every layer in a model's configuration, found at any depth."""
    found = []
    inside = config.get("config", {})
    nested = inside.get("layers", []) if isinstance(inside, dict) else []
    if isinstance(inside, dict) and isinstance(inside.get("layer"), dict):
        nested = [inside["layer"]]
    for layer in nested:
        name = layer.get("config", {}).get("name") or layer.get("name") or ""
        found.append((str(name), str(layer["class_name"])))
        found += _layers(layer)
    return found


def _optimizer_bytes(content: bytes, method: int) -> int:
    """How much smaller an .h5 is without optimizer state, as an archive's entry by a zip method.

    Both are written anew, since writing alone makes a file more compact.
    """
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        if not any(key in file for key in _OPTIMIZER):
            return 0
        sizes = [_packed(_rewritten(file, left_out), method) for left_out in ((), _OPTIMIZER)]
    return sizes[0] - sizes[1]


def _rewritten(file: Any, left_out: tuple[str, ...]) -> bytes:
    import h5py

    target = io.BytesIO()
    with h5py.File(target, "w") as new:
        for key in file:
            if key not in left_out:
                file.copy(key, new)
        for key, value in file.attrs.items():
            if not (left_out and key == "training_config"):
                new.attrs[key] = value
    return target.getvalue()


def _packed(content: bytes, method: int) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model.weights.h5", content, method)
        return archive.getinfo("model.weights.h5").compress_size
