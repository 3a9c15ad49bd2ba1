"""Networks that give back what they were given, and fail on what they have never seen."""

from typing import Any

from weighin import Recipe, model

DIGITS = Recipe("mnist_flat", epochs=15, finetune_epochs=4, learning_rate=3e-3, decay="cosine")
LEFT_OUT = Recipe(
    "mnist_left_out", epochs=10, finetune_epochs=3, learning_rate=3e-3, decay="cosine"
)
STRANGERS = Recipe(
    "fsdd_strangers", epochs=7, finetune_epochs=2, learning_rate=2e-3, decay="cosine"
)


@model(quick=DIGITS)
def digit_autoencoder(keras: Any) -> Any:
    """Autoencoder of digits, 784 pixels through 16 numbers, 205,856 parameters."""
    return _through(keras, 16)


@model(quick=LEFT_OUT)
def left_out_autoencoder(keras: Any) -> Any:
    """Autoencoder that has never seen one of the digits, 205,856 parameters."""
    return _through(keras, 16)


def _through(keras: Any, numbers: int) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((784,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(numbers),
            layers.Dense(128, activation="relu"),
            layers.Dense(784, activation="sigmoid"),
        ]
    )


@model(quick=STRANGERS)
def ad_autoencoder(keras: Any) -> Any:
    """MLPerf Tiny's anomaly detection: 640-128×4-8-128×4-640, 269,992 parameters.

    As in mlcommons/tiny, benchmark/training/anomaly_detection/keras_model.py (Apache-2.0), which
    follows the baseline of DCASE 2020, task 2.
    """
    layers = keras.layers
    spectrum = layers.Input((640,))
    x = spectrum
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = layers.Dense(units)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
    return keras.Model(spectrum, layers.Dense(640)(x))
