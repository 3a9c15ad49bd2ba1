"""A small single-shot detector (after Liu et al. 2016, "SSD: Single Shot MultiBox Detector").

A fully convolutional net takes a picture of 64×64 to a grid of 8×8 cells. What they answer, what
the net is trained by and which boxes it stands for: `data_makers/grid.py`.
"""

from typing import Any

from weighin import Recipe

SCATTERED = Recipe(
    "scattered_digits",
    epochs=10,
    finetune_epochs=3,
    batch_size=64,
    learning_rate=3e-3,
    decay="cosine",
)


def digit_detector(keras: Any) -> Any:
    """Single-shot detector of digits, an 8×8 grid of classes and boxes, 40,711 parameters."""
    layers = keras.layers

    def convolution(x: Any, filters: int, size: int = 3, stride: int = 1) -> Any:
        x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    image = layers.Input((64, 64, 1))
    x = convolution(image, 24, size=7, stride=4)
    x = convolution(x, 48, stride=2)
    x = convolution(x, 64)
    classes = layers.Conv2D(11, 1, activation="softmax", name="classes")(x)
    boxes = layers.Conv2D(4, 1, activation="sigmoid", name="boxes")(x)
    return keras.Model(image, layers.Concatenate(name="grid")([classes, boxes]))
