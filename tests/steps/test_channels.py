"""The step that removes channels, through the whole build, on LiteRT and by its name."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.needing import need_tensorflow
from helpers.tiny import registrations_undone, write_project

from weighin import grammar
from weighin.build.artifacts import Artifacts
from weighin.build.cache import Cache
from weighin.build.jobs import job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import WeighinError
from weighin.core.case import Case
from weighin.datasets.search import SearchPaths
from weighin.definitions import load_definitions
from weighin.formats.keras import read_keras
from weighin.formats.tflite import read_tflite
from weighin.measure.context import RunContext

MODELS = '''"""One network of every kind of layer that is narrowed, and one that cannot be."""

from weighin import Recipe, model

QUICK = Recipe("tiny", epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01)


@model(quick=QUICK)
def branched(keras):
    layers = keras.layers
    entry = layers.Input((6, 6, 1))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(entry)))
    y = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(12, 1)(x)))
    y = layers.DepthwiseConv2D(3, padding="same")(y)
    x = layers.Add()([layers.Conv2D(8, 1)(y), x])
    x = layers.Concatenate()([layers.Conv2D(4, 1)(x), layers.Conv2D(6, 3, padding="same")(x)])
    x = layers.SeparableConv2D(16, 3, activation="relu")(x)
    x = layers.Dense(10, activation="relu")(layers.Flatten()(x))
    return keras.Model(entry, layers.Dense(3, activation="softmax")(x))


@model(quick=QUICK)
def layer_normalized(keras):
    layers = keras.layers
    entry = layers.Input((6, 6, 1))
    x = layers.LayerNormalization(name="levelling")(layers.Conv2D(4, 3)(entry))
    return keras.Model(entry, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))
'''

VARIANTS = (
    *("baseline", "channels(0.5)", "channels(0.5)+int8"),
    "channels(0.5)+channels(0.9,norm=l1)",  # down to a single channel in most layers
)


def case(name: str, format: str = "tflite", model: str = "branched") -> Case:
    """A row of a variant; on LiteRT, if it is of a .tflite file."""
    return Case(model, "tiny", name, 0, format, "litert" if format == "tflite" else "keras-cpu", 1)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunContext]:
    """All variants of both models, built in one go."""
    need_tensorflow()
    project, cache = (tmp_path_factory.mktemp(name) for name in ("project", "cache"))
    models = write_project(project) / "models"
    (models / "branched.py").write_text(MODELS, "utf-8")
    with registrations_undone():
        load_definitions([models])
        build_context = BuildContext(Cache(cache), SearchPaths(None, cache, True, ()), (models,))
        jobs = [
            job_for(model, "quick", 0, grammar.parse(name), "tflite")
            for model, names in (("branched", VARIANTS), ("layer_normalized", ["channels(0.5)"]))
            for name in names
        ]
        built = build(jobs, build_context)
        yield RunContext(Artifacts(build_context, "quick", built=built))


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_convert_and_answer(bench: RunContext, name: str) -> None:
    """Each is what it is called, and LiteRT answers as its Keras model does."""
    session = bench.open(case(name))

    session.close()
    assert bench.fidelities[case(name)].n > 0


@pytest.mark.parametrize("name", VARIANTS[1:])
def test_a_narrower_model_is_smaller_and_does_less(bench: RunContext, name: str) -> None:
    """File and multiply-accumulates fall, with no zero that a runtime would have to skip."""
    before, after = (bench.artifact(case(each)) for each in ("baseline", name))
    graphs = [read_tflite(each.path) for each in (before, after)]

    assert after.bytes < before.bytes
    assert graphs[1].macs < 0.5 * graphs[0].macs
    assert graphs[1].parameters < 0.6 * graphs[0].parameters
    assert graphs[1].nonzero_parameters > 0.9 * graphs[1].parameters


def test_the_keras_file_is_narrower_too(bench: RunContext) -> None:
    """Layers keep their names, and half of their channels; a layer of three classes has three."""
    before, after = (
        {
            weight.name: weight.values.shape
            for weight in read_keras(bench.artifact(each).path).weights
        }
        for each in (case("baseline", "h5"), case("channels(0.5)", "h5"))
    )

    assert set(before) == set(after)
    kernels = [name for name in before if name.endswith("/kernel:0")]
    assert 7 == len(kernels)
    for name in kernels:
        width = before[name][-1]
        assert (3 if width == 3 else width // 2) == after[name][-1]


def test_what_was_narrowed_still_knows_its_classes(bench: RunContext) -> None:
    """After the further epochs most test images get their class, of three, from half the model."""
    evaluation = bench.evaluation(case("channels(0.5)"))

    top1 = evaluation.task.figures[0]
    assert evaluation.scored(top1).mean() > 0.8


def test_a_dense_file_in_its_place_is_found_out(bench: RunContext, tmp_path: Path) -> None:
    """The dense model under a narrowed one's name is refused before anything is measured."""
    dense = bench.artifact(case("baseline")).path
    narrowed = bench.artifact(case("channels(0.5)")).path
    content = narrowed.read_bytes()
    again = RunContext(Artifacts(bench.build_context, "quick", built=dict(bench.artifacts.built)))
    try:
        narrowed.write_bytes(dense.read_bytes())
        with pytest.raises(
            WeighinError, match=r"channels\(0.5\): every layer is as wide as before"
        ):
            again.artifact(case("channels(0.5)"))
    finally:
        narrowed.write_bytes(content)


def test_a_layer_that_cannot_be_narrowed_is_named(bench: RunContext) -> None:
    """Where nothing can go, the row says before which layer channels had to stay."""
    with pytest.raises(WeighinError, match=r"^not built: .* before 'levelling' \(LayerNorm"):
        bench.artifact(case("channels(0.5)", model="layer_normalized"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("channels(0)", "fraction=0 removes nothing: write 'finetune' for the dense control"),
        ("channels(1)", "must be at least 0 and below 1"),
        ("channels", "'channels' needs fraction"),
        ("channels(0.5,norm=l3)", "must be one of: l2, l1"),
        ("channels(0.5,multiple=0)", "must be above 0"),
    ],
)
def test_arguments_that_make_no_sense(name: str, reason: str) -> None:
    """What is wrong with a variant's name is told where it is read."""
    with pytest.raises(WeighinError) as told:
        grammar.parse(name)

    assert reason in str(told.value)
