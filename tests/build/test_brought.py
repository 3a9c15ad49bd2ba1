"""Trained files of either Keras are built like reference models, in every form."""

from __future__ import annotations

import dataclasses
import json
import pickle
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers import needing
from helpers.commands import made_by
from helpers.support import isolate_registries
from helpers.tiny import registrations_undone, tiny_arrays
from helpers.trained_files import (
    DIRECT,
    FILES,
    KERAS_2,
    MAKER,
    MOVED,
    OF_KERAS_3,
    brought,
    write_beside,
)

from weighin import grammar, registry
from weighin.build.artifacts import Artifacts
from weighin.build.brought import PROFILE, BroughtModel
from weighin.build.cache import Cache
from weighin.build.jobs import Job, job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import (
    Artifact,
    Case,
    Failure,
    ModelFile,
    Recipe,
    SkippedError,
    WeighinError,
    Weights,
)
from weighin.datasets.search import SearchPaths
from weighin.definitions import load_definitions
from weighin.formats.model_file import model_file
from weighin.frameworks import versions
from weighin.packages import version
from weighin.runtimes.litert import LiteRT

pytestmark = needing.tensorflow
HERE = [name for name in FILES if name not in OF_KERAS_3 or versions.why_no_keras_3() is None]
QUANTIZED = ("moved", "odd", "old_h5", "written")  # whose int8 files are built too
TRAINED_FURTHER = ("moved", "odd", "old_h5", "written")
WRITTEN = "class Written is written as code, and no graph of layers of Keras 2"


def each(names: Iterable[str], *values: str) -> list[Any]:
    """Cases of names, each with these values; those that Keras 3 has written want one here."""
    marks = {name: needing.keras_3 if name in OF_KERAS_3 else () for name in names}
    return [pytest.param(name, *values, marks=marked) for name, marked in marks.items()]


@dataclasses.dataclass(frozen=True)
class Bench:
    """What was made and built.

    Attributes:
        folder: of the files.
        artifacts: of a run that has built them.
        answers: what the Keras of each file answered to the test images, by model.
    """

    folder: Path
    artifacts: Artifacts
    answers: dict[str, np.ndarray]

    def outcome(self, model: str, name: str = "baseline", format: str = "tflite") -> object:
        """What became of a job."""
        return self.artifacts.built[job(model, name, format)]

    def artifact(self, model: str, name: str = "baseline", format: str = "tflite") -> Artifact:
        """A file that was built."""
        outcome = self.outcome(model, name, format)
        assert isinstance(outcome, Artifact), outcome
        return outcome


