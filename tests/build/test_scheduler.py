"""Artifacts built by real TensorFlow, in worker processes, from the tiny model."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers.building import (
    BROKEN,
    MISFITS,
    TINY,
    UNTRAINED,
    Built,
    context_of,
    job,
    published_arrays,
    run,
    write_odd_project,
)
from helpers.tiny import registrations_undone, tiny_arrays

from weighin.build import scheduler
from weighin.build.cache import Cache
from weighin.build.keys import BuildContext
from weighin.core import Artifact, Failure, Recipe, Split
from weighin.datasets import arrays
from weighin.datasets.loading import from_arrays
from weighin.definitions import load_definitions
from weighin.files import sha256
from weighin.formats.keras import read_weights
from weighin.formats.tflite import read_tflite
from weighin.frameworks.training import Trainer

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tiny and the odd models, registered while this file is tested."""
    folder = write_odd_project(tmp_path_factory.mktemp("project"))
    with registrations_undone():
        load_definitions([folder / "models"])
        yield folder


@pytest.fixture(scope="module")
def build_context(project: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildContext:
    """The one whose cache most tests share; they must not damage what is in it."""
    return context_of(project, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def built(build_context: BuildContext) -> Built:
    """Every variant of the tiny model, two seeds, and the models that fail, in one call."""
    jobs = [job("tiny", name) for name in TINY]
    jobs += [job("tiny", "baseline", "h5", seed=1), job("poisoned", "int8")]
    jobs += [job(model, name) for model in BROKEN for name in ("prune(0.5)+int8", "baseline")]
    jobs += [job(model, "finetune", "h5") for model in (*MISFITS, *UNTRAINED)]
    return run(jobs, build_context)


def kernels(artifact: Artifact) -> dict[str, np.ndarray]:
    """The kernels in an .h5 file, by their paths in it."""
    found = {}

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and "kernel" in name:
            found[name] = item[()]

    with h5py.File(artifact.path, "r") as file:
        file.visititems(keep)
    return found


def copied(build_context: BuildContext, cache: Path) -> BuildContext:
    """The same build_context with a copy of its cache, to be damaged."""
    shutil.copytree(build_context.cache.folder, cache)
    return dataclasses.replace(build_context, cache=Cache(cache))


# What is built


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("tiny", "baseline", "h5"), "tiny dense start"),
        (("tiny", "baseline", "tflite"), "tiny dense start → float32"),
        (("tiny", "prune(0.5)+finetune", "h5"), "tiny prune(0.5)+finetune"),
        (("tiny", "prune(0.5)+int8", "tflite"), "tiny prune(0.5) → int8"),
    ],
)
def test_a_job_says_what_it_makes(words: tuple[str, str, str], expected: str) -> None:
    """A job reads well in progress and errors."""
    assert expected == str(job(*words))


def test_shared_prefixes_are_built_once(built: Built) -> None:
    """One dense start and one pruned model serve all variants of a model and seed."""
    finished = [
        str(one).split("tiny ")[1].strip()
        for one in built.finished
        if one.seed == 0 and one.model == "tiny"
    ]

    expected = [
        "dense start",
        "dense start → dynamic",
        "dense start → float32",
        "dense start → int8",
        "finetune",
        "finetune → float32",
        "prune(0.5)",
        "prune(0.5) → float32",
        "prune(0.5) → int8",
    ]
    assert expected == sorted(finished)


def test_every_job_is_announced_and_finished_once(built: Built) -> None:
    """As many jobs are announced as finish, none of them twice, parents first."""
    assert [len(built.finished)] == built.begun
    assert len(set(built.finished)) == len(built.finished)
    assert set(built.outcomes) == set(built.finished)
    order = {one: place for place, one in enumerate(built.finished)}
    assert all(order[one.parent] < place for one, place in order.items() if one.parent)


