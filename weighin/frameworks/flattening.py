"""Models inside models: their layers become the outer model's own, with the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weighin.core import WeighinError
from weighin.frameworks.process import keras, tensorflow


def flattened(model: Any) -> Any:
    """A functional model without inner models, of copied layers and weights.

    The optimization toolkit does not look into inner models, and channels cannot be followed
    through them. A layer whose name is taken gets that of its inner model before it.

    Args:
        model: a Keras model. It is left as it is, and returned if it holds no inner models.

    Raises:
        WeighinError: naming an inner model that is no graph of layers, or that is called with
            more than its inputs.
    """
    if not any(isinstance(layer, keras().Model) for layer in model.layers):
        return model
    _check_graph(model)
    copies = _Copies(model)
    inputs = [_input_like(tensor, layer) for tensor, layer in _inputs(model)]
    outputs = _called(model, inputs, copies, training=None)
    flat = keras().Model(
        tensorflow().nest.pack_sequence_as(model._nested_inputs, inputs), outputs, name=model.name
    )
    copies.take_weights()
    return flat


class _Copies:
    """A copy of every layer of a model and of those inside it, made when it is first called."""

    def __init__(self, model: Any) -> None:
        inner = keras().Model
        self._copies: dict[int, tuple[Any, Any]] = {}
        self._taken = {layer.name for layer in model.layers if not isinstance(layer, inner)}
        self._names = {id(layer): layer.name for layer in model.layers}

    def of(self, layer: Any, owner: str) -> Any:
        """A layer's copy; `owner` is the name of the model that the layer stands in."""
        if id(layer) not in self._copies:
            config = layer.get_config() | {"name": self._name(layer, owner)}
            self._copies[id(layer)] = layer, type(layer).from_config(config)
        return self._copies[id(layer)][1]

    def take_weights(self) -> None:
        """Give all copies the weights of what they are copies of."""
        for layer, copy in self._copies.values():
            copy.set_weights(layer.get_weights())

    def _name(self, layer: Any, owner: str) -> str:
        if id(layer) in self._names:  # the outer model's own
            return str(self._names[id(layer)])
        name, count = str(layer.name), 1
        if name in self._taken:
            name = f"{owner}_{layer.name}"
        while name in self._taken:
            count += 1
            name = f"{owner}_{layer.name}_{count}"
        self._taken.add(name)
        return name


def _called(model: Any, inputs: list[Any], copies: _Copies, training: bool | None) -> Any:
    """What the copies of a model's layers answer to tensors, in the structure of its outputs."""
    nest = tensorflow().nest
    tensors = _Tensors(model.inputs, inputs)
    for node in _nodes(model):
        arguments, keywords = node.map_arguments(tensors)
        layer = node.layer
        if isinstance(layer, keras().Model):
            _check_graph(layer)
            given = _check_call(layer, arguments, keywords)
            within = keywords.get("training")
            within = training if within is None else within
            outputs = _called(layer, layer._flatten_to_reference_inputs(given), copies, within)
        else:
            if training is not None and layer._expects_training_arg:
                keywords = {"training": training} | {
                    name: value for name, value in keywords.items() if value is not None
                }
            outputs = copies.of(layer, model.name)(*arguments, **keywords)
        tensors.add(node.outputs, outputs)
    return nest.pack_sequence_as(model._nested_outputs, [tensors.of(x) for x in model.outputs])


class _Tensors:
    """The new tensor in place of each old one; Keras asks for it by `[str(id(old))].pop()`."""

    def __init__(self, old: Any, new: Any) -> None:
        self._new: dict[str, Any] = {}
        self.add(old, new)

    def add(self, old: Any, new: Any) -> None:
        flatten = tensorflow().nest.flatten
        for before, after in zip(flatten(old), flatten(new), strict=True):
            self._new[str(id(before))] = after

    def of(self, old: Any) -> Any:
        return self._new[str(id(old))]

    def __getitem__(self, key: str) -> list[Any]:
        return [self._new[key]]


def _nodes(model: Any) -> Iterator[Any]:
    """The calls that make up a model, from its inputs to its outputs."""
    for depth in sorted(model._nodes_by_depth, reverse=True):
        yield from (node for node in model._nodes_by_depth[depth] if not node.is_input)


def _inputs(model: Any) -> list[tuple[Any, Any]]:
    return list(zip(model.inputs, model._input_layers, strict=True))


def _input_like(tensor: Any, layer: Any) -> Any:
    shape, size = tuple(tensor.shape[1:]), tensor.shape[0]
    return keras().layers.Input(shape, size, dtype=tensor.dtype.name, name=layer.name)


def _check_graph(model: Any) -> None:
    if not getattr(model, "_is_graph_network", False):
        raise WeighinError(
            f"Model {model.name!r} ({type(model).__name__}) is written as a class, or its input "
            f"shape is not known: its layers cannot be followed. Build it as keras.Sequential with "
            f"an Input layer, or as keras.Model(inputs, outputs)."
        )


def _check_call(layer: Any, arguments: Any, keywords: dict[str, Any]) -> Any:
    """The inputs that an inner model is called on."""
    more = [name for name, value in keywords.items() if value is not None and name != "training"]
    if len(arguments) != 1 or more:
        raise WeighinError(
            f"The inner model {layer.name!r} is called with more than its inputs "
            f"({', '.join(more) or 'positional arguments'}), so its layers cannot be made the "
            f"outer model's own. Call it on its inputs alone."
        )
    return arguments[0]
