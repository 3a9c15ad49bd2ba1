"""A Keras model with fewer channels: which hang together, which go, and the smaller model.

The last axis of every tensor is a row of channels, and every channel has a number. A layer with a
kernel makes new ones, other layers hand theirs on, an addition couples them. So one line or two
say of a kind of layer all that is needed, and every weight is cut by the channels along its axes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError

Channels = npt.NDArray[np.intp]
Axes = tuple[Channels | None, ...]  # of one weight: the channels along each axis, None for others
Handed = tuple[Channels, Sequence[Axes]]  # a layer's output channels, and the axes of its weights

STAYS = 0  # the number of all channels that must stay, such as the input's and the output's
# Activations that answer for each channel alone. A softmax does not: its layer stays as wide.
ELEMENTWISE = {
    *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "mish"),
    *("tanh", "sigmoid", "hard_sigmoid", "softplus", "softsign", "exponential"),
}


def narrow(model: Any, width_after: Callable[[int], int], order: int = 2) -> Any:
    """Remove the output channels whose kernels have the smallest norm, physically.

    Layers whose outputs are added up lose the same channels, by the sum of their norms. What would
    narrow the model's input or output stays as wide as it is, and so does a layer that is coupled
    to a part of another. Depthwise kernels and batch normalizations follow the layer before them
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
    web = _Web()
    cuts = _trace(model, web)
    keep = web.kept(width_after, order)
    if keep.all():
        raise WeighinError(
            f"No channel of model {model.name!r} is removed: of every layer that is not bound to "
            f"the model's input or output it would be less than one. Remove a larger share."
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


@dataclass
class _Web:
    """All channels of a model.

    Attributes:
        count: how many numbers are taken.
        made: of each layer with a kernel the channels that it makes, and the kernel as a matrix
            with a column for each of them.
        couples: channels that stay or go together, first with first and so on.
    """

    count: int = STAYS + 1
    made: list[tuple[Channels, npt.NDArray[Any]]] = field(default_factory=list)
    couples: list[tuple[Channels, Channels]] = field(default_factory=list)

    def make(self, kernel: Any) -> Channels:
        """New channels, one for each place along a kernel's last axis."""
        matrix = kernel.numpy().reshape(-1, kernel.shape[-1])
        channels = np.arange(self.count, self.count + matrix.shape[1])
        self.count += len(channels)
        self.made.append((channels, matrix))
        return channels

    def retain(self, channels: Channels) -> Channels:
        """Let none of these go."""
        self.couples.append((channels, np.full_like(channels, STAYS)))
        return channels

    def kept(self, width_after: Callable[[int], int], order: int) -> npt.NDArray[np.bool_]:
        """For every number, whether its channel stays."""
        labels = self._labels()
        groups: dict[tuple[int, ...], Any] = {}  # coupled channels → the norms of each, summed up
        stay = {int(labels[STAYS])}
        for channels, matrix in self.made:
            group, first = np.unique(labels[channels], return_index=True)
            norms = np.linalg.norm(matrix, ord=order, axis=0)[first]
            key = tuple(group.tolist())
            groups[key] = groups.get(key, 0) + norms
            if len(group) < len(channels):  # some are coupled with one another
                stay |= set(key)
        shared = Counter(label for key in groups for label in key)
        stay |= {label for label, count in shared.items() if count > 1}
        gone: list[int] = []
        for key, norms in groups.items():
            if stay.isdisjoint(key):
                weakest = np.argsort(norms, kind="stable")[: len(key) - width_after(len(key))]
                gone += np.array(key)[weakest].tolist()
        return ~np.isin(labels, gone)

    def _labels(self) -> npt.NDArray[np.int32]:
        """For every number, one that it shares with those that are coupled with it."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        ends = tuple(np.concatenate(side) for side in zip(*self.couples, strict=True))
        links = coo_array((np.ones(len(ends[0])), ends), shape=(self.count, self.count))
        labels: npt.NDArray[np.int32] = connected_components(links, directed=False)[1]
        return labels


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
            for key in {"filters", "units"} & set(config):
                config[key] = width
            if "target_shape" in config:
                config["target_shape"] = (*self.layer.output_shape[1:-1], width)

    def weights(self, keep: npt.NDArray[np.bool_]) -> list[npt.NDArray[Any]]:
        """The layer's weights without what is not kept."""
        cut = []
        for weight, axes in zip(self.layer.get_weights(), self.axes, strict=True):
            for axis, channels in enumerate(axes):
                if channels is not None:
                    weight = weight[(slice(None),) * axis + (keep[channels],)]
            cut.append(weight)
        return cut


def _trace(model: Any, web: _Web) -> dict[str, _Cut]:
    """Follow the channels through a model, from the input to the output."""
    if type(model).__name__ not in ("Sequential", "Functional") or len(model.outputs) != 1:
        raise WeighinError(
            f"Model {model.name!r} is no Sequential or functional model of one output: only such "
            f"a graph can be followed and narrowed."
        )
    known = {id(tensor): np.full(tensor.shape[-1], STAYS) for tensor in model.inputs}
    cuts = {}
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        if len(layer.inbound_nodes) != 1:
            raise _refusal(layer, "is called more than once")
        if getattr(layer, "data_format", None) == "channels_first":
            raise _refusal(layer, "has its channels first")
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        out, axes = _hand_on(layer, [known[id(tensor)] for tensor in inputs], web)
        activation = getattr(layer, "activation", None)
        if activation is not None and getattr(activation, "__name__", "") not in ELEMENTWISE:
            web.retain(out)
        known[id(layer.output)] = out
        cuts[layer.name] = _Cut(layer, out, axes)
    web.retain(known[id(model.outputs[0])])
    return cuts


def _hand_on(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    kind = type(layer).__name__
    of_input = all((each == STAYS).all() for each in inputs)
    if of_input and (kind == "Normalization" or not layer.weights):  # it only prepares the input
        return np.full(layer.output_shape[-1], STAYS), [()] * len(layer.weights)
    if kind not in RULES:
        raise _refusal(layer, "is of a kind that is not known here")
    return RULES[kind](layer, inputs, web)


def _refusal(layer: Any, because: str) -> WeighinError:
    return WeighinError(
        f"Layer {layer.name!r} ({type(layer).__name__}) {because}, so this model cannot be "
        f"narrowed. Supported, each called once, channels last: {', '.join(RULES)}."
    )


def _kernel(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    if getattr(layer, "groups", 1) != 1:
        raise _refusal(layer, f"convolves in {layer.groups} groups")
    made = web.make(layer.kernel)
    others = (None,) * (len(layer.kernel.shape) - 2)
    return made, [(*others, inputs[0], made), (made,)][: len(layer.weights)]


def _depthwise(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    out = np.repeat(inputs[0], layer.depth_multiplier)
    return out, [(None, None, inputs[0], None), (out,)][: len(layer.weights)]


def _separable(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    between = np.repeat(inputs[0], layer.depth_multiplier)
    made = web.make(layer.pointwise_kernel)
    axes = [(None, None, inputs[0], None), (None, None, between, made), (made,)]
    return made, axes[: len(layer.weights)]


def _normalization(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    if list(layer.axis) != [len(layer.output_shape) - 1]:
        raise _refusal(layer, "normalizes another axis than the last")
    return inputs[0], [(inputs[0],)] * len(layer.weights)


def _same(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    return inputs[0], ()


def _mixed(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    return web.retain(inputs[0]), ()


def _coupled(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    if len({len(each) for each in inputs}) != 1:
        raise _refusal(layer, "spreads one channel over many")
    web.couples += [(inputs[0], other) for other in inputs[1:]]
    return inputs[0], ()


def _joined(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    if layer.axis not in (-1, len(layer.output_shape) - 1):
        raise _refusal(layer, "joins along another axis than the last")
    return np.concatenate(inputs), ()


def _flattened(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    return np.tile(inputs[0], layer.output_shape[-1] // len(inputs[0])), ()


def _reshaped(layer: Any, inputs: list[Channels], web: _Web) -> Handed:
    before, after = (
        [size for size in shape[1:] if size != 1]
        for shape in (layer.input_shape, layer.output_shape)
    )
    if before != after or layer.input_shape[-1] != layer.output_shape[-1]:
        raise _refusal(layer, "does more than to add or drop dimensions of 1 before the last")
    return inputs[0], ()


Rule = Callable[[Any, list[Channels], _Web], Handed]
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
