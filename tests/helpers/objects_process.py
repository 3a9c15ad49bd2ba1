"""What becomes of Keras models in memory, written to files: for a child process."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from weighin.build import objects
from weighin.formats.model_file import model_file
from weighin.frameworks import keras3, loading, process, tf_keras, versions

IMAGES = np.random.default_rng(0).random((5, 6, 6, 1), np.float32)


def stacked(keras: Any, *more: Any) -> Any:
    """A graph of layers, or one with others besides."""
    layers = keras.layers
    return keras.Sequential(
        [layers.Input((6, 6, 1)), layers.Flatten(), *more, layers.Dense(3, "softmax")], name="net"
    )


def of_own_layer(keras: Any) -> Any:
    """A graph with a layer of somebody's own class."""

    class Doubling(keras.layers.Layer):  # type: ignore[misc, name-defined]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            return inputs * 2

    return stacked(keras, Doubling())


def written_out(keras: Any) -> Any:
    """A class that calls its layers by code."""

    class Written(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(name="net")
            self.flat, self.scores = keras.layers.Flatten(), keras.layers.Dense(3)

        def call(self, inputs: Any) -> Any:
            return self.scores(self.flat(inputs))

    model = Written()
    model.predict(IMAGES, verbose=0)
    return model


def compiled(keras: Any) -> Any:
    """A graph that has been trained."""
    model = stacked(keras)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(IMAGES, np.arange(5) % 3, verbose=0)
    return model


MODELS = {
    "stacked": stacked,
    "compiled": compiled,
    "lambda": lambda keras: stacked(keras, keras.layers.Lambda(lambda x: x * 2, name="code")),
    "own layer": of_own_layer,
    "written out": written_out,
}


def told(folder: Path) -> dict[str, Any]:
    """Of models of each Keras: the file's name, how far its answers lie, what was warned of."""
    kerases = {"2": process.keras()}
    if versions.why_no_keras_3() is None:
        kerases["3"] = keras3.module()
    return {
        f"{name} {number}": one(create(keras), folder / number / name)
        for number, keras in kerases.items()
        for name, create in MODELS.items()
    }


def one(model: Any, folder: Path) -> dict[str, Any]:
    """What became of one model."""
    wanted = np.asarray(model(IMAGES, training=False))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        path = objects.written(model, folder)
        again = objects.written(model, folder)
    read = loading.load(model_file(path, trust=True))
    (answers,) = tf_keras.predict(read, {read.input_names[0]: IMAGES}).values()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    return {
        "name": path.name,
        "why": getattr(read, "why", ""),
        "apart": float(np.abs(answers - wanted).max()),
        "found again": again == path,
        "others": objects.written(model, folder).parent != path.parent,
        "warned": [str(each.message) for each in warned if "Keras" in str(each.message)],
        "left": sorted(each.name for each in path.parent.iterdir()),
    }
