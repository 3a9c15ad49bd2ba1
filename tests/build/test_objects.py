"""Keras models in memory become files that answer as they do."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.commands import answer, importing

from weighin.build import objects
from weighin.core import WeighinError
from weighin.frameworks import versions
from weighin.packages import missing

# Prints, as JSON by what is given, which file is written of it, and how far answers lie apart.
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
from weighin.build import objects
from weighin.core import WeighinError
from weighin.formats.model_file import model_file
from weighin.frameworks import keras3, loading, process, tf_keras

folder, two, three = Path(sys.argv[1]), process.keras(), keras3.module()
images = np.random.default_rng(2).uniform(0, 1, (5, 6, 6, 1)).astype("float32")

def graph(keras, *more):
    layers = keras.layers
    return keras.Sequential([layers.Input((6, 6, 1)), layers.Conv2D(4, 3, activation="relu"),
                             layers.Flatten(), *more, layers.Dense(3, "softmax")], name="mine")

def written(keras):
    class Written(keras.Model):
        def __init__(self):
            super().__init__(name="written")
            self.flat, self.scores = keras.layers.Flatten(), keras.layers.Dense(3)

        def call(self, inputs):
            return self.scores(self.flat(inputs)) * 2

    model = Written()
    model(images)
    return model

def scaled(keras):
    class Scaled(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 3
    return graph(keras, Scaled())

def lambdas(keras):
    return graph(keras, keras.layers.Lambda(lambda x: x + 1))

def told(model):
    path = objects.written(model, folder)
    again = objects.written(model, folder)
    values = np.asarray(model(images))
    source = model_file(path)
    (read,) = tf_keras.answered(loading.load(source), [images]).values()
    weights = model.get_weights()
    model.set_weights([weight + 1 for weight in weights])
    return {"file": path.name, "again": path == again,
            "other": path != objects.written(model, folder),
            "apart": float(np.abs(values - read).max())}

made = {f"{kind.__name__}{at}": kind(keras) for kind in (graph, written, scaled, lambdas)
        for at, keras in ((2, two), (3, three))}
made["compiled2"] = graph(two)
made["compiled2"].compile("sgd", "mse")
answers = {name: told(model) for name, model in made.items()}
unbuilt = three.Sequential([three.layers.Dense(3)])
try:
    objects.written(unbuilt, folder)
except WeighinError as error:
    answers["unbuilt"] = str(error)
print(json.dumps(answers))
"""

FILES = {
    **{"graph2": "mine.h5", "graph3": "mine.keras", "compiled2": "mine.h5"},
    **dict.fromkeys(("written2", "written3"), "written"),
    **dict.fromkeys(("scaled2", "scaled3", "lambdas2", "lambdas3"), "mine"),
}
KERAS_3 = versions.why_no_keras_3() or (missing("tensorflow") and "TensorFlow is not installed")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What became of all of them."""
    return answer(PROGRAM, str(tmp_path_factory.mktemp("objects")), environment=importing())


@pytest.mark.skipif(bool(KERAS_3), reason=KERAS_3 or "")
@pytest.mark.parametrize("name", FILES)
def test_a_model_is_written_once_and_answers_the_same(told: Mapping[str, Any], name: str) -> None:
    """Layers of either Keras as their file, code of one's own as a SavedModel."""
    became = told[name]

    assert FILES[name] == became["file"]
    assert became["again"]
    assert became["other"], "other weights are another file"
    assert became["apart"] < 1e-5


@pytest.mark.skipif(bool(KERAS_3), reason=KERAS_3 or "")
def test_a_model_without_weights_is_refused(told: Mapping[str, Any]) -> None:
    assert "The model has no weights yet: call it once, or give it an Input." == told["unbuilt"]


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeighinError, match=r"A types\.SimpleNamespace is not weighed: give a path"):
        objects.written(SimpleNamespace(save=print, weights=[1]), tmp_path)
    assert [] == list(tmp_path.iterdir())