def job(model: str, name: str = "baseline", format: str = "tflite") -> Job:
    """The job of a variant."""
    return job_for(model, PROFILE, 0, grammar.parse(name), format)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of trained files."""
    folder = tmp_path_factory.mktemp("trained")
    write_beside(folder, tiny_arrays())
    return made_by(MAKER, folder)


@pytest.fixture(scope="module")
def bench(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """All of them as .tflite files, some quantized and some trained further."""
    cache = tmp_path_factory.mktemp("cache")
    models = tuple(brought(folder, name) for name in HERE)
    context = BuildContext(
        Cache(cache), SearchPaths(None, cache, True, ()), (folder / "models",), brought=models
    )
    with registrations_undone():
        load_definitions(context.definitions)
        for model in models:
            model.register()
        wanted = [job(name) for name in HERE]
        wanted += [job(name, "int8") for name in QUANTIZED if name in HERE]
        wanted += [job(name, "prune(0.5)") for name in TRAINED_FURTHER if name in HERE]
        artifacts = Artifacts(context, PROFILE)
        artifacts.built |= build(wanted, context, workers=2)
        with np.load(folder / "answers.npz") as answers:
            yield Bench(folder, artifacts, dict(answers))


def answered(artifact: Artifact) -> np.ndarray:
    """What a .tflite file answers to the test images."""
    (port,) = artifact.signature.inputs
    images = tiny_arrays()["x_test"].reshape(-1, *port.shape).astype("float32")
    session = LiteRT().open(artifact.path, 1)
    (values,) = session.predict({port.name: images}).values()
    session.close()
    return np.asarray(values)


def apart(values: np.ndarray, wanted: np.ndarray) -> float:
    """How far answers lie apart, in shares of the spread of those that are wanted."""
    assert values.shape == wanted.shape
    return float(np.abs(values - wanted).max() / np.ptp(wanted))


@pytest.mark.parametrize("name", each(FILES))
def test_every_kind_of_file_answers_as_in_its_own_keras(bench: Bench, name: str) -> None:
    artifact = bench.artifact(name)
    (kept,) = artifact.outputs().values()

    assert apart(kept, bench.answers[name][: len(kept)]) < 1e-5
    assert apart(answered(artifact), bench.answers[name]) < 1e-4
    assert artifact.trained


@pytest.mark.parametrize("name", each(QUANTIZED))
def test_integers_are_near_the_original(bench: Bench, name: str) -> None:
    artifact = bench.artifact(name, "int8")

    assert apart(answered(artifact), bench.answers[name]) < 0.2
    assert artifact.bytes < bench.artifact(name).bytes


@pytest.mark.parametrize("name", each([*MOVED, *KERAS_2]))
def test_layers_that_keras_2_has_are_a_keras_file(bench: Bench, name: str) -> None:
    start = bench.artifact(name, format="h5")

    assert start.format == "h5"
    assert "direct" not in start.facts


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *each(["odd"], "layer 'rms' (RMSNormalization) has no counterpart in Keras 2"),
        *each(["differing"], "of their spread when it is written in Keras 2"),
        *each(["exported", "exported2"], "a SavedModel holds a graph, and no layers of Keras 2"),
        *each(["written", "net_written"], WRITTEN),
        *each(["net_owned"], "layer 'doubling' (Doubling) is of one's own code, and no layer of"),
        *each(["net_acting"], "(squared) is of one's own code, and no layer of Keras 2"),
        *each(["code2"], "layer 'code' (Lambda) holds code, and is no plain layer of Keras 2"),
        *each(["code3"], "layer 'code' (Lambda) has no counterpart in Keras 2"),
    ],
)
def test_what_keras_2_lacks_goes_directly_and_says_why(bench: Bench, name: str, why: str) -> None:
    start = bench.artifact(name, format="h5")
    case = Case(name, "pixels", "baseline", 0, "h5")

    assert name in DIRECT
    assert start.format == "savedmodel.zip"
    assert why in start.facts["direct"]
    with pytest.raises(SkippedError, match=r"^no \.h5 file is made: ") as caught:
        bench.artifacts.of(case)
    assert why in str(caught.value)


@pytest.mark.parametrize("name", each(["moved", "old_h5"]))
def test_layers_are_trained_further(bench: Bench, name: str) -> None:
    pruned = bench.artifact(name, "prune(0.5)")
    case = Case(name, "pixels", "prune(0.5)", 0, "tflite")

    assert pruned == bench.artifacts.of(case)  # its claim holds: half of the weights are zero


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *each(["odd"], "layer 'rms' (RMSNormalization) has no counterpart in Keras 2"),
        *each(["written"], WRITTEN),
    ],
)
def test_training_is_skipped_where_there_are_no_layers(bench: Bench, name: str, why: str) -> None:
    outcome = bench.outcome(name, "prune(0.5)")

    assert Failure(f"{why}, which the optimization toolkit works on", skipped=True) == outcome
    with pytest.raises(SkippedError, match=re.escape(why)):
        bench.artifacts.of(Case(name, "pixels", "prune(0.5)", 0, "tflite"))


@pytest.mark.parametrize(
    ("name", "activation", "layer"),
    [
        *each(["moved"], "linear", "scores"),
        *each(["odd", "exported", "exported2", "written"], "softmax", ""),
        *each(["net_written"], "linear", ""),
    ],
)
def test_what_the_answers_are_is_found(
    bench: Bench, name: str, activation: str, layer: str
) -> None:
    output = bench.artifact(name).signature.output

    assert activation == output.activation
    assert layer in ("", output.layer)
    assert bench.artifact(name).facts["task"] == "classification"


@pytest.mark.parametrize("name", each(["moved", "old_h5"]))
def test_the_key_is_made_of_the_file_and_of_no_question(bench: Bench, name: str) -> None:
    provenance = bench.artifact(name, format="h5").provenance
    source = brought(bench.folder, name).source

    assert source.sha256 == provenance["file"]
    assert version("keras") == provenance["keras"]
    assert bench.artifacts.context.created == {}


def test_a_function_without_weights_is_asked(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate_registries(monkeypatch)
    source = model_file(bench.folder / "nets.py", function="two", name="asked")
    BroughtModel(source, Recipe("pixels", 0, 0)).register()

    assert [job("asked").chain[0]] == bench.artifacts.context.to_ask(job("asked").chain)


def test_what_is_brought_goes_to_other_processes(folder: Path) -> None:
    for name in HERE:
        model = brought(folder, name)
        assert model == pickle.loads(pickle.dumps(model))  # noqa: S301 - our own


def test_a_trained_file_is_not_trained_by_its_recipe(
    folder: Path, isolated_registries: None
) -> None:
    source = model_file(folder / "old_keras.keras", name="trained already")

    for recipe in (Recipe("pixels", 1, 0), Recipe("pixels", 0, 0, weights=Weights("x.h5"))):
        with pytest.raises(WeighinError, match="'trained already' is trained already: epochs=0"):
            BroughtModel(source, recipe).register()
    assert source.name not in registry.models


def refused(folder: Path, cache: Path, sources: Iterable[ModelFile]) -> list[str]:
    """Why dense starts of models could not be built."""
    models = tuple(BroughtModel(source, Recipe("pixels", 0, 0)) for source in sources)
    context = BuildContext(
        Cache(cache), SearchPaths(None, cache, True, ()), (folder / "models",), brought=models
    )
    with registrations_undone():
        load_definitions(context.definitions)
        for model in models:
            model.register()
        wanted = [job(model.source.name, format="h5") for model in models]
        outcomes = build(wanted, context, workers=1)
        reasons = [outcomes[one] for one in wanted]
    assert all(isinstance(reason, Failure) and not reason.skipped for reason in reasons)
    return [reason.reason for reason in reasons if isinstance(reason, Failure)]


CODE = "holds code: layer 'code' is a Lambda layer"


def test_what_cannot_be_weighed_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    """Code that nobody trusts does not run, even where its source says that it was looked at."""
    weights = folder / "net_written.weights.h5"
    installed = version("tf-keras" if versions.why_no_keras_3() is None else "keras")
    wanted = {
        **dict.fromkeys(untrusted(folder, "code2"), CODE),
        dataclasses.replace(
            brought(folder, "old_h5").source, name="other", sha256="ab"
        ): "has changed since the run began",
        model_file(
            folder / "nets.py", function="two", weights=weights, name="misfit"
        ): "does not fit what two of nets.py returns",
        model_file(
            folder / "nets.py", function="nothing", weights=weights, name="nothing"
        ): "nothing returns int, not a model of Keras",
        model_file(of_a_newer_keras(folder), name="newer"): (
            f"was written by Keras 2.99.0 and cannot be read by Keras {installed}. pip install "
            f"'tensorflow==2.99.*' 'tf-keras==2.99.*' reads it."
        ),
        model_file(
            folder / "nets.py", function="two", weights=laid_out_otherwise(folder), name="laid"
        ): f"Another Keras may have written it, and here is Keras {installed}: write it by that",
    }
    (folder / "ran2").unlink(missing_ok=True)  # other tests trust it

    said = refused(folder, tmp_path, wanted)

    for told, reason in zip(wanted.values(), said, strict=True):
        assert told in reason
    assert not (folder / "ran2").exists()


@needing.keras_3
def test_what_cannot_be_weighed_of_keras_3_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    sources = [*untrusted(folder, "code3"), model_file(folder / "training")]
    (folder / "ran3").unlink(missing_ok=True)

    *code, training = refused(folder, tmp_path, sources)

    assert all(CODE in reason for reason in code)
    assert not (folder / "ran3").exists()
    assert "as Keras 3's model.export does where layers such as RandomFlip are inside" in training


def of_a_newer_keras(folder: Path) -> Path:
    """A file that says so, with an argument of a layer that this Keras does not know."""
    path = shutil.copy(folder / "old_h5.h5", folder / "newer.h5")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][0]["config"]["newly"] = True
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.99.0"
    return path


def laid_out_otherwise(folder: Path) -> Path:
    """Weights where no Keras looks for them."""
    path = folder / "laid.weights.h5"
    with h5py.File(path, "w") as file:
        file.create_group("vars")  # of the model itself, which has none
        file["layers/elsewhere/vars/0"] = np.ones((36, 24), np.float32)
    return path


def untrusted(folder: Path, name: str) -> list[ModelFile]:
    """A model with code as both files, as if they had been found harmless."""
    found = [
        model_file(folder / f"{name}.{ending}", name=f"{name}_{ending}", trust=True)
        for ending in ("h5", "keras")
    ]
    return [dataclasses.replace(one, trust=False) for one in found]
