"""A small single-shot detector (after Liu et al. 2016, "SSD: Single Shot MultiBox Detector").

A fully convolutional net takes a picture of 64×64 to a grid of 8×8 cells. What they answer, what
the net is trained by and which boxes it stands for: `data_makers/grid.py`.
"""

from typing import Any

from weighin import Detection, Recipe, model

from .data_makers import grid


def encode(targets: Any) -> Any:
    """The grid that a perfect detector would answer."""
    return grid.encode(targets["boxes"], targets["classes"])


def decode(outputs: Any) -> Any:
    """Boxes, classes and scores of the grids that are answered."""
    return grid.decode(outputs["grid"])


SCATTERED = Recipe(
    "scattered_digits",
    task=Detection(decode=decode, encode=encode),
    loss=grid.loss,
    epochs=10,
    finetune_epochs=3,
    batch_size=64,
    learning_rate=3e-3,
    decay="cosine",
)


@model(quick=SCATTERED)
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
