"""Trained files of either Keras, in every form: built, and weighed from the command line."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
import dataclasses
import json
import pickle
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from helpers import needing
from helpers.commands import made_by
from helpers.support import isolate_registries
from helpers.tiny import registrations_undone
from helpers.trained_files import (
    DIRECT,
    FILES,
    KERAS_2,
    MAKER,
    MOVED,
    OF_KERAS_3,
    VARIANTS,
    command,
    write_beside,
)

import weighin.cli.weigh as weigh_command
from weighin import grammar, registry
from weighin.build.artifacts import Artifacts
from weighin.build.brought import PROFILE, BroughtModel
from weighin.build.cache import Cache
from weighin.build.executors.local import Local
from weighin.build.jobs import Job, job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.cli import main
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
from weighin.datasets.bringing import Reading, bring
from weighin.datasets.search import SearchPaths
from weighin.formats.model_file import model_file
from weighin.frameworks import versions
from weighin.job import weighing
from weighin.job.run import Run
from weighin.packages import version
from weighin.records import store
from weighin.runtimes.litert import LiteRT

pytestmark = needing.tensorflow
HERE = [name for name in FILES if name not in OF_KERAS_3 or versions.why_no_keras_3() is None]
QUANTIZED = tuple(name for name, variants in VARIANTS.items() if "int8" in variants)
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
    write_beside(folder)
    return made_by(MAKER, folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what is built is kept, for the commands too."""
    return tmp_path_factory.mktemp("cache")


def planned(folder: Path, cache: Path, name: str) -> Run:
    """What the command about a model is about to do."""
    file, *words = command(name)[1:]
    context = main.make_context("weighin", ["weigh", *words, file])
    options = weigh_command.weigh.make_context("weigh", [*words, file], parent=context).params
    for unwanted in ("files", "style", "by", "color", "junit"):
        del options[unwanted]
    return weighing.planned([file], weigh_command._asked(options | {"cache_dir": str(cache)}))


@pytest.fixture(scope="module")
def bench(folder: Path, cache: Path) -> Bench:
    """All that the commands need, built in one go."""
    with registrations_undone(), contextlib.chdir(folder):
        runs = [planned(folder, cache, name) for name in HERE]
        contexts = [run.context.artifacts.context for run in runs]
        data = contexts[0].brought[0]
        brought = (data, *(context.brought[1] for context in contexts))
        context = dataclasses.replace(contexts[0], brought=brought)
        artifacts = Artifacts(context, PROFILE, Local(2))
        artifacts.build(cell.case for run in runs for cell in run.cells("artifact"))
    with np.load(folder / "answers.npz") as answers:
        return Bench(folder, artifacts, dict(answers))


def answered(artifact: Artifact, folder: Path) -> np.ndarray:
    """What a .tflite file answers to the test images."""
    (port,) = artifact.signature.inputs
    images = np.load(folder / "pixels.npz")["x_test"].reshape(-1, *port.shape).astype("float32")
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
    assert apart(answered(artifact, bench.folder), bench.answers[name]) < 1e-4
    assert artifact.trained


@pytest.mark.parametrize("name", each(QUANTIZED))
def test_integers_are_near_the_original(bench: Bench, name: str) -> None:
    artifact = bench.artifact(name, "int8")

    differences = np.abs(answered(artifact, bench.folder) - bench.answers[name])
    assert differences.mean() < 0.02 * np.ptp(bench.answers[name])
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


