"""A model's head: the layer that gives its scores, which loss fits it, whether its shapes do.

The head is found in the graph, from the output backwards. A loss that takes probabilities learns
next to nothing from bare scores and reports no error, and the other way round; so what is not
recognised is asked for, and what does not fit is refused before anything is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from weighin.core import Dataset, Recipe, WeighinError
from weighin.core.models import LOSSES, Loss
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
_BARE = ("linear", "log_softmax")  # a softmax of a log softmax is that softmax
_LOSS_OF: dict[str, Loss] = {
    "softmax": "crossentropy",
    "sigmoid": "binary_crossentropy",
    **dict.fromkeys(_BARE, "crossentropy_from_logits"),
}
_WAYS = f"Recipe(loss=…), one of {', '.join(LOSSES)}"


@dataclass(frozen=True)
class Head:
    """What gives a model's scores.

    Attributes:
        layer: its name.
        kind: its class.
        activation: `softmax`, `sigmoid`, `linear` or `log_softmax`; empty if it is none of these.
        units: how many scores the model gives.
    """

    layer: str
    kind: str
    activation: str
    units: int

    def __str__(self) -> str:
        """The layer, its class and what it does."""
        units = f"{self.units} unit{'s' if self.units != 1 else ''}"
        does = self.activation or "an activation that is not known here"
        return f"layer {self.layer!r} ({self.kind}, {units}, {does})"


def head_of(model: Any) -> Head:
    """The head of a built Keras model of one output, also of one that the toolkit has wrapped."""
    output = model.outputs[0]
    units = output.shape[-1]
    last = output._keras_history.layer
    for layer, answer in _backwards(output):
        activation = _activation(layer, rank=len(answer.shape))
        if activation is None:
            continue
        name, kind = layer.name, type(layer).__name__
        if (
            activation == "softmax" and answer.shape[-1] != units
        ):  # probabilities, but not over all scores
            activation = ""
        return Head(name, kind, activation, units)
    return Head(last.name, type(last).__name__, "", units)


def loss_for(model: Any, recipe: Recipe, classes: int) -> Any:
    """The loss by which a model learns class numbers, as Keras' `compile` takes it.

    Args:
        model: a built Keras model.
        recipe: may name the loss.
        classes: of the data set.

    Raises:
        WeighinError: if the head is not recognised and the recipe names no loss, or head, loss and
            number of classes do not fit together; it names them and the way out.
    """
    head = head_of(model)
    loss = fitting_loss(head, recipe.loss, classes)
    if loss == "crossentropy_from_logits":
        return keras().losses.SparseCategoricalCrossentropy(from_logits=True)
    return {
        "crossentropy": "sparse_categorical_crossentropy",
        "binary_crossentropy": "binary_crossentropy",
    }[loss]


def fitting_loss(head: Head, named: Loss | None, classes: int) -> Loss:
    """The name of the loss that fits a head; refusals as in `loss_for`."""
    _check_units(head, named, classes)
    if head.activation == "sigmoid" and head.units != 1:
        raise WeighinError(
            f"The model's head, {head}, gives each class a probability of its own, which no loss "
            f"on class numbers fits: end in Dense({classes}, 'softmax')."
        )
    wanted = _LOSS_OF.get(head.activation, named)
    if wanted is None:
        raise WeighinError(
            f"The model ends in {head}, from which no loss follows: say what its scores are by "
            f"{_WAYS}, or let it end in a softmax."
        )
    if named not in (None, wanted):
        raise WeighinError(
            f"loss={named!r} does not fit the model's head, {head}: that wants {wanted!r}. Leave "
            f"out loss=, or change the layer's activation."
        )
    return wanted


def check_shapes(model: Any, dataset: Dataset, recipe: Recipe, name: str) -> None:
    """Refuse a model that does not take the data's shape, or gives no score for each class.

    A `Sequential` without an input layer is built for the data's shape.

    Args:
        model: a Keras model.
        dataset: what it is to be trained and tested on.
        recipe: may name the loss.
        name: of the model, for messages.

    Raises:
        WeighinError: naming both shapes or numbers, and the layer.
    """
    who, data = f"Model {name!r}", f"data set {dataset.name!r}"
    shape = dataset.train.images.shape[1:]
    if not model.outputs and isinstance(model, keras().Sequential):
        _build(model, shape, who, data)
    if not model.outputs:
        raise WeighinError(
            f"{who} is of a class of its own ({type(model).__name__}) without a graph of layers, "
            f"which its file must hold: return a Sequential or keras.Model(inputs, outputs)."
        )
    for what, tensors, given in (
        ("takes", model.inputs, f"{data} gives one"),
        ("gives", model.outputs, "one is weighed, the scores of the classes"),
    ):
        if len(tensors) != 1:
            names = ", ".join(tensor._keras_history.layer.name for tensor in tensors)
            noun = "inputs" if what == "takes" else "outputs"
            raise WeighinError(f"{who} {what} {len(tensors)} {noun} ({names}); {given}.")
    entry = model.inputs[0]
    taken = tuple(entry.shape[1:])
    if len(taken) != len(shape) or any(
        size not in (None, given) for size, given in zip(taken, shape, strict=True)
    ):
        raise WeighinError(
            f"{who} takes inputs of shape {_written(taken)} (layer "
            f"{entry._keras_history.layer.name!r}), {data} gives {_written(shape)}: let the model "
            f"begin with Input({_written(shape)}), or give it other data."
        )
    output = model.outputs[0]
    if len(output.shape) != 2:
        raise WeighinError(
            f"{who} answers in shape {_written(tuple(output.shape))} (layer "
            f"{output._keras_history.layer.name!r}), not with one score for each of the "
            f"{dataset.classes} classes of {data}: let it end in Flatten or pooling and "
            f"Dense({dataset.classes}, 'softmax')."
        )
    try:
        _check_units(head_of(model), recipe.loss, dataset.classes)
    except WeighinError as error:
        raise WeighinError(f"{who} does not fit {data}. {error}") from None


def _check_units(head: Head, named: Loss | None, classes: int) -> None:
    if named is not None and named not in LOSSES:
        raise WeighinError(f"loss={named!r} is none that is known here: {_WAYS}.")
    binary = named == "binary_crossentropy"
    if head.units == 1:
        if classes != 2:
            raise WeighinError(
                f"The model's head, {head}, gives 1 score, the data have {classes} classes: end in "
                f"Dense({classes}, 'softmax'), or correct classes=."
            )
        if head.activation == "softmax":
            raise WeighinError(
                f"The model's head, {head}, always answers 1, for a softmax adds up to 1: end in "
                f"Dense(1, 'sigmoid') or Dense(2, 'softmax')."
            )
        if head.activation in _BARE or (not head.activation and named and not binary):
            raise WeighinError(
                f"The model's head, {head}, gives 1 score for 2 classes, which is taken for the "
                f"probability of class 1{f', and not with loss={named!r}' if named else ''}: end "
                f"in Dense(1, 'sigmoid') or Dense(2, 'softmax')."
            )
    elif binary:
        raise WeighinError(
            f"loss='binary_crossentropy' is for one sigmoid unit on 2 classes; the model's head is "
            f"{head}, the data have {classes} classes: leave out loss=, or end in "
            f"Dense(1, 'sigmoid')."
        )
    elif head.units is not None and head.units != classes:
        raise WeighinError(
            f"The model's head, {head}, gives {head.units} scores, the data have {classes} "
            f"classes: let the layer have {classes} units, or correct classes= where the data are "
            f"registered."
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
        return name if name in ("softmax", "sigmoid", *_BARE) else ""
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


def _build(model: Any, shape: tuple[int, ...], who: str, data: str) -> None:
    try:
        model.build((None, *shape))
    except ValueError as error:
        reason = str(error).strip().splitlines()[0]
        raise WeighinError(
            f"{who} cannot be built for inputs of shape {_written(shape)}, which {data} gives: "
            f"{reason}"
        ) from error


def _written(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
