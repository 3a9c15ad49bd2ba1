"""MobileNetV1 (Howard et al. 2017), padded alike on both sides, in several sizes.

Padding by a layer of its own in front of every convolution of stride 2 makes it symmetric, where
'same' would pad below and to the right only. XNNPACK's sparse path wants it so: a 3×3 convolution
of stride 2 and 3 channels padded by 1 on each side first, a spatial mean last. It is the shape that
the on-device guide of TensorFlow's optimization toolkit prunes.

At 96×96 there are 2 classes, as in MLPerf Tiny's visual wake words, at 224×224 1,000. Weights are
random and images noise: for size and latency.
"""

from typing import Any

from weighin import Recipe, model, noise_dataset

# stride and channels of the thirteen separable convolutions, at width 1
BLOCKS = (
    *((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512)),
    *((1, 512),) * 5,
    *((2, 1024), (1, 1024)),
)
PARAMETERS = {  # by width and side
    (0.25, 96): 219_058,
    (0.5, 96): 830_562,
    (1.0, 96): 3_230_914,
    (0.25, 224): 475_544,
    (0.5, 224): 1_342_536,
    (1.0, 224): 4_253_864,
}
CLASSES = {96: 2, 224: 1000}

for side, classes in CLASSES.items():
    noise_dataset(f"noise_{side}", (side, side, 3), classes=classes)


def _mobilenet(keras: Any, alpha: float, side: int) -> Any:
    layers = keras.layers

    def active(x: Any) -> Any:
        return layers.ReLU(6.0)(layers.BatchNormalization()(x))

    def padded(x: Any, stride: int) -> tuple[Any, str]:
        return (layers.ZeroPadding2D(1)(x), "valid") if stride == 2 else (x, "same")

    image = layers.Input((side, side, 3))
    x, padding = padded(image, 2)
    x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding=padding, use_bias=False)(x)
    x = active(x)
    for stride, channels in BLOCKS:
        x, padding = padded(x, stride)
        x = layers.DepthwiseConv2D(3, strides=stride, padding=padding, use_bias=False)(x)
        x = active(x)
        x = active(layers.Conv2D(int(channels * alpha), 1, use_bias=False)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(CLASSES[side], activation="softmax")(x))


def _register(alpha: float, side: int) -> None:
    def create(keras: Any) -> Any:
        return _mobilenet(keras, alpha, side)

    create.__name__ = f"mobilenet_v1_{round(alpha * 100):03}_{side}"
    create.__doc__ = (
        f"MobileNetV1 ×{alpha:g}, {side}×{side}, {PARAMETERS[alpha, side]:,} parameters"
    )
    recipe = Recipe(f"noise_{side}", epochs=0, finetune_epochs=0)
    model(quick=recipe, full=recipe)(create)  # nothing is trained in either


for width, size in PARAMETERS:
    _register(width, size)
