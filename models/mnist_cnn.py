"""The small CNN of the article that weighin grew from.

MachineCurve, "TensorFlow model optimization: an introduction to Pruning", 2020-09-23:
batches of 250, Adam, 10 epochs, a validation split of 20 %, 5 further epochs of pruning; in its
sequel on schedules 30 of them. 431,242 parameters.
"""

from typing import Any

from weighin import Recipe, model


@model(
    quick=Recipe("mnist10k", epochs=5, finetune_epochs=3, batch_size=100),
    full=Recipe("mnist", epochs=10, finetune_epochs=5, batch_size=250, validation_split=0.2),
    schedules=Recipe("mnist", epochs=10, finetune_epochs=30, batch_size=250, validation_split=0.2),
    record=Recipe(
        "mnist",
        epochs=15,
        finetune_epochs=30,
        shift=1,
        finetune_decay="cosine",
    ),
)
def mnist_cnn(keras: Any) -> Any:
    """Two convolutions and two dense layers, after the 2020 article."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


@model(
    full=Recipe("fashion_mnist", epochs=10, finetune_epochs=5, batch_size=250, validation_split=0.2)
)
def fashion_cnn(keras: Any) -> Any:
    """The same layers as mnist_cnn, for articles of clothing."""
    return mnist_cnn(keras)
