"""Keras 3: its models are made models of Keras 2, which the optimization toolkit works on.

Each layer becomes the one of that name in Keras 2, with those of its arguments that Keras 2 takes;
then it gets the weights. Whether the moved model answers as the original does is for the caller to
check: a default that differs between the two shows nowhere else.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from weighin.core import Dataset, WeighinError
from weighin.frameworks import process
from weighin.frameworks.process import keras, tensorflow

_LAYER = ("name", "dtype", "trainable", "activity_regularizer")  # what every layer takes
_RENAMED = {("LeakyReLU", "negative_slope"): "alpha"}


class NoCounterpartError(Exception):
    """A layer or class that Keras 2 does not have, in words that end in "Keras 2"."""


@cache
def module() -> Any:
    """The module `keras`, of Keras 3, computing by TensorFlow."""
    tensorflow()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    found = importlib.import_module("keras")
    if int(found.__version__.partition(".")[0]) < 3:
        raise WeighinError(f"Keras 3 is wanted, and {found.__version__} is installed.")
    if found.config.backend() != "tensorflow":
        raise WeighinError(
            f"Keras 3 is loaded with the backend {found.config.backend()}, and TensorFlow is "
            f"wanted: leave out KERAS_BACKEND."
        )
    return found


def is_model(item: Any) -> bool:
    """Whether something is a model of Keras 3."""
    loaded = sys.modules.get("keras")
    is_3 = loaded is not None and str(getattr(loaded, "__version__", "")).startswith("3.")
    return is_3 and isinstance(item, module().Model)


def start_afresh() -> None:
    """Let layers be named from the beginning, where Keras 3 is loaded."""
    loaded = sys.modules.get("keras")
    if loaded is not None and str(getattr(loaded, "__version__", "")).startswith("3."):
        loaded.utils.clear_session()


def load(path: Path, *, trust: bool) -> Any:
    """A model from a .keras or .h5 file of Keras 3; no code in it runs unless it is trusted."""
    return module().saving.load_model(str(path), compile=False, safe_mode=not trust)


def build(model: Any, dataset: Dataset | None) -> None:
    """Build a model for the data's shape, if it has not been built; images may lack their channels.

    Raises:
        WeighinError: if it cannot be.
    """
    if model.built or dataset is None:
        return
    shapes = [tuple(values.shape[1:]) for values in dataset.test.stored.values()]
    try:
        if isinstance(model, module().Sequential) and len(shapes) == 1:
            channels = (1,) if _first_rank(model) == len(shapes[0]) + 2 else ()
            model.build((None, *shapes[0], *channels))
        else:
            inputs = [tensorflow().zeros((1, *shape)) for shape in shapes]
            model(inputs[0] if len(inputs) == 1 else inputs)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WeighinError(
            f"Model {model.name!r} cannot be built for inputs of the shapes {shapes}, which data "
            f"set {dataset.name!r} gives: {reason}"
        ) from error


def _first_rank(model: Any) -> int | None:
    """How many axes the first layer wants that says so."""
    specs = (getattr(layer, "input_spec", None) for layer in model.layers)
    ranks = (getattr(spec, "ndim", None) or getattr(spec, "min_ndim", None) for spec in specs)
    return next(filter(None, ranks), None)


def is_graph(model: Any) -> bool:
    """Whether a model is made of layers alone, by no code of its own."""
    return _is_keras(type(model)) and bool(getattr(model, "inputs", None))


def answers(model: Any, inputs: Sequence[Any]) -> list[Any]:
    """What a model answers when nothing is trained, in the order of its outputs."""
    given = inputs[0] if len(inputs) == 1 else list(inputs)
    keyed = getattr(model, "_inputs_struct", None)
    if isinstance(keyed, Mapping):  # by keys that need not be the names of its inputs
        places = {id(tensor): place for place, tensor in enumerate(model.inputs)}
        given = {key: inputs[places[id(tensor)]] for key, tensor in keyed.items()}
    return list(tensorflow().nest.flatten(model(given, training=False)))


def input_name(tensor: Any) -> str:
    """What an input is called: by its layer, for tensors are numbered through a process."""
    return str(tensor._keras_history.operation.name)


def output_names(model: Any) -> list[str]:
    """Names of a graph's outputs in their order, each once; none of a class written as code."""
    names: list[str] = []
    for tensor in getattr(model, "outputs", None) or ():
        name = base = str(tensor._keras_history.operation.name)
        while name in names:
            name = f"{base}_{len(names)}"
        names.append(name)
    return names


def to_keras_2(model: Any) -> Any:
    """A Keras 2 model of the same layers and weights.

    Args:
        model: a built model of Keras 3; it is left as it is.

    Raises:
        NoCounterpartError: naming the first layer that Keras 2 does not have.
    """
    mover = _Mover()
    moved = mover.model(model)
    mover.take_weights()
    return moved


