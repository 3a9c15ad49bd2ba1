"""DS-CNN of MLPerf Tiny's keyword spotting (mlcommons/tiny, Apache-2.0).

A 10×4 convolution and four depthwise separable ones of 64 channels, after Zhang et al. 2017,
"Hello Edge".
"""

from typing import Any

from weighin import Recipe, Weights, model

PUBLISHED = Weights(
    "mlperf_tiny/kws_dscnn_rebuilt.keras",
    sha256="b94cafeb45519dc0242fa897d75a111967ac6714de0b20cfd988bd0639904ca0",
)


@model(full=Recipe("fsdd", epochs=60, finetune_epochs=20, batch_size=64, decay="cosine"))
def ds_cnn(keras: Any) -> Any:
    """DS-CNN for ten spoken digits, 24,778 parameters."""
    return _separable(keras, classes=10)


@model(full=Recipe("kws01", epochs=0, finetune_epochs=0, weights=PUBLISHED))
def kws_ds_cnn(keras: Any) -> Any:
    """DS-CNN for twelve keywords with MLPerf Tiny's weights, 24,908 parameters."""
    return _separable(keras, classes=12)


def _separable(keras: Any, classes: int) -> Any:
    layers = keras.layers

    def active(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(x))

    features = layers.Input((49, 10, 1))
    x = active(layers.Conv2D(64, (10, 4), strides=2, padding="same")(features))
    x = layers.Dropout(0.2)(x)
    for _ in range(4):
        x = active(layers.DepthwiseConv2D(3, padding="same")(x))
        x = active(layers.Conv2D(64, 1, padding="same")(x))
    x = layers.Dropout(0.4)(x)
    x = layers.Flatten()(layers.AveragePooling2D((25, 5))(x))
    return keras.Model(features, layers.Dense(classes, activation="softmax")(x))
