"""Run in its own process: converts small Keras 2 models at batch 1 and open, into a folder.

One process for all of them, for TensorFlow loads slowly. `SHAPES` is what tests count by.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

STEPS, WIDTH, UNITS, CLASSES, WORDS, SIDE = 20, 8, 16, 4, 100, 8
PROGRAM = "from helpers.converted import main; main()"


def main() -> None:
    """Convert every model into the folder that the command line names."""
    from weighin.frameworks import process

    keras, tf = process.keras(), process.tensorflow()
    layers = keras.layers

    def dense(x: Any) -> Any:
        return layers.Dense(CLASSES)(x)

    def attention(x: Any) -> Any:
        return dense(layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, UNITS)(x, x)))

    def embedding(x: Any) -> Any:
        return dense(layers.GlobalAveragePooling1D()(layers.Embedding(WORDS, WIDTH)(x)))

    def transposed(x: Any) -> Any:
        return layers.Conv2DTranspose(2, 3, strides=2, padding="same")(x)

    sequence, volume, image = (STEPS, WIDTH), (SIDE, SIDE, SIDE, 2), (SIDE, SIDE, 4)
    nets: dict[str, tuple[Any, tuple[int, ...], int | None]] = {
        "lstm": (lambda x: dense(layers.LSTM(UNITS)(x)), sequence, 1),
        "gru": (lambda x: dense(layers.GRU(UNITS)(x)), sequence, 1),
        "conv3d": (lambda x: dense(layers.Flatten()(layers.Conv3D(4, 3)(x))), volume, 1),
        "conv3d_transpose": (lambda x: layers.Conv3DTranspose(3, 3, strides=2)(x), volume, 1),
        "transposed": (transposed, image, 1),
        "attention": (attention, sequence, 1),
        "attention_open": (attention, sequence, None),
        "embedding": (embedding, (STEPS,), 1),
        "timed": (lambda x: layers.TimeDistributed(layers.Dense(CLASSES))(x), sequence, 1),
        "timed_open": (
            lambda x: layers.TimeDistributed(layers.Conv1D(CLASSES, 3))(x),
            (5, *sequence),
            None,
        ),
        "dilated_open": (
            lambda x: layers.Conv2D(CLASSES, 3, dilation_rate=2, padding="same")(x),
            image,
            None,
        ),
        "any_size": (lambda x: layers.Conv2D(CLASSES, 3)(x), (None, None, 3), None),
    }
    generator = np.random.default_rng(0)
    for name, (make, shape, batch) in nets.items():
        dtype = "int32" if name == "embedding" else "float32"
        given = layers.Input(shape, batch_size=batch, dtype=dtype)
        model = keras.Model(given, make(given))
        # biases are zeros otherwise, which the converter leaves out or stores once for all layers
        model.set_weights([generator.normal(size=w.shape) for w in model.get_weights()])
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
        (Path(sys.argv[1]) / f"{name}.tflite").write_bytes(content)
