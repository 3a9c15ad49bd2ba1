"""A strip of digits read column by column: which digit, or none, is at each step?"""

from typing import Any

from weighin import Recipe, model

STRIPS = Recipe(
    "digit_strips", epochs=8, finetune_epochs=2, batch_size=64, learning_rate=4e-3, decay="cosine"
)


@model(quick=STRIPS)
def strip_reader(keras: Any) -> Any:
    """Three convolutions over the columns, a class for each of them, 30,683 parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((56, 14)),
            layers.Conv1D(32, 7, padding="same", activation="relu"),
            layers.Conv1D(48, 7, padding="same", activation="relu"),
            layers.Conv1D(48, 7, padding="same", activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(11, activation="softmax"),
        ]
    )
