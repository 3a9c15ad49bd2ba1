"""Networks for two digits at once: which are there, and are they the same?"""

from typing import Any

from weighin import Recipe, model

BESIDE = Recipe("two_digits", epochs=8, finetune_epochs=2, learning_rate=2e-3, decay="cosine")
SAME = Recipe("same_digit", epochs=8, finetune_epochs=2, learning_rate=2e-3, decay="cosine")


@model(quick=BESIDE)
def two_digits_cnn(keras: Any) -> Any:
    """CNN that names the digits in an image of two, by a sigmoid for each, 165,258 parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 56, 1)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="sigmoid"),
        ]
    )


@model(quick=SAME)
def same_digit_cnn(keras: Any) -> Any:
    """CNN of two inputs, `left` and `right`: the same digit? 82,753 parameters.

    Both go through the same layers; product and sum of their features, which do not change when the
    inputs change places, are compared.
    """
    layers = keras.layers
    trunk = [
        layers.Conv2D(16, 3, strides=2, activation="relu", name="edges"),
        layers.Conv2D(32, 3, strides=2, activation="relu", name="shapes"),
        layers.Flatten(name="flat"),
        layers.Dense(64, activation="relu", name="features"),
    ]
    left, right = layers.Input((28, 28, 1), name="left"), layers.Input((28, 28, 1), name="right")
    x, y = left, right
    for layer in trunk:
        x, y = layer(x), layer(y)
    both = layers.Concatenate()([layers.Multiply()([x, y]), layers.Add()([x, y])])
    both = layers.Dense(32, activation="relu")(both)
    return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(both))
