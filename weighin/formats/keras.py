"""What a Keras file (.h5 or .keras) really holds, read by h5py and without TensorFlow.

Nothing inside is run: the configuration is read as JSON, weights as arrays. Files are untrusted.
"""

from __future__ import annotations

import graphlib
import itertools
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.formats import hdf5
from weighin.formats.budget import Budget
from weighin.formats.opening import Parts, opened, whole_file
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
_OPTIMIZER = ("optimizer_weights", "optimizer")

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
    with whole_file(path), path.open("rb") as file, opened(file) as parts:
        layers, depth = tuple(_layers(parts.config)), _depth(parts.config)
        held = [parts.file["model_weights"]] if parts.is_h5 else _groups(parts.file)
        weights = [weight for group in held for weight in _weights(group, parts.budget)]
        saved = _optimizer_bytes(parts.file, parts.method)
        return KerasFile(layers, depth, tuple(weights), path.stat().st_size, saved)


def read_weights(path: Path) -> list[LayerWeights]:
    """The arrays of every layer that has some, in the order of the model's layers.

    Reads a Keras 2 .h5, of a whole model or of weights alone, and a .keras of Keras 3. Nothing
    else in the file is used but the names and kinds of its layers.

    Raises:
        WeighinError: if it cannot be read, is damaged or is no Keras file.
    """
    with whole_file(path), path.open("rb") as file, opened(file, weights_alone=True) as parts:
        layers = _h5_weights(parts) if parts.is_h5 else _archive_weights(parts)
        return [layer for layer in layers if layer]


def _h5_weights(parts: Parts) -> list[LayerWeights]:
    """By the lists of names that Keras 2 keeps beside the weights."""
    group = parts.file.get("model_weights", parts.file)
    return [
        _arrays(group[name], group[name].attrs["weight_names"], parts.budget)
        for name in group.attrs["layer_names"]
    ]


def _archive_weights(parts: Parts) -> list[LayerWeights]:
    """By the names that Keras 3 gives: of the class, in snake case, numbered in order.

    Source: `_save_container_state` in Keras 3's saving/saving_lib.py.
    """
    seen: Counter[str] = Counter()
    weights = []
    for layer in parts.config["config"]["layers"]:
        kind = snake_case(layer["class_name"])
        name = f"{kind}_{seen[kind]}" if seen[kind] else kind
        seen[kind] += 1
        variables = parts.file["layers"].get(name, {}).get("vars", {})
        names = [str(number) for number in range(len(variables))]
        weights.append(_arrays(variables, names, parts.budget))
    return weights


def _arrays(group: Any, names: Sequence[Any], budget: Budget) -> LayerWeights:
    return [_values(group[name], budget) for name in names]


def _values(item: Any, budget: Budget) -> npt.NDArray[Any]:
    budget.take(item.name, hdf5.unpacked(item))
    return np.asarray(item[()])


def snake_case(name: str) -> str:
    """As Keras 3 does it (`to_snake_case` in utils/naming.py): `Conv2D` is `conv2d`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _groups(file: Any) -> list[Any]:
    return [file[key] for key in file if key not in _OPTIMIZER]


def _weights(group: Any, budget: Budget) -> list[Weight]:
    prefix = f"{group.name}/"
    return [
        Weight(item.name.removeprefix(prefix), _values(item, budget))
        for item in hdf5.arrays(group)
        if item.dtype.kind == "f"
    ]


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


def _optimizer_bytes(file: Any, method: int) -> int:
    """How much smaller an .h5 is without optimizer state, as an archive's entry by a zip method.

    Both are written anew, since writing alone makes a file more compact.
    """
    if not any(key in file for key in _OPTIMIZER):
        return 0
    whole, without = (_rewritten(file, left_out, method) for left_out in ((), _OPTIMIZER))
    return whole - without


def _rewritten(file: Any, left_out: tuple[str, ...], method: int) -> int:
    """Bytes of an .h5 that was written anew without some of it, and packed; on the disk."""
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "model.weights.h5")
        with target.open("w+b") as written, h5py.File(written, "w") as new:
            for key in file:
                if key not in left_out:
                    file.copy(key, new)
            for key, value in file.attrs.items():
                if not (left_out and key == "training_config"):
                    new.attrs[key] = value
        with zipfile.ZipFile(target.with_suffix(".zip"), "w") as archive:
            archive.write(target, target.name, method)
            return archive.getinfo(target.name).compress_size
