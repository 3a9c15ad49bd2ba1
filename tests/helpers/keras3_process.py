"""What moving models of Keras 3, and converting others directly, gives: for a child process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from helpers import direct_process
from helpers.direct_process import refused
from helpers.tiny import tiny_arrays

from weighin.datasets.loading import from_arrays
from weighin.frameworks import direct, heads, keras3, loading, process


def layers() -> Any:
    """Keras 3's."""
    return keras3.module().layers


def stacked(*inside: Any, shape: tuple[int, ...] = (6, 4)) -> Any:
    """A Sequential of Keras 3 whose weights are not as they were drawn."""
    model = keras3.module().Sequential([layers().Input(shape), *inside])
    generator = np.random.default_rng(1)
    for layer in model.layers:
        weights = layer.get_weights()
        if type(layer).__name__ != "Normalization":
            layer.set_weights([w + generator.uniform(0, 0.3, w.shape) for w in weights])
    return model


def adapted() -> Any:
    """Normalization that has learned from data."""
    layer = layers().Normalization()
    layer.adapt(np.random.default_rng(2).random((50, 6, 4)))
    return layer


def several() -> Any:
    """Two inputs, a model inside, a layer used twice, operators, and two outputs by name."""
    k, made = layers(), keras3.module().Model
    left, right = k.Input((6, 4), name="left"), k.Input((6, 4), name="right")
    twice = k.Dense(4, "tanh", name="twice")
    inner = stacked(k.Dense(5, "relu"), k.GroupNormalization(5, name="groups"))
    inner.name = "inner"
    x = inner(twice(left)) * 2.0 - 1
    y = inner(twice(right))
    x = k.Flatten()(k.MultiHeadAttention(2, 3, name="attention")(x, y))
    y = keras3.module().ops.relu(k.Flatten()(y))
    outputs = {"a": k.Dense(2, name="one")(x), "b": k.Softmax(name="two")(k.Dense(3)(y))}
    return made([left, right], outputs, name="several")


def keyed() -> Any:
    """Inputs by keys that are not their names, given in another order."""
    k = layers()
    first, second = k.Input((6, 4), name="z"), k.Input((6, 4), name="a")
    x = k.Concatenate()([first, k.Dense(4)(second)])
    return keras3.module().Model({"b": first, "c": second}, k.Dense(3)(x), name="keyed")


def hard() -> Any:
    """Activations that Keras 2 does not have, or has otherwise."""
    k = layers()
    x = image = k.Input((6, 4))
    for name in ("hard_silu", "hard_sigmoid"):
        x = k.Activation(name)(k.Dense(4)(x))
    return keras3.module().Model(image, x)


MODELS: dict[str, Callable[[], Any]] = {
    "preprocessing": lambda: stacked(
        adapted(), layers().Rescaling(0.5, offset=1), layers().Dense(3)
    ),
    "augmentation": lambda: stacked(
        layers().RandomFlip(),
        layers().RandomZoom(0.3),
        layers().RandomBrightness(0.5),
        layers().SeparableConv2D(4, 3),
        layers().LeakyReLU(negative_slope=0.1),
        layers().BatchNormalization(momentum=0.7),
        shape=(6, 6, 3),
    ),
    "wrapped": lambda: stacked(
        layers().Bidirectional(layers().LSTM(3, return_sequences=True)),
        layers().TimeDistributed(layers().Dense(3)),
        layers().GRU(4),
        layers().Dense(2, kernel_regularizer="l2", kernel_constraint="max_norm"),
    ),
    "cells": lambda: stacked(layers().RNN([layers().LSTMCell(3), layers().GRUCell(2)])),
    "words": lambda: stacked(
        layers().Embedding(9, 3, mask_zero=True), layers().LSTM(3), shape=(6,)
    ),
    "several": several,
    "hard": hard,
    "keyed": keyed,
}


def moved() -> Any:
    """How far each moved model's answers lie from the original's, and what it is."""
    told = {}
    for name, create in MODELS.items():
        original = create()
        model = loading.taken(original, name)
        if isinstance(model, direct.DirectModel):
            told[name] = model.why
            continue
        signature = heads.signature_of(model)
        told[name] = [
            type(model).__module__.partition(".")[0],
            loading.furthest(original, model, None),
            [port.name for port in signature.inputs],
            [port.name for port in signature.outputs],
        ]
    return told


