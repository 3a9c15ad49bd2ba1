"""Files are converted with a batch of one; left open, a batch makes other graphs."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.flatbuffer import dense, write
from helpers.needing import need_tensorflow
from helpers.support import tensorflow
from helpers.tiny import registrations_undone, write_project

from weighin import grammar, registry
from weighin.build import invariants
from weighin.build.cache import Cache
from weighin.build.executors.local import Local
from weighin.build.jobs import job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Artifact, Dataset, Failure, WeighinError
from weighin.datasets.search import SearchPaths
from weighin.definitions import load_definitions
from weighin.diagnostics.delegation import SHAPE_OPERATORS
from weighin.diagnostics.facts import Facts
from weighin.diagnostics.rules import explain
from weighin.exports._batch import check_batch
from weighin.formats.tflite import read_tflite
from weighin.measure.equivalence import check_session
from weighin.runtimes.litert import LiteRT

MODELS = '''"""Networks in which shapes are computed, or states are kept."""

from weighin import Recipe, model

RECIPE = Recipe("tiny", epochs=3, finetune_epochs=1, batch_size=8, learning_rate=0.01)


@model(quick=RECIPE)
def transposed(keras):
    """A transposed convolution, whose output shape is computed."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@model(quick=RECIPE)
def recurrent(keras):
    """An LSTM over the rows of an image."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Reshape((6, 6)),
            layers.LSTM(8),
            layers.Dense(3, activation="softmax"),
        ]
    )


@model(quick=RECIPE)
def attention(keras):
    """Attention between the rows of an image."""
    layers = keras.layers
    image = layers.Input((6, 6, 1))
    rows = layers.Reshape((6, 6))(image)
    rows = layers.Add()([rows, layers.MultiHeadAttention(2, 4)(rows, rows)])
    return keras.Model(image, layers.Dense(3, activation="softmax")(layers.Flatten()(rows)))
'''
WANTED = [
    *((model, name) for model in ("transposed", "attention") for name in ("baseline", "int8")),
    ("transposed", "float32(batch=open)"),
    ("attention", "float32(batch=open)"),
    ("recurrent", "baseline"),
    ("recurrent", "float32(batch=open)"),
]
Made = Callable[[str, str], Artifact | Failure]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """What became of a model's variant; all are built in one process."""
    need_tensorflow()
    project = write_project(tmp_path_factory.mktemp("project"))
    (project / "models" / "graphs.py").write_text(MODELS, "utf-8")
    cache = tmp_path_factory.mktemp("cache")
    search = SearchPaths(None, cache, True, ())
    build_context = BuildContext(Cache(cache), search, (project / "models",))
    with registrations_undone():
        load_definitions([project / "models"])
        jobs = {
            (model, name): job_for(model, "quick", 0, grammar.parse(name), "tflite")
            for model, name in WANTED
        }
        built = build(jobs.values(), build_context, executor=Local(1))
        yield lambda model, name: built[jobs[model, name]]


def file(made: Made, model: str, name: str) -> Artifact:
    """The artifact, which must have been built."""
    artifact = made(model, name)
    assert isinstance(artifact, Artifact), artifact
    return artifact


@pytest.mark.parametrize("model", ["transposed", "attention"])
def test_an_open_batch_makes_another_graph(made: Made, model: str) -> None:
    """One that computes shapes; the reasons say how many operators do, and of one batch nothing."""
    one, left_open = (
        read_tflite(file(made, model, name).path) for name in ("baseline", "float32(batch=open)")
    )
    computing, left = (
        [operator.name for operator in graph.operators if operator.name in SHAPE_OPERATORS]
        for graph in (left_open, one)
    )

    assert (False, True) == (one.open_batch, left_open.open_batch)
    assert computing
    if model == "attention" and tensorflow() < (2, 15):  # whose converter leaves some in any case
        assert len(left) < len(computing)
        return
    assert not left
    variant = grammar.parse("float32(batch=open)")
    said = " ".join(explain(Facts(variant, left_open)))
    assert f"{len(computing)} of {len(left_open.operators)} operators compute shapes" in said
    assert "compute shapes" not in " ".join(explain(Facts(variant, one)))


def test_recurrent_layers_convert_with_a_batch_of_one(made: Made) -> None:
    """With an open batch they do not: the row says so by the converter's own reason."""
    assert isinstance(made("recurrent", "baseline"), Artifact)
    refused = made("recurrent", "float32(batch=open)")
    assert isinstance(refused, Failure)
    assert refused.reason


@pytest.mark.parametrize(("model", "name"), [each for each in WANTED if "open" not in each[1]])
def test_the_whole_test_set_is_answered_as_one_by_one(
    made: Made, tiny_data: Dataset, model: str, name: str
) -> None:
    """By a resized file where it answers alike, else by several; states do not stay."""
    artifact = file(made, model, name)
    data = tiny_data.fed_to(artifact.signature)
    images = data.test.inputs()
    session = LiteRT().open(artifact.path, 1)
    alone = []
    for at in range(len(data.test)):
        session.inference(data.test.inputs(at, at + 1))()
        alone += session.answer().values()

    (scores,) = session.predict(images).values()

    step = 1 / 256 if "int8" in name else 1e-5
    assert np.abs(scores - np.concatenate(alone)).max() <= step * 1.001
    task = registry.tasks["classification"]
    assert len(data.test) >= check_session(session, artifact, data, task).n
    np.testing.assert_array_equal(*session.predict(images).values(), scores)


def test_a_file_is_held_to_its_batch(made: Made) -> None:
    """A name that promises the other batch is refused."""
    one = file(made, "transposed", "baseline").path
    left_open = file(made, "transposed", "float32(batch=open)").path
    for path, name, said in (
        (one, "float32(batch=open)", "its batch dimension is fixed"),
        (left_open, "baseline", "its batch dimension is left open"),
    ):
        with pytest.raises(WeighinError, match=said):
            invariants.check(path, grammar.parse(name), lambda other: one)


def test_the_batch_is_read_from_the_file(tmp_path: Path) -> None:
    """By the signature of its first input."""
    graph = read_tflite(write(tmp_path / "model.tflite", dense(3, 4), open_batch=True))

    assert graph.open_batch
    assert check_batch(graph, "open") is None
    assert "its batch dimension is left open" == check_batch(graph, "one")
