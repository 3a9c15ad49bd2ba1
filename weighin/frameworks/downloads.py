"""What Keras can download: data sets and weights.

A program: `python -m weighin.frameworks.downloads dataset|weights NAME PATH`.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import numpy as np

from weighin.frameworks.process import keras


def save_dataset(name: str, path: Path) -> None:
    """Let `keras.datasets` fetch a data set, and put its arrays into an .npz file at `path`."""
    module = getattr(keras().datasets, name)
    with contextlib.redirect_stdout(io.StringIO()):
        (x_train, y_train), (x_test, y_test) = module.load_data()
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def save_imagenet_weights(application: str, path: Path) -> None:
    """Let `keras.applications` fetch a model's ImageNet weights, and save them as an .h5 at `path`.

    EfficientNet with these weights divides by the root of each channel's standard deviation s once
    more, by an operation that the model without them lacks (its `EfficientNet` function says so).
    Normalization divides by the root of the variance s², so s³ in its place does both.
    """
    model = getattr(keras().applications, application)(weights="imagenet")
    for layer in model.layers:
        if isinstance(layer, keras().layers.Normalization):
            mean, variance, count = layer.get_weights()
            layer.set_weights([mean, variance**1.5, count])
    model.save_weights(path, save_format="h5")


if __name__ == "__main__":
    verb, name, path = sys.argv[1:]
    {"dataset": save_dataset, "weights": save_imagenet_weights}[verb](name, Path(path))
