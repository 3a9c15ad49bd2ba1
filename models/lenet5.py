"""LeNet-5 in Caffe's form (20-50-500-10), as in Deep Compression (Han, Mao, Dally 2015).

No activation follows the convolutions, as in Caffe's examples/mnist. 431,080 parameters.
"""

from typing import Any

from weighin import Recipe, model


@model(
    quick=Recipe("mnist10k", epochs=5, finetune_epochs=3, batch_size=100),
    full=Recipe("mnist", epochs=15, finetune_epochs=10),
    record=Recipe(
        "mnist",
        epochs=15,
        finetune_epochs=30,
        shift=1,
        finetune_decay="cosine",
    ),
)
def lenet5(keras: Any) -> Any:
    """Two convolutions and two dense layers, in Caffe's form."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(20, 5),
            layers.MaxPooling2D(),
            layers.Conv2D(50, 5),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(500, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
