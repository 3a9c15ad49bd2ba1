"""Spoken digits told by their sound itself, by convolutions over time."""

from typing import Any

from weighin import Recipe, model

SOUND = Recipe(
    "fsdd_sound", epochs=10, finetune_epochs=3, batch_size=64, learning_rate=5e-3, decay="cosine"
)


@model(quick=SOUND)
def sound_cnn(keras: Any) -> Any:
    """Four convolutions over 4,000 samples of a spoken digit, 29,474 parameters."""
    layers = keras.layers

    def active(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    sound = layers.Input((4000, 1))
    x = active(layers.Conv1D(24, 64, strides=16, padding="same")(sound))
    x = layers.MaxPooling1D(2)(x)
    x = active(layers.Conv1D(32, 5, padding="same")(x))
    x = layers.MaxPooling1D(2)(x)
    x = active(layers.Conv1D(64, 5, padding="same")(x))
    x = layers.MaxPooling1D(2)(x)
    x = active(layers.Conv1D(64, 3, padding="same")(x))
    x = layers.Dropout(0.3)(layers.GlobalMaxPooling1D()(x))
    return keras.Model(sound, layers.Dense(10, activation="softmax")(x))
