"""What each kind of layer does with channels: makes new ones, hands its input's on, or binds them.

One rule for each kind, of one line or two: from the channels of a layer's inputs to those of its
output and those along the axes of its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weighin.core import WeighinError
from weighin.frameworks import toolkit
from weighin.frameworks.process import tensorflow
from weighin.steps._channel_groups import STAYS, ChannelGroups, Channels

Axes = tuple[Channels | None, ...]  # of one weight: the channels along each axis, None for others
Handed = tuple[Channels, Sequence[Axes]]  # a layer's output channels, and the axes of its weights


def staying(tensor: Any) -> Channels:
    """Channels of a tensor of which none may go; one, if it is not known how many it has."""
    return np.full(tensor.shape[-1] or 1, STAYS)


def hand_on(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    """Follow the channels of a layer's inputs through it.

    What no rule covers stays as it is, and so do the channels that it is given.

    Args:
        layer: a Keras layer.
        inputs: the channels of each of its inputs.
        groups: of the model; learns which channels are made, bound to others, or must stay.

    Raises:
        WeighinError: if it does what its kind's rule does not cover.
    """
    kind = type(layer).__name__
    of_input = all((channels == STAYS).all() for channels in inputs)
    if of_input and (kind == "Normalization" or not layer.weights):  # it only prepares the input
        return _unchanged(layer, inputs, groups)
    if kind == "TFOpLambda":
        return _operator(layer, inputs, groups)
    if _takes_constants(layer):
        return _unchanged(layer, inputs, groups)
    return RULES.get(kind, _unchanged)(layer, inputs, groups)


def refusal(layer: Any, because: str) -> WeighinError:
    """Why a layer, and with it its model, cannot be narrowed."""
    return WeighinError(
        f"Layer {layer.name!r} ({type(layer).__name__}) {because}, so this model cannot be "
        f"narrowed. Channels are followed through convolutions, dense layers and what scales, "
        f"pools, joins or reshapes between them, called once, channels last. Replace the layer, "
        f"or leave out channels for this model."
    )


def _unchanged(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    for channels in inputs:
        groups.retain(channels)
    if any((channels != STAYS).any() for channels in inputs):
        groups.holding.append(layer)
    return staying(tensorflow().nest.flatten(layer.output)[0]), [()] * len(layer.weights)


def _takes_constants(layer: Any) -> bool:
    (node,) = layer.inbound_nodes
    given = tensorflow().nest.flatten((node.call_args, list(node.call_kwargs.values())))
    return any(hasattr(value, "shape") and not hasattr(value, "_keras_history") for value in given)


def _kernel(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    if getattr(layer, "groups", 1) != 1:
        raise refusal(layer, f"convolves in {layer.groups} groups")
    outputs = groups.make(layer.kernel.numpy())
    others = (None,) * (len(layer.kernel.shape) - 2)
    return outputs, [(*others, inputs[0], outputs), (outputs,)][: len(layer.weights)]


def _transposed(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    outputs = groups.make(np.swapaxes(layer.kernel.numpy(), -1, -2))  # it has its outputs first
    others = (None,) * (len(layer.kernel.shape) - 2)
    return outputs, [(*others, outputs, inputs[0]), (outputs,)][: len(layer.weights)]


def _depthwise(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    out = np.repeat(inputs[0], layer.depth_multiplier)
    others = (None,) * (len(layer.depthwise_kernel.shape) - 2)
    return out, [(*others, inputs[0], None), (out,)][: len(layer.weights)]


def _separable(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    between = np.repeat(inputs[0], layer.depth_multiplier)
    outputs = groups.make(layer.pointwise_kernel.numpy())
    others = (None,) * (len(layer.pointwise_kernel.shape) - 2)
    axes = [(*others, inputs[0], None), (*others, between, outputs), (outputs,)]
    return outputs, axes[: len(layer.weights)]


def _timed(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    """The same layer at every step of a sequence: its channels are those of the layer inside."""
    rule = RULES.get(type(layer.layer).__name__)
    if rule not in (_kernel, _transposed, _depthwise, _separable, _same):
        return _unchanged(layer, inputs, groups)
    return rule(layer.layer, inputs, groups)


def _recurrent(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    """It keeps its units, which speak to one another; the channels that it is given may go."""
    if len(inputs) != 1:  # it begins with states from elsewhere
        return _unchanged(layer, inputs, groups)
    cells = _cells(layer)
    if cells is None:
        return _unchanged(layer, inputs, groups)
    kernels = {id(cell.kernel) for cell in cells}
    axes: list[Axes] = [(inputs[0], None) if id(w) in kernels else () for w in layer.weights]
    return staying(tensorflow().nest.flatten(layer.output)[0]), axes


def _cells(layer: Any) -> list[Any] | None:
    """The cells of a recurrent layer, or of both directions; None if a kind is not known."""
    cells = [way.cell for way in toolkit.unwrapped(layer)]
    known = all(type(cell).__name__ in RECURRENT_CELLS for cell in cells)
    return cells if known else None


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
    before, after = len(inputs[0]), layer.output_shape[-1]
    if after % before:  # it splits the channels of a place
        return _unchanged(layer, inputs, groups)
    return np.tile(inputs[0], after // before), ()


def _permuted(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    moved = layer.dims[-1] != len(layer.dims)
    return _unchanged(layer, inputs, groups) if moved else (inputs[0], ())


def _rescaled(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    is_one = np.size(layer.scale) == np.size(layer.offset) == 1  # for all channels
    return (inputs[0], ()) if is_one else _unchanged(layer, inputs, groups)


def _operator(layer: Any, inputs: list[Channels], groups: ChannelGroups) -> Handed:
    """An operator of `tf.`: of one tensor or two as wide, and of numbers that are for all channels.

    The layer's configuration holds its name, its only call what it is called on.
    """
    (node,) = layer.inbound_nodes
    operator = str(layer.get_config()["function"]).rsplit(".", 1)[-1]
    given = [*node.call_args, *node.call_kwargs.values()]
    numbers = [value for value in given if not hasattr(value, "_keras_history")]
    is_plain = len({len(channels) for channels in inputs}) == 1 and not any(
        isinstance(number, (list, tuple, dict)) or np.size(number) != 1 for number in numbers
    )
    tensors_wanted = (1,) if operator in ONE_TENSOR else (1, 2) if operator in TWO_TENSORS else ()
    if not is_plain or len(inputs) not in tensors_wanted:
        return _unchanged(layer, inputs, groups)
    return _coupled(layer, inputs, groups)


# What `_recurrent` knows: a kernel by which the input is multiplied, and what concerns the states
RECURRENT_CELLS = {"LSTMCell", "GRUCell", "SimpleRNNCell"}

# The last part of the names of `tf.` operators that work on each channel alone
TWO_TENSORS = {
    *("add", "subtract", "multiply", "truediv", "divide", "maximum", "minimum"),
}
ONE_TENSOR = {
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "softplus"),
    *("sigmoid", "hard_sigmoid", "tanh", "abs", "square", "sqrt", "exp", "negative", "neg"),
    *("clip_by_value", "clip", "identity", "stop_gradient"),
}

Rule = Callable[[Any, list[Channels], ChannelGroups], Handed]
RULES: dict[str, Rule] = {
    "Conv2D": _kernel,
    "Dense": _kernel,
    "Conv1D": _kernel,
    "Conv3D": _kernel,
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _transposed),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _depthwise),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _separable),
    "TimeDistributed": _timed,
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "Bidirectional"), _recurrent),
    "BatchNormalization": _normalization,
    "Flatten": _flattened,
    "Reshape": _reshaped,
    "Permute": _permuted,
    "Rescaling": _rescaled,
    "Concatenate": _joined,
    "Softmax": _mixed,
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _coupled),
    **dict.fromkeys(
        (
            *("Activation", "ReLU", "LeakyReLU", "ELU", "RepeatVector"),
            *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
            *("GaussianNoise", "GaussianDropout"),
            *(
                f"{kind}{rank}D"
                for rank in (1, 2, 3)
                for kind in (
                    *("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling"),
                    *("ZeroPadding", "Cropping", "UpSampling"),
                )
            ),
        ),
        _same,
    ),
}
