"""Recurrent networks that read a digit row by row, top to bottom."""

from typing import Any

from weighin import Recipe, model

LSTM = Recipe("mnist_rows", epochs=6, finetune_epochs=2, learning_rate=1e-2, decay="cosine")
GRU = Recipe("mnist_rows", epochs=6, finetune_epochs=2, learning_rate=1e-2, decay="cosine")


@model(quick=LSTM)
def rows_lstm(keras: Any) -> Any:
    """LSTM of 48 units over 28 rows of a digit, 15,274 parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.LSTM(48),
            layers.Dense(10, activation="softmax"),
        ]
    )


@model(quick=GRU)
def rows_gru(keras: Any) -> Any:
    """GRU of 48 units over 28 rows of a digit, 11,722 parameters.

    Unrolled: converting its loop to integers ends TensorFlow's converter.
    """
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.GRU(48, unroll=True),
            layers.Dense(10, activation="softmax"),
        ]
    )
