"""What a trained Keras file is, before anything opens it: which Keras wrote it, what code it holds.

A .keras or .h5 file, a .weights.h5 file, or the folder of a SavedModel. Nothing here loads
TensorFlow or runs anything of the file.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from weighin.core import WeighinError
from weighin.formats import budget, hdf5
from weighin.formats.budget import NUMBER, Budget
from weighin.formats.opening import (
    HDF5,
    attribute,
    check_unpacked,
    configuration,
    entry,
    is_archive,
    whole_file,
)
from weighin.formats.protobuf import parts

Kind = Literal["keras", "h5", "weights", "savedmodel"]

# Modules whose classes a Keras file names as Keras's own
_KERAS = ("keras", "tf_keras", "builtins")
# Operators of a SavedModel by which it writes files or runs Python of the process that loads it
_ACTING = (
    *("PyFunc", "PyFuncStateless", "EagerPyFunc", "ReadFile", "WriteFile", "MatchingFiles"),
    *("DatasetToTFRecord", "ExperimentalDatasetToTFRecord", "SaveDataset", "SaveDatasetV2"),
    *("CreateSummaryFileWriter", "DebugIdentityV2", "DebugIdentityV3"),
)
_PRINTING, _TO_A_FILE = "PrintV2", b"file://"  # it prints to the terminal, unless told a file
# What Keras 2 writes of an operator of TensorFlow in a model: a function by its name, which may be
# any that TensorFlow has, such as one that removes files
_CALLING = ("TFOpLambda", "SlicingOpLambda")
_MATHEMATICS = (
    *("math.", "nn.", "linalg.", "signal.", "image.", "random.", "__operators__."),
    "keras.activations.",
)
_SHAPING = frozenset(
    [
        "abs",
        "add",
        "argmax",
        "argmin",
        "argsort",
        "broadcast_to",
        "cast",
        "clip_by_value",
        "concat",
        "constant",
        "convert_to_tensor",
        "cos",
        "cumsum",
        "divide",
        "einsum",
        "equal",
        "exp",
        "expand_dims",
        "eye",
        "fill",
        "floor",
        "gather",
        "gather_nd",
        "greater",
        "greater_equal",
        "identity",
        "less",
        "less_equal",
        "logical_and",
        "logical_not",
        "logical_or",
        "matmul",
        "maximum",
        "meshgrid",
        "minimum",
        "multiply",
        "negative",
        "norm",
        "not_equal",
        "one_hot",
        "ones",
        "ones_like",
        "pad",
        "pow",
        "range",
        "rank",
        "realdiv",
        "repeat",
        "reshape",
        "reverse",
        "roll",
        "round",
        "shape",
        "sigmoid",
        "sign",
        "sin",
        "size",
        "slice",
        "sort",
        "split",
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "stop_gradient",
        "strided_slice",
        "subtract",
        "tanh",
        "tensordot",
        "tile",
        "transpose",
        "truediv",
        "unstack",
        "where",
        "zeros",
        "zeros_like",
        "reduce_all",
        "reduce_any",
        "reduce_logsumexp",
        "reduce_max",
        "reduce_mean",
        "reduce_min",
        "reduce_prod",
        "reduce_sum",
    ]
)
_GRAPH, _METADATA = "saved_model.pb", "keras_metadata.pb"


@dataclass(frozen=True)
class Saved:
    """A trained model on disk.

    Attributes:
        kind: what is there.
        keras: which Keras wrote it, 2 or 3; None where it does not say, as weights alone, or none
            did.
        config: the model's configuration; empty where there is none.
        training: how it was compiled, in its Keras's words; empty where it was not.
        acting: operators by which the graph of a SavedModel does more than answer.
        version: of the Keras that wrote it, where it says so.
    """

    kind: Kind
    keras: int | None
    config: Mapping[str, Any]
    training: Mapping[str, Any]
    acting: tuple[str, ...] = ()
    version: str = ""

    @property
    def code(self) -> tuple[str, ...]:
        """What in it holds code that would run: Lambda layers and the like, by their names."""
        held = []
        for item in _objects(self.config):
            inside = item.get("config")
            inside = inside if isinstance(inside, dict) else {}
            if item.get("class_name") == "Lambda":
                held.append(f"layer {inside.get('name', 'lambda')!r} is a Lambda layer")
            elif item.get("class_name") in _CALLING and not _is_mathematics(inside):
                held.append(f"layer {inside.get('name')!r} calls tf.{inside.get('function')}")
            elif item.get("class_name") == "__lambda__":
                held.append("a layer has a lambda function")
        held += [f"its graph holds the operator {name}" for name in self.acting]
        return tuple(dict.fromkeys(held))

    @property
    def foreign(self) -> tuple[str, ...]:
        """Classes and functions that it names and that are none of Keras's, as it names them."""
        names = []
        for item in _objects(self.config):
            name, module = str(item["class_name"]), item.get("module")
            if ">" in name:  # how Keras 2 writes what is registered
                names.append(name)
            elif "module" not in item or "registered_name" not in item:
                continue
            elif module is None and item["registered_name"]:
                names.append(str(item["registered_name"]))
            elif module is not None and str(module).partition(".")[0] not in _KERAS:
                names.append(f"{module}.{name}")
        return tuple(dict.fromkeys(names))


