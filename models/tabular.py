"""Small dense networks for rows of numbers."""

from typing import Any

from weighin import Recipe, model

DIABETES = Recipe("diabetes", epochs=40, finetune_epochs=10, batch_size=32, decay="cosine")
CANCER = Recipe("breast_cancer", epochs=20, finetune_epochs=5, batch_size=32, decay="cosine")


@model(quick=DIABETES)
def diabetes_mlp(keras: Any) -> Any:
    """Two dense layers that predict how far diabetes goes, 9,729 parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((10,)),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )


@model(quick=CANCER)
def breast_cancer_mlp(keras: Any) -> Any:
    """Two dense layers and a sigmoid that tell benign tumours, 12,289 parameters."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((30,)),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
