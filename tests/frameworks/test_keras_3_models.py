"""Models that the optimization toolkit does not work on are moved, or refused by each step."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Mapping

import pytest
from helpers.commands import answer
from helpers.needing import need_tensorflow

from weighin import registry
from weighin.core import USUAL_FORMAT
from weighin.exports import int4

STEPS = ["prune(0.5)", "cluster(4)", "qat", "channels(0.5)", "finetune"]
EXPORTS = [
    *("float32", "float16", "dynamic", "int8", "int16x8", "sparse", "compact(int8)"),
    *("int4", "reorder(int8)", "litert(dynamic_wi8_afp32)"),
]

# Prints, as JSON, what each step and export in `argv` says to a model of `import keras`, which is
# Keras 3 from TensorFlow 2.16 on; "" is a model or a file.
PROGRAM = """
import json, sys
import keras
import numpy as np
from weighin import registry
from weighin.frameworks import tf_keras
from weighin import grammar
from weighin.core import Recipe, ReferenceModel, WeighinError
from weighin.datasets.loading import from_arrays
from weighin.frameworks.training import Trainer

def create(given):
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )

images = np.random.default_rng(1).integers(0, 255, (40, 6, 6, 1), dtype=np.uint8)
labels = (np.arange(40) % 3).astype(np.uint8)
arrays = dict(x_train=images, y_train=labels, x_test=images, y_test=labels)
data = from_arrays("noise", arrays, classes=3, scale=1 / 255)
trainer = Trainer(Recipe("noise", epochs=1, finetune_epochs=1, batch_size=20), data, 0)

def taken(function, *words, **arguments):
    try:
        function(*words, **arguments)
    except WeighinError as error:
        return str(error)
    return ""

said = {"create": taken(trainer.dense_start, ReferenceModel("three", create, {}))}
said["serialize"] = taken(tf_keras.serialize, create(None))
for name in sys.argv[1:]:
    wanted = grammar.parse(name)
    call = wanted.steps[0] if wanted.steps else wanted.export
    function = (registry.steps if wanted.steps else registry.exports)[call.name]
    given = trainer if wanted.steps else trainer.calibration()
    said[name] = taken(function, create(None), given, **grammar.arguments(call, function))
print(json.dumps([keras.__version__, said]))
"""


@pytest.fixture(scope="module")
def said(child_environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The version of `keras`, and what was said to its models, all in one child process."""
    need_tensorflow()
    legacy = {**child_environment, "TF_USE_LEGACY_KERAS": "1"}  # must make no difference
    version, answers = answer(PROGRAM, *STEPS, *EXPORTS, environment=legacy)
    return version, answers


def test_every_step_and_export_is_asked() -> None:
    """What is registered later has to be added here."""
    exports = {name for name in registry.exports if registry.export_format(name) == USUAL_FORMAT}
    assert {*registry.steps, *exports} == {name.partition("(")[0] for name in (*STEPS, *EXPORTS)}


def test_a_function_may_return_a_keras_3_model(said: tuple[str, dict[str, str]]) -> None:
    """It is moved to Keras 2 and trained there."""
    _, answers = said

    assert "" == answers["create"]


@pytest.mark.parametrize("name", ["serialize", *STEPS, *EXPORTS])
def test_keras_3_models_are_refused(said: tuple[str, dict[str, str]], name: str) -> None:
    """No abort and no None: the reason and the way out. `import keras` of Keras 2 is taken."""
    version, answers = said
    missing = int4.int4.available() if name == "int4" else None  # type: ignore[attr-defined]

    if missing:
        assert missing == answers[name]
    elif version.startswith("2."):
        assert "" == answers[name]
    else:
        assert (
            "is a keras.src.models.sequential.Sequential, not a model of Keras 2" in answers[name]
        )
        assert "not from `import keras`" in answers[name]
