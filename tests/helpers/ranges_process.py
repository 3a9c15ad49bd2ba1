"""Run in its own process: exports models of wide ranges to int8 files, into a folder.

One process for all of them, for TensorFlow loads slowly.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from weighin.exports.float32 import float32
from weighin.exports.int8 import int8
from weighin.frameworks import process, tf_keras

PROGRAM = "from helpers.ranges_process import main; main()"
SIDE, CHANNELS, STEPS, WIDTH = 8, 3, 12, 6
IMAGES, SEQUENCES = (SIDE, SIDE, CHANNELS), (STEPS, WIDTH)


def _images(layers: Any) -> dict[str, Callable[[Any], Any]]:
    """Models of images from 0 to 1."""

    def beside(branch: Callable[[Any], Any], factor: float = 640.0) -> Callable[[Any], Any]:
        return lambda x: layers.Concatenate()([layers.Rescaling(factor)(x), branch(x)])

    def conv(activation: str, name: str = "conv") -> Any:
        return layers.Conv2D(4, 3, padding="same", activation=activation, name=name)

    def stacked(x: Any) -> Any:
        return process.tensorflow().stack([x * 640.0, layers.Activation("sigmoid")(x)], axis=1)

    def total(x: Any) -> Any:
        return layers.Add(name="total")([conv("linear")(x), conv("linear", "other")(x)])

    def reshaped(x: Any) -> Any:
        flat = layers.Reshape((SIDE, SIDE * 4))(conv("sigmoid", "gate")(x))
        wide = layers.Reshape((SIDE, SIDE * CHANNELS))(layers.Rescaling(640.0)(x))
        return layers.Concatenate()([wide, flat])

    def two(x: Any) -> Any:
        gates = [conv("sigmoid", name)(x) for name in ("one", "two")]
        return layers.Concatenate()([layers.Rescaling(640.0)(x), *gates])

    return {
        "gate": beside(conv("sigmoid", "gate")),
        "two": two,
        "stacked": stacked,
        "reshaped": reshaped,
        "linear": beside(conv("linear")),
        "relu": beside(conv("relu")),
        "depthwise": beside(layers.DepthwiseConv2D(3, padding="same", name="conv")),
        "sum": beside(total),
        "input": beside(lambda x: x),
        "alike": beside(conv("sigmoid"), factor=1.0),
        "factor_4": beside(conv("sigmoid"), factor=4.0),
        "relus": lambda x: layers.Concatenate()([conv("relu")(x), conv("relu", "other")(x)]),
        "two_sums": lambda x: layers.Concatenate()([total(x), x]),
    }


def _sequences(layers: Any) -> dict[str, Callable[[Any], Any]]:
    """Models of sequences of numbers from 0 to 1."""

    def attention(mask: float) -> Callable[[Any], Any]:
        def made(x: Any) -> Any:
            scores = layers.Dot(axes=2)([layers.Dense(8)(x), layers.Dense(8)(x)])
            above = np.triu(np.ones((1, STEPS, STEPS), np.float32), 1) * mask
            weights = layers.Softmax()(scores + above)
            return layers.Dense(3)(layers.Dot(axes=(2, 1))([weights, layers.Dense(8)(x)]))

        return made

    def causal(x: Any) -> Any:
        return layers.MultiHeadAttention(2, 8)(x, x, use_causal_mask=True)

    return {
        "masked": attention(-1e9),
        "causal": causal,
        "masked_less": attention(-30.0),
        "open": attention(0.0),
        "saturated": lambda x: layers.Dense(3, activation="sigmoid")(x * 1000.0),
        "wide_logits": lambda x: layers.Softmax()(layers.Dense(4)(x * 40.0)),
        "gru": lambda x: layers.Dense(3)(layers.GRU(8, unroll=True)(x)),
    }


def main() -> None:
    """Export every model into the folder that the command line names, and what one really holds."""
    layers, folder = process.keras().layers, Path(sys.argv[1])
    generator = np.random.default_rng(0)
    for shape, nets in ((IMAGES, _images(layers)), (SEQUENCES, _sequences(layers))):
        calibration = {"x": generator.random((50, *shape), np.float32)}
        for name, make in nets.items():
            tf_keras.start_afresh(0)
            given = layers.Input(shape, name="x")
            model = process.keras().Model(given, make(given))
            (folder / f"{name}.tflite").write_bytes(int8(model, calibration))
            if name == "gru":
                (folder / f"{name}_float.tflite").write_bytes(float32(model, calibration))
