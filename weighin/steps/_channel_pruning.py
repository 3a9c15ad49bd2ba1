"""A Keras model with fewer channels: followed through the model, chosen, and cut from every weight.

The last axis of every tensor is a row of channels, and every channel has a number. A layer with a
kernel makes new ones, other layers hand theirs on, an addition couples them. So one line or two
say of a kind of layer all that is needed, and every weight is cut by the channels along its axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.frameworks.process import tensorflow
from weighin.steps._channel_groups import ChannelGroups, Channels
from weighin.steps._channel_rules import Axes, hand_on, refusal, staying

# Activations that answer for each channel alone. A softmax does not: its layer stays as wide.
ELEMENTWISE = {
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "mish"),
    *("tanh", "sigmoid", "hard_sigmoid", "softplus", "softsign", "exponential"),
}


# Kinds of layers that have a width, and are not narrowed: their channels work on one another.
KEEPING = ("Bidirectional", "Embedding", "GRU", "LSTM", "MultiHeadAttention", "SimpleRNN")


def narrow(model: Any, width_after: Callable[[int], int], order: int = 2) -> Any:
    """Remove the output channels whose kernels have the smallest norm, physically.

    Layers whose outputs are added up lose the same channels, by the sum of their norms. What would
    narrow the model's input or output stays as wide as it is, and so does a layer that is coupled
    to a part of another. Recurrent layers and attention keep their units, embeddings their width.
    Depthwise kernels and batch normalizations follow the layer before them
    and have no say. Where a removed channel answers 0 anyway, the model answers as before.

    Source: Li et al. 2017, "Pruning Filters for Efficient ConvNets", by the L1 norm.

    Args:
        model: a built `Sequential` or functional Keras model, channels last; it is left as it is.
        width_after: from a layer's width to the width it is to have, at least 1.
        order: of the norm, 1 or 2.

    Returns:
        A new model of the same layers, names and types, not compiled.

    Raises:
        WeighinError: naming a layer that cannot be narrowed, or if nothing would be removed.
    """
    groups = ChannelGroups()
    cuts = _trace(model, groups)
    keep = groups.kept(width_after, order)
    if keep.all():
        held = [f"{layer.name!r} ({type(layer).__name__})" for layer in groups.holding]
        before = f", or stands before {', '.join(held)}," if held else ""
        raise WeighinError(
            f"No channel of model {model.name!r} is removed: of every layer that is not bound to "
            f"the model's input or output{before} it would be less than one.{_keeping(model)} "
            f"Remove a larger share, or leave out channels for this model."
        )
    config = model.get_config()
    for entry in config["layers"]:
        if entry["config"]["name"] in cuts:
            cuts[entry["config"]["name"]].resize(entry["config"], keep)
    smaller = type(model).from_config(config)
    for layer in smaller.layers:
        if layer.name in cuts:
            layer.set_weights(cuts[layer.name].weights(keep))
    return smaller


def _keeping(model: Any) -> str:
    """Which kinds of layers of a model are never narrowed, though they have a width."""
    kinds = {type(layer).__name__ for layer in model.layers} & set(KEEPING)
    return f" {', '.join(sorted(kinds))} layers keep their units." if kinds else ""


@dataclass(frozen=True)
class _Cut:
    """What is known of a layer: its output's channels, and those along its weights' axes."""

    layer: Any
    out: Channels
    axes: Sequence[Axes]

    def resize(self, config: dict[str, Any], keep: npt.NDArray[np.bool_]) -> None:
        """Write the new width into the layer's configuration, if it has one."""
        width = int(keep[self.out].sum())
        if width < len(self.out):
            inner = config["layer"]["config"] if "layer" in config else config  # TimeDistributed
            for key in {"filters", "units"} & set(inner):
                inner[key] = width
            if "target_shape" in config:
                places = (size or -1 for size in self.layer.output_shape[1:-1])
                config["target_shape"] = (*places, width)

    def weights(self, keep: npt.NDArray[np.bool_]) -> list[npt.NDArray[Any]]:
        """The layer's weights without what is not kept."""
        cut = []
        for weight, axes in zip(self.layer.get_weights(), self.axes, strict=True):
            for axis, channels in enumerate(axes):
                if channels is not None:
                    weight = weight[(slice(None),) * axis + (keep[channels],)]
            cut.append(weight)
        return cut


def _trace(model: Any, groups: ChannelGroups) -> dict[str, _Cut]:
    """Follow the channels through a model, from the inputs to the outputs."""
    if type(model).__name__ not in ("Sequential", "Functional"):
        raise WeighinError(
            f"Model {model.name!r} is no Sequential or functional model: only such a graph can be "
            f"followed and narrowed."
        )
    flatten = tensorflow().nest.flatten
    known = {id(tensor): staying(tensor) for tensor in model.inputs}
    cuts = {}
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        if len(layer.inbound_nodes) != 1:
            raise refusal(layer, "is called more than once")
        within = getattr(layer, "layer", layer)  # TimeDistributed
        if getattr(within, "data_format", None) == "channels_first":
            raise refusal(layer, "has its channels first")
        inputs = flatten(layer.inbound_nodes[0].keras_inputs)
        out, axes = hand_on(layer, [known[id(tensor)] for tensor in inputs], groups)
        activation = getattr(within, "activation", None)
        if activation is not None and getattr(activation, "__name__", "") not in ELEMENTWISE:
            groups.retain(out)
        outputs = flatten(layer.output)
        known |= {id(tensor): staying(tensor) for tensor in outputs[1:]}
        known[id(outputs[0])] = out
        cuts[layer.name] = _Cut(layer, out, axes)
    for output in model.outputs:
        groups.retain(known[id(output)])
    return cuts