@pytest.mark.parametrize("name", each(FILES))
def test_the_command_weighs_every_kind_of_file(
    bench: Bench,
    cache: Path,
    name: str,
    tmp_path: Path,
    few_cold_starts: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the accuracy that the file has in its own Keras, and nothing is built again."""
    monkeypatch.chdir(bench.folder)
    monkeypatch.setattr("weighin.build.executors.local._Pool", None)
    options = ["--cache-dir", str(cache), "-o", str(tmp_path), "--pair-seconds", "0.05"]
    with registrations_undone():
        result = CliRunner().invoke(main, [*command(name), *options, "--runtimes", "litert"])

    assert 0 == result.exit_code, result.output
    (path,) = tmp_path.glob("*.json")
    top1 = {each.variant: each for each in store.load(path).records if each.metric == "top1"}
    right = bench.answers[name].argmax(axis=1) == np.load("pixels.npz")["y_test"]
    trains = "prune(0.5)" in VARIANTS.get(name, ())  # and so is fine-tuned, to be compared with
    assert {"baseline", *VARIANTS.get(name, ()), *(["finetune"] * trains)} == set(top1)
    assert right.mean() == pytest.approx(top1["baseline"].value)
    for variant in set(top1) - {"baseline"}:
        if name in DIRECT and variant in ("prune(0.5)", "finetune"):
            assert "which the optimization toolkit works on" in top1[variant].reason
        else:
            assert right.mean() == pytest.approx(top1[variant].value, abs=0.1)


def test_a_test_part_is_enough_where_nothing_is_trained_or_calibrated(
    folder: Path, tmp_path: Path, few_cold_starts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what needs more is skipped with the reason."""
    monkeypatch.chdir(folder)
    with np.load("pixels.npz") as arrays:
        np.savez("tested.npz", x_test=arrays["x_test"], y_test=arrays["y_test"])
    options = ["--cache-dir", str(tmp_path / "cache"), "-o", str(tmp_path / "results")]
    words = ["old_h5.h5", "--data", "tested.npz", "--variants", "float16,dynamic,int8"]

    with registrations_undone():
        result = CliRunner().invoke(
            main, ["weigh", *words, *options, "--runtimes", "litert", "--pair-seconds", "0.05"]
        )

    assert 0 == result.exit_code, result.output
    (path,) = (tmp_path / "results").glob("*.json")
    top1 = {each.variant: each for each in store.load(path).records if each.metric == "top1"}
    assert {"ok"} == {top1[name].status for name in ("baseline", "float16", "dynamic")}
    assert "skipped" == top1["int8"].status
    assert "Calibrating takes examples that are not tested on" in top1["int8"].reason


def test_what_does_not_fit_the_model_is_one_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It exits with 2, without a table or a results file."""
    monkeypatch.chdir(folder)
    with np.load("pixels.npz") as arrays:
        np.savez("shifted.npz", **{**arrays, "y_test": arrays["y_test"] + 1})
    options = ["--cache-dir", str(tmp_path / "cache"), "-o", str(tmp_path / "results")]

    with registrations_undone():
        command = ["weigh", "old_h5.h5", "--data", "shifted.npz", *options]
        result = CliRunner().invoke(main, command)

    assert 2 == result.exit_code, result.output
    assert "Error: " in result.output
    assert "classes" in result.output.partition("Error: ")[2]
    assert "latency" not in result.output
    assert [] == list((tmp_path / "results").glob("*"))


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
    source = model_file(bench.folder / FILES[name])

    assert source.sha256 == provenance["file"]
    assert version("keras") == provenance["keras"]
    assert bench.artifacts.context.created == {}


def test_a_function_without_weights_is_asked(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate_registries(monkeypatch)
    source = model_file(bench.folder / "net2.py", function="net", name="asked")
    BroughtModel(source, Recipe("pixels", 0, 0)).register()

    assert [job("asked").chain[0]] == bench.artifacts.context.to_ask(job("asked").chain)


def test_what_is_brought_goes_to_other_processes(bench: Bench) -> None:
    brought = bench.artifacts.context.brought

    assert len(HERE) + 1 == len(brought)  # the data, too
    assert brought == pickle.loads(pickle.dumps(brought))  # noqa: S301 - our own


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
    data = bring(folder / "pixels.npz", Reading(), cache)
    models = tuple(BroughtModel(source, Recipe("pixels", 0, 0)) for source in sources)
    context = BuildContext(
        Cache(cache), SearchPaths(None, cache, True, ()), (), brought=(data, *models)
    )
    with registrations_undone():
        for each in context.brought:
            each.register()
        wanted = [job(model.source.name, format="h5") for model in models]
        outcomes = build(wanted, context, executor=Local(1))
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
            model_file(folder / "old_h5.h5"), name="other", sha256="ab"
        ): "has changed since the run began",
        model_file(
            folder / "net2.py", function="net", weights=weights, name="misfit"
        ): "does not fit what net of net2.py returns",
        model_file(
            folder / "net2.py", function="nothing", weights=weights, name="nothing"
        ): "nothing returns int, not a model of Keras",
        model_file(of_a_newer_keras(folder), name="newer"): (
            f"was written by Keras 2.99.0 and cannot be read by Keras {installed}. pip install "
            f"'tensorflow==2.99.*' 'tf-keras==2.99.*' reads it."
        ),
        model_file(
            folder / "net2.py", function="net", weights=laid_out_otherwise(folder), name="laid"
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
