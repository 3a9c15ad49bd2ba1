"""ResNet-8 of MLPerf Tiny's image classification (mlcommons/tiny, Apache-2.0).

Three stacks of two 3×3 convolutions with a shortcut, after He et al. 2015. It takes pixels from 0
to 255, as its published weights were trained: they answer 88.1 % of the first 1,000 test images of
CIFAR-10 right. 78,666 parameters.
"""

from typing import Any

from weighin import Recipe, Weights, model

PUBLISHED = Weights(
    "mlperf_tiny/pretrainedResnet.h5",
    sha256="5f938a8eea605438cc7360aa13c987bc6d7bd0c8d931b2917361ae7ae4eeda2f",
)


def _recipe(dataset: str) -> Recipe:
    return Recipe(
        dataset,
        epochs=100,
        finetune_epochs=8,
        validation_split=0.1,
        decay="cosine",
        shift=4,
        mirror=True,
        finetune_learning_rate=7e-4,
        weights=PUBLISHED,
    )


@model(full=_recipe("cifar10_raw"), test1k=_recipe("cifar10_raw_test1k"))
def resnet8(keras: Any) -> Any:
    """MLPerf Tiny's ResNet-8 on 32×32 photographs."""
    layers = keras.layers

    def convolution(x: Any, filters: int, size: int = 3, stride: int = 1) -> Any:
        return layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding="same",
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.l2(1e-4),
        )(x)

    def normalized(x: Any) -> Any:
        return layers.BatchNormalization()(x)

    def active(x: Any) -> Any:
        return layers.Activation("relu")(x)

    image = layers.Input((32, 32, 3))
    x = active(normalized(convolution(image, 16)))
    for filters in (16, 32, 64):
        stride = 1 if filters == 16 else 2
        y = active(normalized(convolution(x, filters, stride=stride)))
        y = normalized(convolution(y, filters))
        if stride > 1:
            x = convolution(x, filters, size=1, stride=stride)
        x = active(layers.Add()([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))
