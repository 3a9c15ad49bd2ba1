"""A small U-Net (Ronneberger, Fischer, Brox 2015): two steps down, two transposed ones up."""

from typing import Any

from weighin import Recipe, model

NOISE = Recipe(
    "digit_on_noise", epochs=3, finetune_epochs=1, batch_size=64, learning_rate=1e-2, decay="cosine"
)


@model(quick=NOISE)
def unet(keras: Any) -> Any:
    """U-Net on 32×32: is a pixel a digit's or noise? 30,698 parameters."""
    layers = keras.layers

    def active(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    def convolution(x: Any, filters: int, stride: int = 1) -> Any:
        return active(layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x))

    def up(x: Any, filters: int, beside: Any) -> Any:
        x = active(layers.Conv2DTranspose(filters, 4, strides=2, padding="same", use_bias=False)(x))
        return layers.Concatenate()([x, beside])

    image = layers.Input((32, 32, 1))
    fine = convolution(image, 8)
    middle = convolution(fine, 16, stride=2)
    coarse = convolution(middle, 32, stride=2)
    x = up(convolution(up(convolution(coarse, 32), 16, middle), 16), 8, fine)
    return keras.Model(image, layers.Conv2D(2, 3, padding="same", activation="softmax")(x))
