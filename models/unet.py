"""A small U-Net (Ronneberger, Fischer, Brox 2015): two steps down, two transposed ones up."""

from typing import Any

from weighin import Recipe

NOISE = Recipe(
    "digit_on_noise", epochs=4, finetune_epochs=1, batch_size=64, learning_rate=3e-3, decay="cosine"
)


def unet(keras: Any) -> Any:
    """U-Net on 32×32: is a pixel a digit's or noise?"""
    layers = keras.layers

    def convolution(x: Any, filters: int) -> Any:
        return layers.Conv2D(filters, 3, padding="same", activation="relu")(x)

    def up(x: Any, filters: int, beside: Any) -> Any:
        x = layers.Conv2DTranspose(filters, 2, strides=2, activation="relu")(x)
        return convolution(layers.Concatenate()([x, beside]), filters)

    image = layers.Input((32, 32, 1))
    fine = convolution(image, 8)
    middle = convolution(layers.MaxPooling2D()(fine), 16)
    coarse = convolution(layers.MaxPooling2D()(middle), 32)
    x = up(up(coarse, 16, middle), 8, fine)
    return keras.Model(image, layers.Conv2D(2, 1, activation="softmax")(x))
