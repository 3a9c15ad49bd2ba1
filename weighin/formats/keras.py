"""What a Keras file (.h5 or .keras) really holds, read by h5py and without TensorFlow.

Nothing inside is run: the configuration is read as JSON, weights as arrays. Files are untrusted.
"""

from __future__ import annotations

import contextlib
import graphlib
import io
import itertools
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
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
SUSPICIOUS, LARGEST_RATIO = 2**26, 200  # bytes, and how many times as many, that are a trap
_OPTIMIZER = ("optimizer_weights", "optimizer")
ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"  # how these files begin

LayerWeights = list[npt.NDArray[Any]]


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
        depth: layers on the longest path through the model, its input counted; None where a
            layer is used again after itself, so that there is no such path.
        weights: the model's own arrays; optimizer state and counters of wrappers left out.
        bytes: of the file.
        optimizer_bytes: what the file would be smaller without optimizer state.
    """

    layers: tuple[tuple[str, str], ...]
    depth: int | None
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
    with whole_file(path):
        content = path.read_bytes()
        return _read_archive(content) if content[:4] == ZIP else _read_h5(content)


def read_weights(path: Path) -> list[LayerWeights]:
    """The arrays of every layer that has some, in the order of the model's layers.

    Reads a Keras 2 .h5, of a whole model or of weights alone, and a .keras of Keras 3. Nothing
    else in the file is used but the names and kinds of its layers.

    Raises:
        WeighinError: if it cannot be read, is damaged or is no Keras file.
    """
    with whole_file(path):
        content = path.read_bytes()
        layers = _archive_weights(content) if content[:4] == ZIP else _h5_weights(content)
        return [layer for layer in layers if layer]


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[None]:
    """Whatever a damaged file raises becomes an error that names it.

    Raises:
        WeighinError: in its place.
    """
    try:
        yield
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


def _h5_weights(content: bytes) -> list[LayerWeights]:
    """By the lists of names that Keras 2 keeps beside the weights."""
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        group = file.get("model_weights", file)
        return [
            _arrays(group[name], group[name].attrs["weight_names"])
            for name in group.attrs["layer_names"]
        ]


def _archive_weights(content: bytes) -> list[LayerWeights]:
    """By the names that Keras 3 gives: of the class, in snake case, numbered in order.

    Source: `_save_container_state` in Keras 3's saving/saving_lib.py.
    """
    import h5py

    config, inner, _ = _opened(content)
    seen: Counter[str] = Counter()
    weights = []
    with h5py.File(io.BytesIO(inner), "r") as file:
        for layer in config["config"]["layers"]:
            kind = snake_case(layer["class_name"])
            name = f"{kind}_{seen[kind]}" if seen[kind] else kind
            seen[kind] += 1
            variables = file["layers"].get(name, {}).get("vars", {})
            weights.append(_arrays(variables, [str(number) for number in range(len(variables))]))
    return weights


def _arrays(group: Any, names: Sequence[Any]) -> LayerWeights:
    items = [group[name] for name in names]
    if sum(item.nbytes for item in items) > LARGEST:
        raise ValueError(f"a layer unpacks to more than {LARGEST} bytes")
    return [np.asarray(item[()]) for item in items]


def snake_case(name: str) -> str:
    """As Keras 3 does it (`to_snake_case` in utils/naming.py): `Conv2D` is `conv2d`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _read_h5(content: bytes) -> KerasFile:
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        config = json.loads(file.attrs["model_config"])
        weights = _weights(file["model_weights"])
    saved = _optimizer_bytes(content, zipfile.ZIP_STORED)
    return KerasFile(tuple(_layers(config)), _depth(config), tuple(weights), len(content), saved)


def _read_archive(content: bytes) -> KerasFile:
    import h5py

    config, inner, method = _opened(content)
    with h5py.File(io.BytesIO(inner), "r") as file:
        groups = [file[key] for key in file if key not in _OPTIMIZER]
        weights = [weight for group in groups for weight in _weights(group)]
    saved = _optimizer_bytes(inner, method)
    return KerasFile(tuple(_layers(config)), _depth(config), tuple(weights), len(content), saved)


def _opened(content: bytes) -> tuple[Any, bytes, int]:
    """A .keras archive's configuration, weights, and the method these are compressed by."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        config = json.loads(entry(archive, "config.json"))
        inner = entry(archive, "model.weights.h5")
        return config, inner, archive.getinfo("model.weights.h5").compress_type


def entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """An archive's entry.

    Raises:
        ValueError: if it would unpack to far more than it is.
    """
    info = archive.getinfo(name)
    check_unpacked(name, info.file_size, info.compress_size)
    return archive.read(name)


def check_unpacked(name: str, size: int, stored: int) -> None:
    """Refuse what would unpack to far more than it is: no trained weights do.

    Args:
        name: what it is called in messages.
        size: bytes that it unpacks to.
        stored: bytes that it takes now.

    Raises:
        ValueError: saying so.
    """
    if size > LARGEST or (size > SUSPICIOUS and size > stored * LARGEST_RATIO):
        raise ValueError(f"{name} would unpack from {stored:,} to {size:,} bytes")


def _weights(group: Any) -> list[Weight]:
    import h5py

    weights: list[Weight] = []
    total = 0

    def add(name: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f":
            total += item.nbytes
            if total > LARGEST:
                raise ValueError(f"{name} unpacks to more than {LARGEST} bytes")
            weights.append(Weight(name, item[()]))

    group.visititems(add)
    return weights


def _layers(config: Any) -> list[tuple[str, str]]:
    """Every layer in a model's configuration, found at any depth."""
    layers = []
    inside = config.get("config", {})
    nested = inside.get("layers", []) if isinstance(inside, dict) else []
    if isinstance(inside, dict) and isinstance(inside.get("layer"), dict):
        nested = [inside["layer"]]
    for layer in nested:
        name = layer.get("config", {}).get("name") or layer.get("name") or ""
        layers.append((str(name), str(layer["class_name"])))
        layers += _layers(layer)
    return layers


def _depth(config: Any) -> int | None:
    """Layers on the longest path through a model's configuration; a nested model's count too."""
    inside = config["config"]
    layers = inside.get("layers") if isinstance(inside, dict) else None
    if layers is None:
        return 1
    depths = {_name(layer): _depth(layer) for layer in layers}
    before = {_name(layer): _senders(layer.get("inbound_nodes"), depths) for layer in layers}
    if config["class_name"] == "Sequential":
        before |= {name: {last} for last, name in itertools.pairwise(depths)}
    reached: dict[str, int] = {}
    try:
        for name in graphlib.TopologicalSorter(before).static_order():
            longest = max((reached[sender] for sender in before.get(name, ())), default=0)
            depth = depths[name]
            if depth is None:
                return None
            reached[name] = longest + depth
    except graphlib.CycleError:
        return None
    return max(reached.values(), default=0)


def _name(layer: Any) -> str:
    return str(layer.get("name") or layer["config"]["name"])


def _senders(nodes: Any, names: Collection[str]) -> set[str]:
    """Layers whose outputs a layer takes: `[name, node, tensor, …]` at any depth of its nodes."""
    senders, left = set(), [nodes]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            left += item.values()
        elif isinstance(item, list):
            if len(item) > 2 and isinstance(item[0], str) and item[0] in names:
                senders.add(item[0])
            left += item
    return senders


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
