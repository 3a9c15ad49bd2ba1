"""What each kind of layer does with channels: makes new ones, hands its input's on, or binds them.

One rule for each kind, of one line or two: from the channels of a layer's inputs to those of its
output and those along the axes of its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weighin.core import WeighinError
from weighin.steps._channel_groups import STAYS, ChannelGroups, Channels

Axes = tuple[Channels | None, ...]  # of one weight: the channels along each axis, None for others
Handed = tuple[Channels, Sequence[Axes]]  # a layer's output channels, and the axes of its weights


def hand_on(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    """Follow the channels of a layer's inputs through it.

    Args:
        layer: a Keras layer.
        inputs: the channels of each of its inputs.
        groups: of the model; learns which channels are made, bound to others, or must stay.

    Raises:
        WeighinError: if it is of no known kind, or does what its kind's rule does not cover.
    """
    kind = type(layer).__name__
    of_input = all((channels == STAYS).all() for channels in inputs)
    if of_input and (kind == "Normalization" or not layer.weights):  # it only prepares the input
        return np.full(layer.output_shape[-1], STAYS), [()] * len(layer.weights)
    if kind not in RULES:
        raise refusal(layer, "is of a kind that is not known here")
    return RULES[kind](layer, inputs, groups)


def refusal(layer: Any, because: str) -> WeighinError:
    """Why a layer, and with it its model, cannot be narrowed."""
    return WeighinError(
        f"Layer {layer.name!r} ({type(layer).__name__}) {because}, so this model cannot be "
        f"narrowed. Supported, each called once, channels last: {', '.join(RULES)}."
    )


def _kernel(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    if getattr(layer, "groups", 1) != 1:
        raise refusal(layer, f"convolves in {layer.groups} groups")
    outputs = groups.make(layer.kernel)
    others = (None,) * (len(layer.kernel.shape) - 2)
    return outputs, [(*others, inputs[0], outputs), (outputs,)][: len(layer.weights)]


def _depthwise(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    out = np.repeat(inputs[0], layer.depth_multiplier)
    return out, [(None, None, inputs[0], None), (out,)][: len(layer.weights)]


def _separable(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    between = np.repeat(inputs[0], layer.depth_multiplier)
    outputs = groups.make(layer.pointwise_kernel)
    axes = [(None, None, inputs[0], None), (None, None, between, outputs), (outputs,)]
    return outputs, axes[: len(layer.weights)]


def _normalization(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    if list(layer.axis) != [len(layer.output_shape) - 1]:
        raise refusal(layer, "normalizes another axis than the last")
    return inputs[0], [(inputs[0],)] * len(layer.weights)


def _same(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    return inputs[0], ()


def _mixed(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    return groups.retain(inputs[0]), ()


def _coupled(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    if len({len(channels) for channels in inputs}) != 1:
        raise refusal(layer, "spreads one channel over many")
    groups.couples += [(inputs[0], other) for other in inputs[1:]]
    return inputs[0], ()


def _joined(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    if layer.axis not in (-1, len(layer.output_shape) - 1):
        raise refusal(layer, "joins along another axis than the last")
    return np.concatenate(inputs), ()


def _flattened(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    return np.tile(inputs[0], layer.output_shape[-1] // len(inputs[0])), ()


def _reshaped(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    before, after = (
        [size for size in shape[1:] if size != 1]
        for shape in (layer.input_shape, layer.output_shape)
    )
    if before != after or layer.input_shape[-1] != layer.output_shape[-1]:
        raise refusal(layer, "does more than to add or drop dimensions of 1 before the last")
    return inputs[0], ()


Rule = Callable[[Any, list[Channels], ChannelGroups], Handed]
RULES: dict[str, Rule] = {
    "Conv2D": _kernel,
    "Dense": _kernel,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "BatchNormalization": _normalization,
    "Flatten": _flattened,
    "Reshape": _reshaped,
    "Concatenate": _joined,
    "Softmax": _mixed,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _coupled),
    **dict.fromkeys(
        (
            *("Activation", "ReLU", "LeakyReLU", "ELU"),
            *("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout"),
            *("MaxPooling2D", "AveragePooling2D"),
            *("GlobalMaxPooling2D", "GlobalAveragePooling2D"),
            *("ZeroPadding2D", "Cropping2D", "UpSampling2D"),
        ),
        _same,
    ),
}