def read_saved(path: Path) -> Saved:
    """What a file or folder is.

    Raises:
        WeighinError: if it is missing, empty, damaged, or none of Keras's or TensorFlow's; if one
            of its parts would unpack to far more than it is.
    """
    if path.is_dir():
        return _read_folder(path)
    if not path.is_file():
        raise WeighinError(f"{path}: no such file or folder.")
    with whole_file(path), path.open("rb") as file:
        begin = file.read(len(HDF5))
        file.seek(0)
        if is_archive(file):
            return _read_archive(file)
        if begin == HDF5:
            return _read_h5(file)
    if begin[4:] == b"TFL3":
        raise WeighinError(f"{path} holds a finished model: give it a name that ends in .tflite.")
    what = "is empty" if not begin else "is neither a .tflite, a .keras nor an .h5 file"
    raise WeighinError(f"{path} {what}: bring a file that Keras's model.save has written.")


def _read_archive(file: BinaryIO) -> Saved:
    with zipfile.ZipFile(file) as archive:
        for each in archive.infolist():
            check_unpacked(each.filename, each.file_size, each.compress_size)
        with entry(archive, "model.weights.h5") as inner, hdf5.opened(inner) as (held, left):
            _check_arrays(held, left.stored)
            config = _mapping(configuration(archive, "config.json", left))
            metadata = _mapping(configuration(archive, "metadata.json", left))
    config["class_name"], config["config"]  # a KeyError says which is missing
    version = _text(metadata.get("keras_version"))
    return Saved("keras", _major(version), config, _compiled_of(config), version=version)


def _compiled_of(config: Mapping[str, Any]) -> dict[str, Any]:
    compiled = config.get("compile_config")
    return compiled if isinstance(compiled, dict) else {}


def _read_h5(file: BinaryIO) -> Saved:
    with hdf5.opened(file) as (held, left):
        _check_arrays(held, left.stored)
        version = _text(held.attrs.get("keras_version"))
        if "model_config" not in held.attrs:
            if not {"layers", "vars", "layer_names"} & {*held, *held.attrs}:
                raise ValueError("it holds neither a model nor weights")
            return Saved("weights", _major(version), {}, {}, version=version)
        config = _mapping(attribute(held, "model_config", left))
        is_compiled = "training_config" in held.attrs
        training = _mapping(attribute(held, "training_config", left)) if is_compiled else {}
        config["class_name"], config["config"], held["model_weights"]
        return Saved("h5", _major(version), config, training, version=version)


def _check_arrays(file: Any, stored: int) -> None:
    """Refuse arrays that are far larger than what the file stores of them.

    They are not read here, but by the Keras that opens the file.
    """
    check_unpacked("what it holds", sum(map(hdf5.unpacked, hdf5.arrays(file))), stored)


def _is_mathematics(config: Mapping[str, Any]) -> bool:
    """Whether a function of TensorFlow only computes, as far as its name says."""
    function = str(config.get("function", "")).removeprefix("compat.v1.")
    return function.startswith(_MATHEMATICS) or function in _SHAPING


def _read_folder(path: Path) -> Saved:
    """A SavedModel; beside it Keras 2 keeps what its model was."""
    graph = path / _GRAPH
    if not graph.is_file():
        raise WeighinError(
            f"{path} is a folder without {_GRAPH}, so no SavedModel: name the folder that "
            f"model.export or tf.saved_model.save has written, or a .keras or .h5 file."
        )
    with whole_file(path):
        content = budget.whole(graph)
        if not parts(content, 2):  # SavedModel.meta_graphs
            raise ValueError(f"{_GRAPH} holds no graph")
        named = _ACTING + (_PRINTING,) * (_TO_A_FILE in content)
        acting = tuple(name for name in named if _node_of(name) in content)
        metadata = path / _METADATA
        if not metadata.is_file():
            return Saved("savedmodel", None, {}, {}, acting)
        said = budget.whole(metadata)
        Budget(len(said)).take(_METADATA, NUMBER * len(said))
        nodes = [_node(part) for part in parts(said, 1)]  # SavedMetadata.nodes
        described = [node for place, node in nodes if place == "root"]
        root = described[0] if described else {}
        training = root.get("training_config")
        layers = [{**node, "training_config": None} for _, node in nodes]
        return Saved(
            "savedmodel",
            2 if described else None,
            {"class_name": root.get("class_name", ""), "config": root.get("config"), "all": layers},
            training if isinstance(training, dict) else {},
            acting,
            _text(root.get("keras_version")),
        )


def _node(part: bytes) -> tuple[str, dict[str, Any]]:
    """Where an object lies in a Keras 2 model, and what is said of it (SavedObject)."""
    (place,), texts = parts(part, 3) or [b""], parts(part, 5)
    return place.decode(), _mapping(json.loads(texts[0]) if texts else {})


def _node_of(operator: str) -> bytes:
    """How a graph names an operator: the second field of a node, a length and the name."""
    return bytes([0x12, len(operator)]) + operator.encode()


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


def _major(version: str) -> int | None:
    begin = version.partition(".")[0]
    return int(begin) if begin.isdecimal() else None


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("its configuration is no object")
    return value


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Whatever in a configuration stands for an object: layers, functions, initializers."""
    left = [config]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            if isinstance(value.get("class_name"), str):
                yield value
            left += value.values()
        elif isinstance(value, list):
            left += value
