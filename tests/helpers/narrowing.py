"""Run by test_channel_pruning.py in its own process: narrows real Keras models, prints what it saw.

Nets are put together by `Net`, which knows of every layer which channels are to be silent: their
kernels, biases and what normalizes them are zero. Those are the ones that must go, and without
them the model must answer as before.
"""

from __future__ import annotations

import json
import tempfile
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighin import registry
from weighin.core import WeighinError
from weighin.frameworks import process, tf_keras
from weighin.steps import _channel_pruning

SPARED = ("depthwise_kernel", "gamma", "moving_variance")  # of a silent channel, any value will do


def half(width: int) -> int:
    """What is left of a layer: half of it, but one channel at least."""
    return max(1, width // 2)


@dataclass(frozen=True)
class Wire:
    """A tensor of a net.

    Attributes:
        silent: which of its channels are; None where all must stay.
        whole: whether each channel is one layer's own, so that another layer can be coupled.
    """

    tensor: Any
    silent: tuple[int, ...] | None = None
    whole: bool = True

    @property
    def width(self) -> int:
        """How many channels it has."""
        return int(self.tensor.shape[-1])


@dataclass
class Net:
    """A functional model in the making.

    Attributes:
        silent: of each layer the channels that are to be silent.
        widths: of each layer with a width of its own, what is to be left of it.
    """

    seed: int = 0
    silent: dict[str, tuple[int, ...]] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with fresh layer names."""
        process.keras().backend.clear_session()
        self.layers = process.keras().layers
        self.generator = np.random.default_rng(self.seed)

    def input(self, *shape: int, dtype: str = "float32") -> Wire:
        """The model's input, of which no channel may go."""
        self.entry = self.layers.Input(shape, dtype=dtype)
        return Wire(self.entry)

    def make(
        self, kind: str, x: Wire, width: int, *, like: Wire | None = None, **more: Any
    ) -> Wire:
        """A layer that makes channels; silent are any half of them, or those that `like` has."""
        sizes = {} if kind == "Dense" else {"kernel_size": 3, "padding": "same"}
        layer = getattr(self.layers, kind)(width, **(sizes | more))
        chosen = self.generator.permutation(width)[: width - half(width)]
        silent = tuple(sorted(chosen.tolist())) if like is None else like.silent
        self.silent[layer.name] = silent or ()
        self.widths[layer.name] = width - len(silent or ())
        return Wire(layer(x.tensor), silent)

    def same(self, kind: str, x: Wire, *words: Any, **more: Any) -> Wire:
        """A layer that hands its channels on."""
        layer = getattr(self.layers, kind)(*words, **more)
        self.silent[layer.name] = x.silent or ()
        return Wire(layer(x.tensor), x.silent, x.whole)

    def timed(self, kind: str, x: Wire, width: int, **more: Any) -> Wire:
        """A layer that makes channels, at every step of a sequence."""
        layer = self.layers.TimeDistributed(getattr(self.layers, kind)(width, **more))
        chosen = self.generator.permutation(width)[: width - half(width)]
        self.silent[layer.name] = tuple(sorted(chosen.tolist()))
        self.widths[layer.name] = half(width)
        return Wire(layer(x.tensor), self.silent[layer.name])

    def passing(self, kind: str, x: Wire, *words: Any, **more: Any) -> Wire:
        """A layer that stays as wide as it is, whatever it is given."""
        layer = getattr(self.layers, kind)(*words, **more)
        self.widths |= {layer.name: width} if (width := width_of(layer)) else {}
        return Wire(layer(x.tensor))

    def depthwise(self, x: Wire, multiplier: int = 1, rank: int = 2) -> Wire:
        """A layer that makes one channel, or several, of each."""
        kind = getattr(self.layers, f"DepthwiseConv{rank}D")
        layer = kind(3, padding="same", depth_multiplier=multiplier)
        silent = tuple(c * multiplier + n for c in x.silent or () for n in range(multiplier))
        self.silent[layer.name] = silent
        return Wire(layer(x.tensor), silent, x.whole and multiplier == 1)

    def merge(self, kind: str, *wires: Wire) -> Wire:
        """A layer that adds up, or the like."""
        return Wire(getattr(self.layers, kind)()([x.tensor for x in wires]), wires[0].silent)

    def concatenate(self, *wires: Wire) -> Wire:
        """All channels side by side."""
        starts = np.cumsum([0, *(x.width for x in wires)]).tolist()
        silent = [s + c for s, x in zip(starts, wires, strict=False) for c in x.silent or ()]
        return Wire(self.layers.Concatenate()([x.tensor for x in wires]), tuple(silent), False)

    def flatten(self, x: Wire) -> Wire:
        """Every place's channels side by side."""
        flat = self.layers.Flatten()(x.tensor)
        places = range(0, flat.shape[-1], x.width)
        return Wire(flat, tuple(place + c for place in places for c in x.silent or ()), False)

    def finish(self, x: Wire, *more: Wire) -> Any:
        """The model, its last layers as wide as the classes, its weights random or silent."""
        last = [
            self.make("Dense", wire, 4, like=Wire(None), activation="softmax").tensor
            for wire in (x, *more)
        ]
        model = process.keras().Model(self.entry, last if more else last[0])
        for layer in model.layers:
            values = []
            for weight in layer.weights:
                is_scale = "gamma" in weight.name or "variance" in weight.name
                low, high = (0.5, 1.5) if is_scale else (-0.8, 0.8)
                value = np.asarray(self.generator.uniform(low, high, weight.shape))
                silent = list(self.silent.get(layer.name, ()))
                if silent and not any(word in weight.name for word in SPARED):
                    turned = "Transpose" in type(layer).__name__ and value.ndim > 1
                    (value.swapaxes(-1, -2) if turned else value)[..., silent] = 0
                values.append(value)
            layer.set_weights(values)
        return model


# Nets that must answer the same


def sequential_convolutions(net: Net) -> Any:
    x = net.make("Conv2D", net.input(8, 8, 1), 6, activation="relu")
    x = net.same("Dropout", net.same("MaxPooling2D", x), 0.2)
    x = net.make("Conv2D", x, 8, use_bias=False)
    x = net.same("Activation", net.same("BatchNormalization", x), "relu")
    x = net.flatten(net.same("AveragePooling2D", x))
    return net.finish(net.make("Dense", x, 10, activation="tanh"))


def dense_only(net: Net) -> Any:
    x = net.same("LeakyReLU", net.make("Dense", net.flatten(net.input(5, 5, 1)), 12))
    return net.finish(net.make("Dense", x, 7, activation="relu"))


def residual(net: Net) -> Any:
    """ResNet in small: an identity, and a projection where width and stride change."""
    x = net.same("ReLU", net.same("BatchNormalization", net.make("Conv2D", net.input(8, 8, 3), 8)))
    y = net.same("ReLU", net.same("BatchNormalization", net.make("Conv2D", x, 6)))
    y = net.same("BatchNormalization", net.make("Conv2D", y, 8, like=x))
    x = net.same("ReLU", net.merge("Add", x, y))
    y = net.same("ReLU", net.same("BatchNormalization", net.make("Conv2D", x, 10, strides=2)))
    y = net.same("BatchNormalization", net.make("Conv2D", y, 12))
    x = net.make("Conv2D", x, 12, like=y, kernel_size=1, strides=2)
    x = net.same("ReLU", net.merge("Add", x, y))
    return net.finish(net.same("GlobalAveragePooling2D", x))


def inception(net: Net) -> Any:
    x = net.make("Conv2D", net.input(6, 6, 3), 6, activation="relu")
    wide = net.same("ReLU", net.make("Conv2D", x, 5))
    pool = net.make("Conv2D", net.same("MaxPooling2D", x, 3, 1, "same"), 4, kernel_size=1)
    x = net.same("BatchNormalization", net.concatenate(wide, x, pool, wide))
    return net.finish(net.flatten(net.make("Conv2D", x, 6, activation="elu")))


def mobile(net: Net) -> Any:
    """An inverted residual as in MobileNetV2, depth multipliers, MobileNet's kept dimensions."""
    x = net.same("ZeroPadding2D", net.input(7, 7, 3), ((0, 1), (0, 1)))
    x = net.make("Conv2D", x, 6, strides=2)
    y = net.same("ReLU", net.same("BatchNormalization", net.make("Conv2D", x, 12)), 6.0)
    y = net.same("ReLU", net.same("BatchNormalization", net.depthwise(y)), 6.0)
    x = net.merge("Add", x, net.make("Conv2D", y, 6, like=x, kernel_size=1))
    x = net.make("SeparableConv2D", net.depthwise(x, 2), 9, depth_multiplier=2)
    x = net.same("GlobalMaxPooling2D", net.same("UpSampling2D", x), keepdims=True)
    return net.finish(net.same("Reshape", net.make("Conv2D", x, 5), (5,)))


def squeeze_excite(net: Net) -> Any:
    """EfficientNet's scaled input, and channels multiplied by what was squeezed out of them."""
    x = net.input(6, 6, 3)
    x = Wire(net.layers.Normalization()(net.layers.Rescaling(2.0)(x.tensor)))
    x = net.make("Conv2D", x, 8, activation="swish")
    y = net.same("Reshape", net.same("GlobalAveragePooling2D", x), (1, 1, 8))
    y = net.make("Conv2D", net.make("Conv2D", y, 3), 8, like=x, activation="sigmoid")
    return net.finish(net.flatten(net.merge("Multiply", x, y)))


def what_must_stay(net: Net) -> Any:
    """Nothing goes of what is added to the input, weighed by a softmax or coupled in part."""
    stays = Wire(None)
    x = net.same("Reshape", net.input(6, 18), (6, 6, 3))
    x = net.merge("Add", x, net.make("Conv2D", x, 3, like=stays))
    x = net.make("Conv2D", net.same("Softmax", net.make("Conv2D", x, 6, like=stays)), 7)
    x = net.make("Conv2D", x, 4, like=stays, activation="softmax")
    y = net.concatenate(*(net.make("Conv2D", x, width, like=stays) for width in (4, 2)))
    x = net.merge("Add", y, net.make("Conv2D", x, 6, like=stays))
    x = net.depthwise(net.make("Conv2D", x, 4, like=stays), 2)
    x = net.merge("Maximum", net.make("Conv2D", x, 8, like=stays), x)
    return net.finish(net.same("GlobalAveragePooling2D", x))


def decoder(net: Net) -> Any:
    """Transposed convolutions; channels handed on by a permutation, a scale, merged places."""
    x = net.make("Conv2D", net.input(8, 6, 2), 6, strides=2, activation="relu")
    x = net.same("BatchNormalization", net.make("Conv2DTranspose", x, 8, strides=2))
    x = net.same("Rescaling", net.same("Permute", x, (2, 1, 3)), 0.5)
    x = net.make("Conv2DTranspose", x, 6, use_bias=False)
    x = net.make("Conv1D", net.same("Reshape", x, (48, 6)), 5)
    silent = tuple(place * 5 + c for place in range(4) for c in x.silent or ())
    x = Wire(net.layers.Reshape((12, 20))(x.tensor), silent, False)
    return net.finish(net.same("GlobalAveragePooling1D", net.make("Dense", x, 7)))


def operators(net: Net) -> Any:
    """MobileNetV3's hard swish, written with operators, and two tensors added by `+`."""
    x = net.make("Conv2D", net.input(6, 6, 3), 8)
    scale = net.layers.ReLU(6.0)(x.tensor + 3.0) * (1 / 6)
    x = Wire(x.tensor * scale, x.silent)
    y = net.make("Conv2D", x, 8, like=x)
    x = Wire(process.tensorflow().nn.relu(x.tensor + y.tensor), x.silent)
    return net.finish(net.same("GlobalAveragePooling2D", net.make("Conv2D", x, 5)))


def passed_through(net: Net) -> Any:
    """Before layers that no rule covers all channels stay; between others some go."""
    stays, layers = Wire(None), net.layers
    x = net.make("Conv2D", net.input(6, 6, 3), 8, like=stays)
    x = net.make("Conv2D", Wire(layers.LayerNormalization()(x.tensor)), 6, activation="relu")
    x = net.make("Conv2D", x, 8, like=stays)
    x = net.make("Conv2D", Wire(layers.Permute((3, 1, 2))(x.tensor)), 4, like=stays)
    x = net.make("Conv2D", Wire(x.tensor[:, 1:]), 4, like=stays)
    x = net.make(
        "Conv2D", Wire(x.tensor * np.linspace(0.1, 0.4, 4, dtype=np.float32)), 6, like=stays
    )
    x = net.make("Conv2D", Wire(layers.Reshape((7, 6, 2, 3))(x.tensor)[..., 0, :]), 6, like=stays)
    x = Wire(
        layers.Reshape((42, 6))(layers.Rescaling([0.01, 0.02, 0.03, 0.04, 0.05, 0.06])(x.tensor))
    )
    x = net.make("Dense", Wire(layers.MultiHeadAttention(2, 3)(x.tensor, x.tensor)), 5)
    return net.finish(net.same("GlobalMaxPooling1D", x))


def sequences(net: Net) -> Any:
    """Convolutions of one dimension, and what stretches, pads, cuts and pools between them."""
    x = net.make("Conv1D", net.input(12, 3), 6, activation="relu")
    x = net.same("UpSampling1D", net.same("SpatialDropout1D", x, 0.2), 2)
    x = net.make("SeparableConv1D", net.depthwise(x, 2, rank=1), 7, depth_multiplier=2)
    x = net.same("Cropping1D", net.same("ZeroPadding1D", x, (1, 2)), (2, 1))
    x = net.make("Conv1DTranspose", net.same("MaxPooling1D", x), 6, strides=2, activation="relu")
    x = net.make("Conv1DTranspose", net.same("BatchNormalization", x), 4, use_bias=False)
    x = net.make("Conv1D", net.same("AveragePooling1D", x), 8)
    y = net.same("RepeatVector", net.same("GlobalMaxPooling1D", x), 3)
    return net.finish(net.flatten(net.make("Dense", y, 6)))


def volumes(net: Net) -> Any:
    """The same of three dimensions."""
    x = net.make("Conv3D", net.input(6, 6, 6, 2), 6, strides=2, activation="relu")
    x = net.same("UpSampling3D", net.same("SpatialDropout3D", x, 0.2), 2)
    x = net.make("Conv3D", net.same("BatchNormalization", x), 5)
    x = net.same("Cropping3D", net.same("ZeroPadding3D", x, 1), 1)
    x = net.make("Conv3DTranspose", net.same("MaxPooling3D", x), 4, strides=2)
    y = net.make("Conv3D", net.same("AveragePooling3D", x), 6)
    z = net.make("Conv3D", net.same("MaxPooling3D", x), 6, like=y)
    x = net.merge("Add", y, z)
    pooled = [net.same(f"Global{kind}Pooling3D", x) for kind in ("Max", "Average")]
    return net.finish(net.concatenate(*pooled))


def u_net(net: Net) -> Any:
    """Down and up again: what skips a level is concatenated, or added, to what comes up."""
    wide = net.make("Conv2D", net.input(8, 8, 1), 6, activation="relu")
    middle = net.make("Conv2D", net.same("MaxPooling2D", wide), 8, activation="relu")
    deep = net.make("Conv2D", net.same("MaxPooling2D", middle), 10, activation="relu")
    up = net.make("Conv2DTranspose", deep, 8, kernel_size=2, strides=2)
    x = net.make("Conv2D", net.concatenate(middle, up), 8, activation="relu")
    x = net.make("Conv2D", net.same("UpSampling2D", x, interpolation="bilinear"), 6, like=wide)
    x = net.make("Conv2D", net.merge("Add", wide, x), 5, activation="relu")
    return net.finish(x)


def recurrent(net: Net) -> Any:
    """Recurrent layers keep their units; of what they are given half goes."""
    x = net.make("Conv1D", net.input(5, 3), 6, activation="relu")
    x = net.passing("LSTM", x, 4, return_sequences=True)
    x = net.make("Dense", x, 6)
    both = net.layers.GRU(3, return_sequences=True)
    x = net.make("Conv1D", net.passing("Bidirectional", x, both), 8)
    x = net.make("Dense", net.passing("SimpleRNN", x, 5), 6)
    return net.finish(x)


def words(net: Net) -> Any:
    """An embedding keeps its width, attention that of what it is given; between them half goes."""
    x = net.passing("Embedding", net.input(7, dtype="int32"), 20, 6)
    x = net.make("Dense", net.make("Conv1D", x, 8), 6, like=Wire(None))
    x = Wire(net.layers.MultiHeadAttention(2, 3)(x.tensor, x.tensor))
    return net.finish(net.same("GlobalAveragePooling1D", net.make("Dense", x, 8)))


def timed(net: Net) -> Any:
    """The same layer at every step: its channels are followed as those of any other."""
    x = net.timed("Conv2D", net.input(3, 5, 5, 2), 6, kernel_size=3, activation="relu")
    x = net.timed("Conv2D", x, 8, kernel_size=2)
    layer = net.layers.TimeDistributed(net.layers.GlobalMaxPooling2D())
    x = net.timed("Dense", Wire(layer(x.tensor), x.silent), 6, activation="tanh")
    return net.finish(net.same("GlobalAveragePooling1D", x))


def several_outputs(net: Net) -> Any:
    """No channel of any output goes."""
    x = net.make("Dense", net.input(6), 8, activation="relu")
    return net.finish(x, net.make("Dense", x, 6))


def one_channel(net: Net) -> Any:
    x = net.make("Conv2D", net.input(4, 4, 1), 1, like=Wire(None))
    return net.finish(net.flatten(net.make("Conv2D", net.depthwise(x), 2)))


NETS = (
    *(sequential_convolutions, dense_only, residual, inception),
    *(mobile, squeeze_excite, what_must_stay, one_channel),
    *(decoder, operators, passed_through),
    *(sequences, volumes, u_net, recurrent, words, timed, several_outputs),
)
OPERATIONS = (
    *("conv", "separable", "depthwise", "double", "normalize", "relu", "pool"),
    *("add", "project", "branch", "squeeze"),
    *("transposed", "permute", "scale", "reshape", "operator", "plus"),
)


def grow(net: Net, operations: list[tuple[str, int]], flatten: bool) -> Any:
    """A net of any operations in any order."""
    x = net.input(4, 4, 2)
    for name, width in operations:
        if name in ("add", "squeeze") and not x.whole:
            x = net.make("Conv2D", x, width)
        if name == "conv":
            x = net.make("Conv2D", x, width, activation="relu")
        elif name == "separable":
            x = net.make("SeparableConv2D", x, width)
        elif name == "transposed":
            x = net.make("Conv2DTranspose", x, width, strides=2)
        elif name in ("permute", "reshape"):
            height, across = x.tensor.shape[1:3]
            shape = (2, 1, 3) if name == "permute" else (across, height, x.width)
            x = net.same(name.capitalize(), x, shape)
        elif name == "operator":
            x = Wire(process.tensorflow().nn.relu(x.tensor) * 2.0, x.silent, x.whole)
        elif name in ("depthwise", "double"):
            x = net.depthwise(x, 2 if name == "double" else 1) if x.silent is not None else x
        elif name == "plus":
            y = net.make("Conv2D", x, width)
            x = Wire(y.tensor + net.make("Conv2D", x, width, like=y).tensor, y.silent)
        elif name == "add":
            x = net.merge("Add", net.make("Conv2D", x, x.width, like=x), x)
        elif name == "project":
            y = net.make("Conv2D", net.make("Conv2D", x, width + 1), width)
            x = net.merge("Add", net.make("Conv2D", x, width, like=y, kernel_size=1), y)
        elif name == "branch":
            x = net.concatenate(x, net.make("Conv2D", x, width), net.same("ReLU", x))
        elif name == "squeeze":
            y = net.same("GlobalAveragePooling2D", x, keepdims=True)
            x = net.merge("Multiply", x, net.make("Conv2D", y, x.width, like=x, activation="tanh"))
        else:
            kind, words = {
                "normalize": ("BatchNormalization", {}),
                "relu": ("ReLU", {}),
                "pool": ("MaxPooling2D", {"pool_size": 2, "padding": "same"}),
                "scale": ("Rescaling", {"scale": 0.5}),
            }[name]
            x = net.same(kind, x, **words)
    x = net.flatten(x) if flatten else net.same("GlobalAveragePooling2D", x)
    return net.finish(net.make("Dense", x, 5))


def widths(model: Any) -> dict[str, int]:
    """How many channels each layer makes that has a width of its own."""
    found = ((layer.name, width_of(layer)) for layer in model.layers)
    return {name: width for name, width in found if width is not None}


def width_of(layer: Any) -> int | None:
    """How many channels a layer makes, or the one inside it, if it has a width of its own."""
    config = layer.get_config()
    config = config.get("layer", {}).get("config", config)
    return config.get("filters", config.get("units"))


def trial(build: Callable[[Net], Any]) -> dict[str, Any]:
    """Narrow a net, and write and read what is left: how far its answers are from before."""
    seen, smaller, images, before = narrowed(build)
    again = answers(reloaded(smaller), images)
    return seen | {"reloaded": float(np.abs(again - before).max())}


def narrowed(
    build: Callable[[Net], Any], seed: int = 0, order: int = 2
) -> tuple[dict[str, Any], Any, np.ndarray, np.ndarray]:
    """Narrow a net: what is seen of it, the smaller model, images, and the answers before."""
    net = Net(seed)
    model = build(net)
    shape = (5, *model.input_shape[1:])
    if model.inputs[0].dtype.is_integer:
        images = net.generator.integers(0, 20, shape).astype(np.int32)
    else:
        images = net.generator.uniform(-1, 1, shape).astype(np.float32)
    before, was = answers(model, images), [weight.numpy() for weight in model.weights]
    smaller = _channel_pruning.narrow(model, half, order)
    untouched = all(np.array_equal(a, b.numpy()) for a, b in zip(was, model.weights, strict=True))
    seen = {
        "difference": float(np.abs(answers(smaller, images) - before).max()),
        "spread": float(before.std(axis=0).max()),
        "widths": widths(smaller),
        "expected": net.widths,
        "same_layers": [a.name for a in model.layers] == [b.name for b in smaller.layers],
        "untouched": untouched,
        "parameters": [model.count_params(), smaller.count_params()],
    }
    return seen, smaller, images, before


def answers(model: Any, images: np.ndarray) -> np.ndarray:
    """All that a model answers, one row for each image."""
    outputs = process.tensorflow().nest.flatten(model(images))
    return np.concatenate([output.numpy().reshape(len(images), -1) for output in outputs], axis=1)


def reloaded(model: Any) -> Any:
    """A model after it was written and read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        path.write_bytes(tf_keras.serialize(model))
        return tf_keras.read(path)


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(1, 5)), max_size=6),
    st.booleans(),
    st.integers(0, 99),
    st.sampled_from([1, 2]),
)
def any_net(operations: list[tuple[str, int]], flatten: bool, seed: int, order: int) -> None:
    """Whatever a net is made of, it answers the same without its silent channels."""
    seen, *_ = narrowed(lambda net: grow(net, operations, flatten), seed, order)

    assert seen["widths"] == seen["expected"]
    assert seen["difference"] < 1e-5


def fails(function: Callable[[], Any]) -> str:
    """What went wrong, or nothing."""
    try:
        function()
    except BaseException:
        return traceback.format_exc()
    return ""


# What goes, and what cannot be narrowed


def chosen(order: int, *kernels: list[list[float]]) -> list[list[float]]:
    """The kernels (inputs × 2) of dense layers that are added up, without their weaker half."""
    layers = process.keras().layers
    process.keras().backend.clear_session()
    entry = layers.Input((len(kernels[0]),))
    made = [layers.Dense(2, use_bias=False, name=f"d{n}") for n in range(len(kernels))]
    outputs = [layer(entry) for layer in made]
    total = layers.Add()(outputs) if len(outputs) > 1 else outputs[0]
    model = process.keras().Model(entry, layers.Dense(3)(total))
    for layer, kernel in zip(made, kernels, strict=True):
        layer.set_weights([np.array(kernel)])
    smaller = _channel_pruning.narrow(model, half, order)
    return [smaller.get_layer(layer.name).get_weights()[0].ravel().tolist() for layer in made]


def unsupported(layers: Any) -> dict[str, Any]:
    """Layers between two convolutions, as functions from a tensor to a tensor."""
    shared = layers.Conv2D(4, 1, name="shared")
    return {
        "groups": layers.Conv2D(4, 3, groups=2, name="odd"),
        "axis": layers.BatchNormalization(axis=1, name="odd"),
        "channels first": layers.MaxPooling2D(data_format="channels_first", name="odd"),
        "joined": lambda x: layers.Concatenate(axis=1, name="odd")([x, x]),
        "spread": lambda x: layers.Add(name="odd")([x, layers.Conv2D(1, 1)(x)]),
        "shared": lambda x: shared(shared(x)),
        "held": layers.LayerNormalization(name="levelling"),
    }


def refusal(make: Callable[[Any], Any]) -> str:
    """Why a model is not narrowed."""
    keras = process.keras()
    keras.backend.clear_session()
    try:
        _channel_pruning.narrow(make(keras), half)
    except WeighinError as error:
        return str(error)
    return "narrowed"


def with_layer(name: str) -> Callable[[Any], Any]:
    """A model with an unsupported layer."""

    def make(keras: Any) -> Any:
        entry = keras.layers.Input((6, 6, 3))
        x = unsupported(keras.layers)[name](keras.layers.Conv2D(4, 1)(entry))
        return keras.Model(entry, keras.layers.Dense(2)(keras.layers.Flatten()(x)))

    return make


def recurrent_alone(keras: Any) -> Any:
    entry = keras.layers.Input((4, 3))
    x = keras.layers.LayerNormalization(name="levelling")(keras.layers.Dense(6)(entry))
    return keras.Model(entry, keras.layers.Dense(2)(keras.layers.LSTM(8)(x)))


def written(keras: Any) -> Any:
    """A model whose graph is Python code."""
    return type("Written", (keras.Model,), {})(name="written")


def one_layer(keras: Any) -> Any:
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])


def sequential(deferred: bool) -> dict[str, Any]:
    """A sequential model, whose input shape may be known from its first images alone."""
    keras = process.keras()
    keras.backend.clear_session()
    entry = [] if deferred else [keras.layers.Input((6, 6, 1))]
    layers = [keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential([*entry, *layers], name="in_a_row")
    model(np.zeros((1, 6, 6, 1), np.float32))
    smaller = _channel_pruning.narrow(reloaded(model) if deferred else model, half)
    kind, again = type(smaller).__name__, reloaded(smaller)
    return {"kind": kind, "name": again.name, "widths": list(widths(again).values())}


def step(**arguments: Any) -> dict[str, Any]:
    """The registered step on a model of 20 and 10 neurons: what is left, and what was trained."""
    keras, trained = process.keras(), []
    keras.backend.clear_session()
    sizes = (20, 10, 3)
    model = keras.Sequential([keras.layers.Input((6,)), *map(keras.layers.Dense, sizes)])
    trainer = types.SimpleNamespace(fit=trained.append)
    smaller = registry.steps["channels"](model, trainer, **arguments)
    return {
        "widths": list(widths(smaller).values()),
        "trained": [each is smaller for each in trained],
    }


def mobilenet() -> list[int]:
    """Parameters of MobileNetV2 before, of the layers that are left, and its outputs."""
    process.keras().backend.clear_session()
    made = process.keras().applications.MobileNetV2(
        input_shape=(96, 96, 3), alpha=0.35, weights=None, classes=10
    )
    smaller = _channel_pruning.narrow(made, half)
    return [made.count_params(), smaller.count_params(), smaller.output_shape[-1]]


if __name__ == "__main__":
    process.keras().utils.set_random_seed(0)
    left, right = [[1.0, 3.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], [[1.0, 4.0], [0.0, 0.0]]
    seen = {
        "nets": {build.__name__: trial(build) for build in NETS},
        "any net": fails(any_net),
        "chosen": {
            "l2": chosen(2, left),
            "l1": chosen(1, left),
            "coupled": chosen(2, [[5.0, 4.0]], [[1.0, 4.0]]),
            "coupled the other way": chosen(2, [[1.0, 4.0]], [[5.0, 4.0]]),
        },
        "refused": {name: refusal(with_layer(name)) for name in unsupported(process.keras().layers)}
        | {
            "recurrent": refusal(recurrent_alone),
            "written": refusal(written),
            "nothing": refusal(one_layer),
        },
        "sequential": [sequential(deferred) for deferred in (False, True)],
        "steps": [step(fraction=0.3), step(fraction=0.3, multiple=8, norm="l1")],
        "mobilenet": mobilenet(),
    }
    print(json.dumps(seen))  # noqa: T201 - what the test reads