def test_a_second_build_starts_no_worker(
    built: Built, build_context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in the cache is found without any process being started."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("a worker pool was made")

    monkeypatch.setattr(scheduler, "ProcessPoolExecutor", refuse)
    jobs = [job("tiny", name) for name in TINY]

    again = run(jobs, build_context)

    assert again.begun == [0]
    assert not again.finished
    assert {one: built.outcomes[one] for one in again.outcomes} == again.outcomes
    assert set(jobs) < set(again.outcomes)


def test_a_child_names_its_parent(built: Built) -> None:
    """An artifact's provenance holds its parent's key."""
    start = built.artifact("tiny", "baseline", "h5")
    pruned = built.artifact("tiny", "prune(0.5)", "h5")
    exported = built.artifact("tiny", "prune(0.5)+int8")

    assert start.key == pruned.provenance["parent"]
    assert pruned.key == exported.provenance["parent"]
    assert start.provenance["dataset_digest"] == arrays.digest(tiny_arrays())


def test_answers_are_kept_with_the_model(built: Built) -> None:
    """An artifact has the Keras model's scores for the test images, and it has learned."""
    scores = np.load(built.artifact("tiny", "baseline", "h5").answers)

    assert np.float32 == scores.dtype
    assert scores.shape == (60, 3)
    np.testing.assert_allclose(np.ones(60), scores.sum(axis=1), rtol=1e-5)
    assert np.mean(scores.argmax(axis=1) == tiny_arrays()["y_test"]) > 0.9


def test_an_export_has_its_models_answers(built: Built) -> None:
    """All exports of one model are held against the same answers, a pruned one against its own."""

    def answers(name: str, format: str = "tflite") -> bytes:
        return built.artifact("tiny", name, format).answers.read_bytes()

    assert answers("baseline", "h5") == answers("baseline") == answers("int8")
    assert answers("prune(0.5)", "h5") == answers("prune(0.5)+int8")
    assert answers("baseline") != answers("prune(0.5)")


def test_keras_files_hold_no_optimizer_state(built: Built) -> None:
    """An .h5 file is its weights: no optimizer's moments that would be weighed with them."""
    for name in ("baseline", "prune(0.5)", "finetune"):
        with h5py.File(built.artifact("tiny", name, "h5").path, "r") as file:
            paths: list[str] = []
            file.visit(paths.append)
            assert list(file) == ["model_weights"]
            assert "training_config" not in file.attrs
            assert not [path for path in paths if "prun" in path or "mask" in path]


def test_pruning_keeps_its_promise(built: Built) -> None:
    """Half of every kernel is zero, no more and no less."""
    found = kernels(built.artifact("tiny", "prune(0.5)", "h5"))

    zeros = {kernel.shape: int((kernel == 0).sum()) for kernel in found.values()}
    assert zeros == {(36, 8): 144, (8, 3): 12}


def test_quantizing_keeps_the_zeros(built: Built) -> None:
    """After int8 at least half of every kernel is still zero; without pruning it is not."""

    def nonzero(name: str) -> list[int]:
        graph = read_tflite(built.artifact("tiny", name).path)
        return sorted(each.weights.nonzero for each in graph.operators if each.weights)

    small, large = nonzero("prune(0.5)+int8")
    assert small <= 12
    assert large <= 144
    small, large = nonzero("int8")
    assert small > 12
    assert large > 144


@pytest.mark.parametrize("name", ["baseline", "finetune"])
def test_the_dense_control_has_no_zeros(built: Built, name: str) -> None:
    """Training on alone makes no weight zero."""
    found = kernels(built.artifact("tiny", name, "h5"))

    assert len(found) == 2
    assert all(kernel.all() for kernel in found.values())


def test_finetuning_trains(built: Built) -> None:
    """The dense control differs from what it started from."""
    start, control = (built.artifact("tiny", name, "h5") for name in ("baseline", "finetune"))

    assert start.sha256 != control.sha256


def test_int8_is_integer_throughout(built: Built) -> None:
    """Inputs, outputs and kernels of an int8 export are bytes; those of float32 are floats."""

    def types(name: str) -> set[str]:
        graph = read_tflite(built.artifact("tiny", name).path)
        flowing = {graph.tensors[index].dtype for index in graph.inputs + graph.outputs}
        return flowing | {each.weights.dtype for each in graph.operators if each.weights}

    assert types("int8") == {"INT8"}
    assert types("prune(0.5)+int8") == {"INT8"}
    assert types("baseline") == {"FLOAT32"}


def test_another_seed_gives_other_weights(built: Built) -> None:
    """Seeds differ in key and weights."""
    first, second = (built.artifact("tiny", "baseline", "h5", seed) for seed in (0, 1))

    assert first.key != second.key
    assert first.sha256 != second.sha256
    assert first.answers.read_bytes() != second.answers.read_bytes()


# What test images may be used for


def test_test_images_change_no_weight(built: Built) -> None:
    """With other test images, training, quantizing and calibrating give the same bytes."""
    for name, format in (("baseline", "h5"), ("int8", "tflite")):
        clean, poisoned = (built.artifact(model, name, format) for model in ("tiny", "poisoned"))
        assert clean.key != poisoned.key
        assert clean.answers.read_bytes() != poisoned.answers.read_bytes()
        assert clean.sha256 == poisoned.sha256


class Poisoned(Split):
    """Test images that must not be looked at."""

    def inputs(self, start: int = 0, stop: int | None = None) -> Any:
        """Refuse."""
        raise AssertionError("test images were used for calibration")


@pytest.mark.parametrize(("held_out", "expected"), [(0.0, 120), (0.25, 90)])
def test_calibration_images_are_training_images(held_out: float, expected: int) -> None:
    """Calibration sees the images that are trained on: no test image, none that is held out."""
    data = from_arrays("tiny", tiny_arrays(), classes=3)
    test = Poisoned(data.test.images, data.test.labels, data.test.scale)
    recipe = Recipe("tiny", epochs=1, finetune_epochs=1, validation_split=held_out)
    trainer = Trainer(recipe, dataclasses.replace(data, test=test), seed=0)

    images = trainer.calibration()

    assert expected == len(images)
    np.testing.assert_array_equal(data.train.inputs(0, expected), images)


def test_calibration_takes_200_images_at_most() -> None:
    """Of a large training part the first 200 images are enough."""
    data = from_arrays("tiny", tiny_arrays(train=300), classes=3)
    trainer = Trainer(Recipe("tiny", epochs=1, finetune_epochs=1), data, seed=0)

    np.testing.assert_array_equal(data.train.inputs(0, 200), trainer.calibration())


# What goes wrong


def test_a_model_that_raises_is_a_failure(built: Built) -> None:
    """The failure says what was raised, and what depends on it fails for the same reason."""
    assert built.reason("raising", "baseline", "h5") == "ValueError: no layers today"
    for name, format in (
        ("baseline", "tflite"),
        ("prune(0.5)", "h5"),
        ("prune(0.5)+int8", "tflite"),
    ):
        assert built.reason("raising", name, format) == "ValueError: no layers today"


def test_failures_do_not_stop_the_others(built: Built) -> None:
    """Beside models that fail, every variant of the sound ones was built."""
    failed = {one.model for one, made in built.outcomes.items() if isinstance(made, Failure)}

    assert {*BROKEN, *MISFITS} == failed


@pytest.mark.parametrize(
    ("model", "named"),
    [("diverging", "weight '"), ("not_finite", "weight '"), ("overflowing", "answer")],
)
def test_training_that_diverged_is_a_failure(built: Built, model: str, named: str) -> None:
    """Weights or answers that are not finite are told as such, with a way out."""
    reason = built.reason(model, "baseline", "h5")

    assert f"After {model} dense start" in reason
    assert named in reason
    assert "training diverged" in reason
    assert "learning rate" in reason


def test_a_lambda_layer_is_a_failure(built: Built) -> None:
    """A layer whose code would be stored in the file is refused by name."""
    reason = built.reason("with_lambda", "baseline", "h5")

    assert "Layer 'doubling' is a Lambda layer" in reason
    assert "registered Layer class" in reason


def test_failures_are_not_kept(built: Built, build_context: BuildContext) -> None:
    """Nothing of a failed model is in the cache, so that it is tried again."""
    digest = built.artifact("tiny", "baseline", "h5").provenance["dataset_digest"]

    for model in BROKEN:
        assert (
            build_context.cache.get(build_context.key(job(model, "baseline", "h5"), digest)) is None
        )


def test_what_cannot_be_planned_is_a_failure(built: Built, build_context: BuildContext) -> None:
    """An unknown data set, profile or model fails by itself, without a worker."""
    unknown = dataclasses.replace(job("tiny", "baseline", "h5"), profile="slow")
    nameless = job("no_such_model", "baseline", "h5")

    again = run([job("without_data"), unknown, nameless, job("tiny", "int8")], build_context)

    assert "Unknown data set 'nowhere'" in again.reason("without_data")
    assert "no profile 'slow'; it has: quick" in again.outcomes[unknown].reason
    assert "Unknown model 'no_such_model'" in again.outcomes[nameless].reason
    assert built.artifact("tiny", "int8") == again.artifact("tiny", "int8")
    assert again.begun == [0]


def test_a_worker_that_dies_is_a_failure(project: Path, tmp_path: Path) -> None:
    """A model that takes its process down fails, with what depends on it; the others go on."""
    jobs = [job("exiting"), job("killed"), job("tiny", "baseline", "h5")]

    built = run(jobs, context_of(project, tmp_path), workers=1)

    assert built.artifact("tiny", "baseline", "h5").path.exists()
    for model in ("exiting", "killed"):
        reason = built.reason(model, "baseline", "h5")
        assert "died without an answer" in reason
        assert f"building {model} dense start" in reason
        assert reason == built.reason(model, "baseline", "tflite")
    assert built.begun == [5]
    assert len(built.finished) == len(set(built.finished)) == 5


def test_damaged_artifacts_are_built_again(
    built: Built, build_context: BuildContext, tmp_path: Path
) -> None:
    """What is damaged in the cache is made anew, the same as before; the rest is left alone."""
    damaged = copied(build_context, tmp_path / "cache")
    for name, format in (("baseline", "h5"), ("int8", "tflite")):
        path = damaged.cache.get(built.artifact("tiny", name, format).key).path
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    again = run([job("tiny", name) for name in TINY], damaged)

    assert [job("tiny", "baseline", "h5"), job("tiny", "int8")] == again.finished
    for one in again.outcomes:
        assert built.outcomes[one].sha256 == again.outcomes[one].sha256
        assert again.outcomes[one] == damaged.cache.get(again.outcomes[one].key)


# Several processes

RUN = """
import json, signal, sys
from pathlib import Path
from helpers.building import run, context_of
from weighin import grammar
from weighin.build.jobs import job_for
from weighin.definitions import load_definitions

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
    project, cache, words = sys.argv[1:]
    build_context = context_of(Path(project), Path(cache))
    load_definitions(build_context.definitions)
    jobs = [
        job_for(model, "quick", 0, grammar.parse(name), "tflite")
        for model, name in json.loads(words)
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    built = run(jobs, build_context, workers=1)
    print(json.dumps({
        "begun": built.begun,
        "artifacts": {str(job): [made.sha256, made.seconds]
                      for job, made in built.outcomes.items()},
        "heavy": [name for name in ("tensorflow", "tf_keras", "keras") if name in sys.modules],
    }), flush=True)
"""


@contextmanager
def builder(
    project: Path, cache: Path, jobs: Sequence[tuple[str, str]], script: Path
) -> Iterator[subprocess.Popen[str]]:
    """A process group of its own that builds when told so; nothing of it is left afterwards."""
    script.write_text(RUN, "utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(project), str(cache), json.dumps(jobs)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
    )
    try:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
        yield process
    finally:
        if is_alive(process):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def tell(process: subprocess.Popen[str]) -> None:
    """Let it build."""
    process.stdin.write("build\n")
    process.stdin.flush()


def is_alive(group: subprocess.Popen[str]) -> bool:
    """Whether any process of the group is left."""
    group.poll()
    try:
        os.killpg(group.pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until something is true; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited for {seconds} seconds"
        time.sleep(0.02)


def finished_in(cache: Path) -> list[Path]:
    """The artifacts that are whole."""
    return list(cache.glob("artifacts/[!.]*/provenance.json"))


@pytest.fixture(scope="module")
def two_runs(project: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What two processes that build the same at the same time have to say."""
    folder = tmp_path_factory.mktemp("two")
    jobs = [("tiny", name) for name in TINY]
    with (
        builder(project, folder / "cache", jobs, folder / "first.py") as first,
        builder(project, folder / "cache", jobs, folder / "second.py") as second,
    ):
        tell(first)
        tell(second)
        outputs = [process.communicate() for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    return [json.loads(output) | {"errors": errors} for output, errors in outputs]


def test_two_runs_at_once_make_each_artifact_once(two_runs: list[dict[str, Any]]) -> None:
    """Both plan to build everything, yet each artifact is made by one and found by the other."""
    first, second = two_runs

    assert first["begun"] == second["begun"] == [9]
    # seconds are measured to the nanosecond: two makings of one artifact would differ
    assert first["artifacts"] == second["artifacts"]
    assert len(first["artifacts"]) == 9


def test_the_same_key_gives_the_same_bytes(built: Built, two_runs: list[dict[str, Any]]) -> None:
    """Built a second time, in another process and cache, every artifact is the same, bit by bit."""
    again = {name: sha256 for name, (sha256, _) in two_runs[0]["artifacts"].items()}
    first = {
        str(one): made.sha256
        for one, made in built.outcomes.items()
        if str(one) in again and one.seed == 0
    }

    assert len(first) == 9
    assert first == again


def test_the_building_process_loads_no_tensorflow(two_runs: list[dict[str, Any]]) -> None:
    """TensorFlow is loaded by workers alone."""
    assert [each["heavy"] for each in two_runs] == [[], []]


def test_workers_write_nothing_on_the_screen(two_runs: list[dict[str, Any]]) -> None:
    """TensorFlow's chatter does not reach the user."""
    assert [each["errors"] for each in two_runs] == ["", ""]


def test_workers_keep_a_log(built: Built, build_context: BuildContext) -> None:
    """What a worker did, and where a model failed, can be read afterwards."""
    assert built.outcomes
    log = "\n".join(path.read_text("utf-8") for path in build_context.cache.logs.glob("*.log"))

    assert "building tiny dense start" in log
    assert 'raise ValueError("no layers today")' in log


@pytest.fixture
def _hold(project: Path) -> Iterator[None]:
    """Let the model `held` take as long as the test wants."""
    (project / "models" / "hold").touch()
    yield
    (project / "models" / "hold").unlink(missing_ok=True)


@pytest.mark.usefixtures("_hold")
def test_a_killed_run_goes_on_where_it_was(built: Built, project: Path, tmp_path: Path) -> None:
    """After a kill, what was finished is found and only the rest is built."""
    cache = tmp_path / "cache"
    jobs = [("tiny", "baseline"), ("held", "baseline")]
    with builder(project, cache, jobs, tmp_path / "run.py") as process:
        tell(process)
        wait_for(lambda: finished_in(cache) or process.poll() is not None)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    (project / "models" / "hold").unlink()

    again = run([job(*words) for words in jobs], context_of(project, cache))

    expected = {job("tiny"), job("held", "baseline", "h5"), job("held")}
    assert expected == set(again.finished)
    assert again.begun == [3]
    for format in ("h5", "tflite"):
        found = again.artifact("tiny", "baseline", format)
        assert built.artifact("tiny", "baseline", format).sha256 == found.sha256


def interrupt(process: subprocess.Popen[str]) -> None:
    """What Control-C in a terminal does: the signal reaches all processes."""
    os.killpg(process.pid, signal.SIGINT)


ENDINGS: dict[str, Callable[[subprocess.Popen[str]], None]] = {
    "Control-C": interrupt,
    "interrupted alone": lambda process: process.send_signal(signal.SIGINT),
    "killed alone": lambda process: process.kill(),
}


@pytest.mark.usefixtures("_hold")
@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_an_ended_run_leaves_no_process(
    project: Path, tmp_path: Path, end: Callable[[subprocess.Popen[str]], None]
) -> None:
    """However a run ends while its worker is busy, the worker ends too, with all its memory."""
    cache = Cache(tmp_path / "cache")
    with builder(project, cache.folder, [("waiting", "int8")], tmp_path / "run.py") as process:
        tell(process)
        wait_for(lambda: any("building" in log.read_text("utf-8") for log in cache.logs.glob("*")))
        end(process)
        assert process.wait(60) != 0
        (project / "models" / "hold").unlink()
        wait_for(lambda: not is_alive(process), seconds=15)


# Published weights


def weights_of(artifact: Artifact) -> list[np.ndarray]:
    """A model's kernels and biases, by the sizes of their layers."""
    return [array for layer in read_weights(artifact.path) for array in layer]


def test_published_weights_are_the_dense_start(built: Built) -> None:
    """Their arrays come into the model by the order of its layers, and stay what they are."""
    start, further = (built.artifact("published", name, "h5") for name in ("baseline", "finetune"))

    for artifact in (start, further):
        for wanted, found in zip(published_arrays(), weights_of(artifact), strict=True):
            np.testing.assert_array_equal(wanted, found)


def test_published_weights_are_in_the_key(built: Built, build_context: BuildContext) -> None:
    """A dense start names the file that it was made of; one that was trained names none."""
    file = build_context.search.data_dir / "good.h5"
    start = built.artifact("published", "baseline", "h5")

    assert sha256(file) == start.provenance["weights"]
    assert "weights" not in built.artifact("trained_instead", "baseline", "h5").provenance


def test_without_its_weights_a_model_is_trained(built: Built) -> None:
    """Where the recipe trains, weights that are not at hand are not missed."""
    scores = np.load(built.artifact("trained_instead", "baseline", "h5").answers)

    assert np.mean(scores.argmax(axis=1) == tiny_arrays()["y_test"]) > 0.5


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("narrow", r"narrow\.h5: layer 'dense' takes \[\(36, 8\), \(8,\)\], not \[\(36, 7\)"),
        ("deeper", r"good\.h5 holds weights of 2 layers, '.*' has 3"),
    ],
)
def test_weights_that_do_not_fit_are_a_failure(built: Built, model: str, reason: str) -> None:
    """Other shapes and other layers are said by name, and nothing is trained instead."""
    assert re.search(reason, built.reason(model, "finetune", "h5"))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("exchanged", r"other\.h5 is not the file of weights that the recipe names"),
        ("lost", r"weights lost\.h5 were not found.*--weighin-data-dir"),
    ],
)
def test_weights_that_are_not_there_are_a_failure(
    build_context: BuildContext, model: str, reason: str
) -> None:
    """Another file, or none where the recipe trains nothing: known without a worker."""
    built = run([job(model, "finetune", "h5")], build_context)

    assert re.search(reason, built.reason(model, "finetune", "h5"))
    assert built.begun == [0]


def test_without_epochs_nothing_is_trained(built: Built) -> None:
    """Weights are the initial ones; batch normalization fits the training images."""
    start, further = (built.artifact("untrained", name, "h5") for name in ("baseline", "finetune"))

    assert start.sha256 == further.sha256
    first, *_, (gamma, beta, mean, variance), _ = read_weights(start.path)
    assert not first[1].any()  # a bias, as it is initialised
    assert (gamma.mean(), beta.mean()) == (1, 0)
    assert np.abs(mean).max() > 1e-3
    assert np.abs(variance - 1).max() > 1e-3
