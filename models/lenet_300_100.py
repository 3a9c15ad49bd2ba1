"""LeNet-300-100, the fully connected net of Deep Compression (Han, Mao, Dally 2015).

266,610 parameters.
"""

from typing import Any

from weighin import Recipe, model


@model(
    quick=Recipe("mnist10k", epochs=8, finetune_epochs=4, batch_size=64),
    full=Recipe("mnist", epochs=20, finetune_epochs=10),
    record=Recipe(
        "mnist",
        epochs=20,
        finetune_epochs=60,
        finetune_learning_rate=2e-3,
        shift=1,
        finetune_decay="cosine",
        density={"dense_1": 2, "dense_2": 8},
    ),
)
def lenet_300_100(keras: Any) -> Any:
    """Three dense layers of 300, 100 and 10."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(300, activation="relu"),
            layers.Dense(100, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
