"""The models of keras.applications that the 2020 article lists, each with 1,000 classes.

Weights are ImageNet's where Keras can download them, else random. Images are noise of each model's
own input size: for size and latency.
"""

from typing import Any

from weighin import Recipe, Weights, model, noise_dataset

# side of the input image, and parameters as printed in the article's table (MachineCurve,
# "TensorFlow model optimization: an introduction to Pruning", 2020-09-23, after keras.io)
FAMILY = {
    "Xception": (299, 22_910_480),
    "VGG16": (224, 138_357_544),
    "VGG19": (224, 143_667_240),
    "ResNet50": (224, 25_636_712),
    "ResNet101": (224, 44_707_176),
    "ResNet152": (224, 60_419_944),
    "ResNet50V2": (224, 25_613_800),
    "ResNet101V2": (224, 44_675_560),
    "ResNet152V2": (224, 60_380_648),
    "InceptionV3": (299, 23_851_784),
    "InceptionResNetV2": (299, 55_873_736),
    "MobileNet": (224, 4_253_864),
    "MobileNetV2": (224, 3_538_984),
    "DenseNet121": (224, 8_062_504),
    "DenseNet169": (224, 14_307_880),
    "DenseNet201": (224, 20_242_984),
    "NASNetMobile": (224, 5_326_716),
    "NASNetLarge": (331, 88_949_818),
    "EfficientNetB0": (224, 5_330_571),
    "EfficientNetB1": (240, 7_856_239),
    "EfficientNetB2": (260, 9_177_569),
    "EfficientNetB3": (300, 12_320_535),
    "EfficientNetB4": (380, 19_466_823),
    "EfficientNetB5": (456, 30_562_527),
    "EfficientNetB6": (528, 43_265_143),
    "EfficientNetB7": (600, 66_658_687),
}


def _register(name: str, side: int, parameters: int) -> None:
    def create(keras: Any) -> Any:
        return getattr(keras.applications, name)(weights=None)

    create.__name__ = name
    create.__doc__ = f"{name} of keras.applications, {side}×{side}, {parameters:,} parameters"
    weights = Weights(f"keras_applications/{name}.h5", application=name)
    recipe = Recipe(f"noise_{side}", epochs=0, finetune_epochs=0, weights=weights)
    model(quick=recipe, full=recipe)(create)  # nothing is trained in either


for each in sorted({side for side, _ in FAMILY.values()}):
    noise_dataset(f"noise_{each}", (each, each, 3), classes=1000)
for application, (input_side, count) in FAMILY.items():
    _register(application, input_side, count)
