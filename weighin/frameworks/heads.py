"""What a model takes and gives, what decides its outputs' values, and the losses that Keras has.

An output's head is found in the graph, from the output backwards. A loss that takes probabilities
learns next to nothing from bare scores and reports no error, and the other way round; so tasks ask
what a head does, and refuse what does not fit before anything is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from weighin.core import Dataset, Loss, Port, Signature, WeighinError
from weighin.core.signature import BARE, written
from weighin.core.tasks import only
from weighin.frameworks import tf_keras
from weighin.frameworks.direct import DirectModel
from weighin.frameworks.process import keras

# Layers after which scores are what they were before, in another shape or not at inference; the
# mean over an image of probabilities, or of bare scores, is one of them too.
_PASSED = (
    *("InputLayer", "Reshape", "Flatten", "Permute", "Dropout", "SpatialDropout1D"),
    *("SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
    *("ActivityRegularization", "Identity", "QuantizeLayer", "OutputQuantizer"),
    *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"),
)
_WRAPPERS = ("QuantizeWrapper", "QuantizeWrapperV2", "ClusterWeights", "PruneLowMagnitude")
_OPERATIONS: dict[
    str, str | None
] = {  # of a TensorFlow function that Keras has made a layer of, what its answers are
    **{"nn.softmax": "softmax", "nn.log_softmax": "log_softmax"},
    **{"math.sigmoid": "sigmoid", "sigmoid": "sigmoid", "nn.sigmoid": "sigmoid"},
    **dict.fromkeys(("identity", "reshape", "squeeze", "cast", "expand_dims")),
}
_LOSSES: dict[str, tuple[str, dict[str, Any]]] = {  # by weighin's name, where Keras' is another
    "crossentropy": ("SparseCategoricalCrossentropy", {}),
    "crossentropy_from_logits": ("SparseCategoricalCrossentropy", {"from_logits": True}),
    "binary_crossentropy": ("BinaryCrossentropy", {}),
    "binary_crossentropy_from_logits": ("BinaryCrossentropy", {"from_logits": True}),
}


def signature_of(model: Any) -> Signature:
    """What a built Keras model takes and gives, also one that the toolkit has wrapped.

    Outputs tell what decides their values: the layer, its class, and what it does.
    """
    if isinstance(model, DirectModel):
        return model.signature
    inputs = tuple(
        Port(name, _dtype(tensor), tuple(tensor.shape[1:]), tensor._keras_history.layer.name)
        for name, tensor in zip(model.input_names, model.inputs, strict=True)
    )
    return Signature(inputs, tuple(map(_output, tf_keras.output_names(model), model.outputs)))


def _output(name: str, output: Any) -> Port:
    """An output and its head."""
    shape, units = tuple(output.shape[1:]), output.shape[-1]
    last = output._keras_history.layer
    head = partial(Port, name, _dtype(output), shape)
    for layer, answer in _backwards(output):
        activation = _activation(layer, rank=len(answer.shape))
        if activation is None:
            continue
        if (
            activation == "softmax" and answer.shape[-1] != units
        ):  # probabilities, but not over all scores
            activation = ""
        return head(layer.name, type(layer).__name__, activation)
    return head(last.name, type(last).__name__, "")


def _dtype(tensor: Any) -> str:
    return str(tensor.dtype.name)


def keras_loss(loss: Loss) -> Any:
    """A loss as Keras' `compile` takes it.

    Args:
        loss: by name, of Keras or of weighin; or a function that is given Keras and makes one.

    Raises:
        WeighinError: if Keras knows no such loss.
    """
    if callable(loss):
        return loss(keras())
    if loss in _LOSSES:
        kind, arguments = _LOSSES[loss]
        return getattr(keras().losses, kind)(**arguments)
    try:
        return keras().losses.get(loss)
    except ValueError as error:
        raise WeighinError(f"loss={loss!r} is none that Keras knows.") from error


def build(model: Any, dataset: Dataset) -> None:
    """Build a `Sequential` without an input layer for the data's shape.

    Raises:
        WeighinError: if it cannot be, or the model is of a class without a graph of layers.
    """
    if isinstance(model, DirectModel):
        return
    if not model.outputs and isinstance(model, keras().Sequential):
        _build(model, only(dataset.train.stored, "inputs of a Sequential").shape[1:], dataset.name)
    if not model.outputs:
        raise WeighinError(
            f"It is of a class of its own ({type(model).__name__}) without a graph of layers, "
            f"which its file must hold: return a Sequential or keras.Model(inputs, outputs)."
        )


def check_ids(model: Any, dataset: Dataset) -> None:
    """Refuse data that name rows which a table does not have.

    Args:
        model: a built Keras model.
        dataset: fed to it.

    Raises:
        WeighinError: naming the layer, how many rows its table has, and what comes.
    """
    tables = [layer for layer in model.layers if isinstance(layer, keras().layers.Embedding)]
    calls = [(table, node) for table in tables for node in table.inbound_nodes]
    for table, node in calls:
        source = node.keras_inputs[0]._keras_history.layer.name
        for split in (dataset.train, dataset.test):
            values = split.stored.get(source)
            if values is None or split.scales.get(source, 1.0) != 1:
                continue
            low, high = int(values.min(initial=0)), int(values.max(initial=0))
            if low < 0 or high >= table.input_dim:
                raise WeighinError(
                    f"Layer {table.name!r} (Embedding) has rows for 0 to {table.input_dim - 1}, "
                    f"data set {dataset.name!r} gives {low} to {high} as {source!r}: give the "
                    f"layer {high + 1} rows, or number the words from 0."
                )


def _backwards(tensor: Any) -> Iterator[tuple[Any, Any]]:
    """The layers that made a tensor, each with the tensor that it answered, the last one first.

    It goes into models inside and out of wrappers, and ends at a layer of several inputs.
    """
    layer, node, at = tensor._keras_history
    if isinstance(layer, keras().Model):
        yield from _backwards(layer.outputs[at])
    elif type(layer).__name__ in _WRAPPERS:
        yield layer.layer, tensor
    else:
        yield layer, tensor
    before = layer.inbound_nodes[node].keras_inputs
    if len(before) == 1:
        yield from _backwards(before[0])


def _activation(layer: Any, rank: int) -> str | None:
    """What a layer's answers are: a name, empty if unknown; None if they are those before it."""
    kind, layers = type(layer).__name__, keras().layers
    if kind in _PASSED:
        return None
    if kind == "TFOpLambda":
        return _OPERATIONS.get(getattr(layer, "symbol", ""), "")
    if isinstance(layer, layers.Softmax):
        return "softmax" if layer.axis in (-1, rank - 1) else ""
    if isinstance(layer, layers.BatchNormalization):
        return "linear"  # scores of any size, whatever was before
    convolution = layers.Conv1D.__mro__[1]  # of one, two or three dimensions, separable too
    if isinstance(layer, (layers.Dense, layers.EinsumDense, layers.Activation, convolution)):
        name = _name(layer.activation)
        if name == "linear" and isinstance(layer, layers.Activation):
            return None
        return name if name in ("softmax", "sigmoid", *BARE) else ""
    return ""


def _name(activation: Any) -> str:
    """An activation's name, without what the toolkit's wrapper has put around it."""
    while type(activation).__name__ == "QuantizeAwareActivation":
        activation = activation.activation
    if type(activation).__name__ == "NoOpActivation":
        return "linear"
    if activation is None:
        return "linear"
    if isinstance(activation, keras().layers.Softmax):
        return "softmax" if activation.axis == -1 else ""
    return str(getattr(activation, "__name__", "")).removesuffix("_v2")


def _build(model: Any, shape: tuple[int, ...], name: str) -> None:
    specs = (getattr(layer, "input_spec", None) for layer in model.layers)
    ranks = (getattr(spec, "ndim", None) or getattr(spec, "min_ndim", None) for spec in specs)
    if next(filter(None, ranks), None) == len(shape) + 2:  # images without an axis of channels
        shape = (*shape, 1)
    try:
        model.build((None, *shape))
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise WeighinError(
            f"It cannot be built for inputs of shape {written(shape)}, which data set {name!r} "
            f"gives: {reason}"
        ) from error