class _Mover:
    """Makes a layer of Keras 2 of each of Keras 3, one that is used twice once."""

    def __init__(self) -> None:
        self._moved: dict[int, tuple[Any, Any]] = {}

    def model(self, model: Any) -> Any:
        if not is_graph(model):
            kind = type(model).__name__
            raise NoCounterpartError(
                f"class {kind} is written as code, and no graph of layers of Keras 2"
            )
        inputs = [_input_like(tensor) for tensor in model.inputs]
        if isinstance(model, module().Sequential):
            layers = [self.layer(layer) for layer in model.layers]
            return keras().Sequential([*inputs, *layers], name=model.name)
        outputs = model._run_through_graph(inputs, operation_fn=self._operation)
        return keras().Model(inputs, tensorflow().nest.flatten(outputs), name=model.name)

    def layer(self, layer: Any) -> Any:
        if isinstance(layer, module().Model):
            if id(layer) not in self._moved:
                self._moved[id(layer)] = (None, self.model(layer))
            return self._moved[id(layer)][1]
        if id(layer) not in self._moved:
            with _naming(layer):
                kind = type(layer)
                if not _is_keras(kind):
                    raise ValueError(f"{kind.__name__} is none of Keras's")
                config = _plain(layer.get_config())
                self._moved[id(layer)] = layer, _made("keras.layers", kind.__name__, config)
        return self._moved[id(layer)][1]

    def take_weights(self) -> None:
        for original, moved in self._moved.values():
            if original is None:
                continue
            with _naming(original):
                moved.set_weights(original.get_weights())
                if hasattr(moved, "finalize_state"):  # Normalization works out what it divides by
                    moved.finalize_state()

    def _operation(self, operation: Any) -> Callable[..., Any]:
        """What a node of the graph calls: a layer, or an operator as in `x + 1`."""
        if not isinstance(operation, module().layers.Layer):
            return _operator(operation)
        if name := _written_out(operation):
            return partial(_HARD[name], name=operation.name)
        moved = self.layer(operation)

        def call(*arguments: Any, **keywords: Any) -> Any:
            given = {name: value for name, value in keywords.items() if value is not None}
            if given.get("training"):
                del given["training"]  # noted by layers of augmentation, and overruled by a call
            with _naming(operation):
                return moved(*arguments, **given)

        return call


class _naming:  # noqa: N801 - reads as what it does
    """Turns whatever is raised inside into the error that names the layer."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, NoCounterpartError):
            name = type(self._layer).__name__
            raise NoCounterpartError(
                f"layer {self._layer.name!r} ({name}) has no counterpart in Keras 2"
            ) from error


def _input_like(tensor: Any) -> Any:
    (size, *shape), name = tensor.shape, input_name(tensor)
    return keras().layers.Input(shape, size, dtype=str(tensor.dtype), name=name)


def _plain(value: Any) -> Any:
    """A configuration's value with objects of Keras 2 in place of those that it describes."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value or "config" not in value:
        return {name: _plain(each) for name, each in value.items()}
    kind, config = value["class_name"], value["config"]
    if kind == "DTypePolicy":
        return config["name"]
    if kind == "function":
        return config
    return _made(str(value.get("module") or ""), kind, _plain(config))


def _made(place: str, kind: str, config: Mapping[str, Any]) -> Any:
    """An object of Keras 2, made with those arguments that it takes.

    Raises:
        ValueError: if Keras 2 has no such class.
    """
    found: Any = keras()
    top, *inner = place.split(".")
    for name in (*inner, kind):
        found = getattr(found, name, None)
    if top != "keras" or found is None:
        raise ValueError(f"{place}.{kind} is none of Keras 2's")
    renamed = {_RENAMED.get((kind, name), name): value for name, value in config.items()}
    known = _parameters(found)
    return found(**{name: value for name, value in renamed.items() if name in known})


@cache
def _parameters(kind: type) -> frozenset[str]:
    """Names of the arguments that a class of Keras 2 takes, those it hands on included."""
    names: set[str] = set()
    for base in kind.__mro__:
        if base is keras().layers.Layer:
            return frozenset({*names, *_LAYER})
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        names |= {each.name for each in parameters if each.kind != each.VAR_KEYWORD} - {"self"}
        if not any(each.kind == each.VAR_KEYWORD for each in parameters):
            break
    return frozenset(names)


def _written_out(layer: Any) -> str:
    """The name of an activation that Keras 2 does not have, or has as another function.

    Its `hard_sigmoid` is steeper.
    """
    name = str(getattr(getattr(layer, "activation", None), "__name__", ""))
    is_plain = type(layer).__name__ == "Activation" and _is_keras(type(layer))
    return name if is_plain and name in _HARD else ""


def _hard_sigmoid(x: Any, name: str) -> Any:
    return keras().layers.ReLU(6.0, name=f"{name}_relu6")(x + 3.0) * (1 / 6)


def _hard_silu(x: Any, name: str) -> Any:
    return keras().layers.Multiply(name=f"{name}_times")([x, _hard_sigmoid(x, name)])


_HARD = {"hard_sigmoid": _hard_sigmoid, "hard_silu": _hard_silu}  # of Keras 3's activations


def _operator(operation: Any) -> Callable[..., Any]:
    """An operator of TensorFlow for one of Keras 3.

    Raises:
        NoCounterpartError: if none is known here.
    """
    tf, kind = process.tensorflow(), type(operation).__name__
    plain = {
        **{"Add": tf.add, "Subtract": tf.subtract, "Multiply": tf.multiply},
        **{"Divide": tf.divide, "TrueDivide": tf.divide, "Negative": tf.negative},
        **{"Maximum": tf.maximum, "Minimum": tf.minimum, "Absolute": tf.abs, "Square": tf.square},
        **{"Sqrt": tf.sqrt, "Exp": tf.exp, "Tanh": tf.tanh, "Sigmoid": tf.sigmoid},
        **{"Relu": tf.nn.relu, "Matmul": tf.matmul, "GetItem": lambda x, key: x[key]},
    }
    if kind in plain and _is_keras(type(operation)):
        return plain[kind]  # type: ignore[no-any-return]
    if kind == "Softmax":
        return lambda x: tf.nn.softmax(x, axis=operation.axis)
    if kind == "Concatenate":
        return lambda x: tf.concat(x, axis=operation.axis)
    if kind == "Mean":
        return lambda x: tf.reduce_mean(x, axis=operation.axis, keepdims=operation.keepdims)
    raise NoCounterpartError(f"the operator {kind} of Keras 3 has no counterpart in Keras 2")


def _is_keras(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "keras"