def permuted() -> Any:
    """How far a moved model lies whose weights were permuted, and where two were exchanged."""
    original = stacked(layers().Dense(4), layers().Dense(4))
    model = keras3.to_keras_2(original)
    (kernel, bias), second = (layer.get_weights() for layer in model.layers)
    before = loading.furthest(original, model, None)
    model.layers[0].set_weights([kernel[:, ::-1], bias])
    columns = loading.furthest(original, model, None)
    model.layers[0].set_weights(second)
    model.layers[1].set_weights([kernel, bias])
    return [before, columns, loading.furthest(original, model, None), loading.MOVED]


def training() -> Any:
    """Whether moved layers act in training alone, and frozen ones not even then."""
    k = layers()
    frozen = stacked(k.BatchNormalization(), shape=(6, 6, 3))
    frozen.name = "frozen"
    image = k.Input((6, 6, 3))
    x = frozen(k.RandomFlip(seed=1)(image), training=False)
    model = keras3.to_keras_2(keras3.module().Model(image, x))
    images = np.random.default_rng(0).random((8, 6, 6, 3), np.float32)
    quiet = [np.asarray(model(images, training=False)) for _ in range(2)]
    loud = [np.asarray(model(images, training=True)) for _ in range(2)]
    (normal,) = [layer for layer in model.submodules if "BatchNorm" in type(layer).__name__]
    before = normal.moving_mean.numpy().tolist()
    model(images, training=True)
    return {
        "quiet": bool(np.array_equal(*quiet)),
        "loud": bool(np.array_equal(*loud)),
        "frozen": before == normal.moving_mean.numpy().tolist(),
    }


def waiting() -> Any:
    """Models that wait for data, of a class or without an input."""
    data = from_arrays("tiny", tiny_arrays(), classes=3)
    keras = keras3.module()

    class Written(keras.Model):  # type: ignore[misc, name-defined]  # Keras has no types
        def __init__(self) -> None:
            super().__init__()
            self.flat, self.scores = layers().Flatten(), layers().Dense(3, "sigmoid")

        def call(self, inputs: Any) -> Any:
            return self.scores(self.flat(inputs))

    def unbuilt() -> Any:
        return keras.Sequential([layers().Flatten(), layers().Dense(3)], name="waiting")

    def misfit(rank: int) -> Any:
        return keras.Sequential([getattr(layers(), f"Conv{rank}D")(2, 3)], name="misfit")

    written = loading.taken(Written(), "written", data)
    return {
        "sequential": list(loading.taken(unbuilt(), "x", data).input_shape),
        "written": [written.why, dataclasses.asdict(written.signature.output)],
        "images": list(loading.taken(misfit(2), "x", data).input_shape),
        "misfit": refused(lambda: loading.taken(misfit(3), "x", data)),
    }


def unusual() -> str:
    """Why a model goes directly that cannot be moved, though no layer says so by itself."""
    k = layers()
    why: str = loading.taken(stacked(k.SpectralNormalization(k.Dense(3))), "normed").why
    return why


def other_precision() -> dict[str, str | None]:
    """How models are refused that compute in something else than float32."""
    k = layers()
    quantized = stacked(k.Dense(3, name="eighth"))
    quantized.quantize("int8")
    models = {
        "half": stacked(k.Dense(3, dtype="mixed_float16", name="halved")),
        "double": stacked(k.Dense(3, dtype="float64", name="doubled")),
        "eighth": quantized,
        "inner": stacked(stacked(k.Dense(3, dtype="mixed_bfloat16", name="hidden"))),
    }
    two = process.keras()
    models["old"] = two.Sequential(
        [two.layers.Input((4,)), two.layers.Dense(2, dtype="mixed_float16", name="older")]
    )
    return {name: refused(lambda m=model: loading.taken(m, "m")) for name, model in models.items()}


def kept() -> Any:
    """A model that goes directly, before and after it was a file."""
    original = stacked(layers().RMSNormalization(), layers().LSTM(3), layers().Dense(2))
    return direct_process.kept(original, (6, 4))
