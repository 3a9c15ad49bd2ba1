"""What a build process makes of a job: artifacts of the tiny model, built by real TensorFlow."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import h5py
import numpy as np
import pytest
from helpers.building import Built, published_arrays
from helpers.tiny import tiny_arrays

from weighin.build.keys import BuildContext
from weighin.core import Artifact, Recipe, Split
from weighin.datasets import arrays
from weighin.datasets.loading import from_arrays
from weighin.files import sha256
from weighin.formats.keras import read_weights
from weighin.formats.tflite import read_tflite
from weighin.frameworks.training import Trainer
from weighin.targets import machine


def kernels(artifact: Artifact) -> dict[str, np.ndarray]:
    """The kernels in an .h5 file, by their paths in it."""
    found = {}

    def keep(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and "kernel" in name:
            found[name] = item[()]

    with h5py.File(artifact.path, "r") as file:
        file.visititems(keep)
    return found


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
    (scores,) = built.artifact("tiny", "baseline", "h5").outputs().values()

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
    assert zeros == {(36, 32): 576, (32, 3): 48}


def test_quantizing_keeps_the_zeros(built: Built) -> None:
    """After int8 at least half of every kernel is still zero; without pruning it is not."""

    def nonzero(name: str) -> list[int]:
        graph = read_tflite(built.artifact("tiny", name).path)
        return sorted(each.weights.nonzero for each in graph.operators if each.weights)

    small, large = nonzero("prune(0.5)+int8")
    assert small <= 48
    assert large <= 576
    small, large = nonzero("int8")
    assert small > 48
    assert large > 576


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


def test_what_an_export_was_calibrated_by_is_kept(built: Built) -> None:
    """Beside the file, for who asks why it answers as it does; of a model there is none."""
    seen = built.artifact("tiny", "int8").facts["calibration"]

    assert seen["inputs"] == 120
    assert [round(end) for end in seen["range"]] == [0.0, 1.0]
    assert seen["compared"] == 60
    assert 0 <= seen["moved"] < 60
    assert "moved" not in built.artifact("tiny", "dynamic").facts["calibration"]
    assert "calibration" not in built.artifact("tiny", "baseline", "h5").facts


def test_what_a_model_takes_and_gives_is_kept(built: Built) -> None:
    """Every stage has the names, dtypes and shapes of its dense start, and the task."""
    first = built.artifact("tiny", "baseline", "h5")
    port = first.signature.output

    assert first.facts["task"] == "classification"
    assert [(str(each), each.layer) for each in first.signature.inputs] == [
        ("input_1 (6, 6, 1) float32", "input_1")
    ]
    assert (port.units, port.kind, port.activation) == (3, "Dense", "softmax")
    assert list(first.outputs()) == [port.name]
    for name in ("finetune", "prune(0.5)+int8", "dynamic"):
        assert built.artifact("tiny", name).signature == first.signature


def test_who_trained_a_model_is_kept(built: Built) -> None:
    """Here, or before by published weights or by a function that brings some; else nobody has."""
    trained = {
        model: built.artifact(model, "finetune", "h5").trained
        for model in ("tiny", "published", "trained_instead", "bringing", "untrained")
    }

    assert trained == {name: name != "untrained" for name in trained}


def test_weights_that_a_function_brings_are_left_as_they_are(built: Built) -> None:
    """With epochs=0 they are neither trained nor settled, normalization included."""
    for name in ("baseline", "finetune"):
        for array in weights_of(built.artifact("bringing", name, "h5")):
            np.testing.assert_array_equal(np.full_like(array, 0.25), array)


def test_another_seed_gives_other_weights(built: Built) -> None:
    """Seeds differ in key and weights."""
    first, second = (built.artifact("tiny", "baseline", "h5", seed) for seed in (0, 1))

    assert first.key != second.key
    assert first.sha256 != second.sha256
    assert first.answers.read_bytes() != second.answers.read_bytes()


def test_workers_keep_a_log(built: Built, build_context: BuildContext) -> None:
    """What a worker did, and where a model failed, can be read afterwards."""
    assert built.outcomes
    log = "\n".join(path.read_text("utf-8") for path in build_context.cache.logs.glob("*.log"))

    assert "building tiny dense start" in log
    assert 'raise ValueError("no layers today")' in log


def test_workers_see_no_gpu(built: Built, build_context: BuildContext) -> None:
    """What is built is the CPU's, whatever the environment of the run says of GPUs."""
    assert built.artifact("looking", "baseline", "h5")
    logs = [path.read_text("utf-8") for path in build_context.cache.logs.glob("*.log")]
    asked, created = re.findall("looking at .*", "\n".join(logs))

    expected = "looking at ['CPU'], CUDA_VISIBLE_DEVICES=-1, HIP_VISIBLE_DEVICES=-1"
    assert asked == created == expected


def test_workers_are_told_the_processor(built: Built, build_context: BuildContext) -> None:
    """None of them asks the system, and their keys name the one that the run's machine has."""
    start = built.artifact("tiny", "baseline", "h5").provenance
    logs = "\n".join(path.read_text("utf-8") for path in build_context.cache.logs.glob("*.log"))

    assert dataclasses.asdict(machine.processor()) == start["processor"] | {
        "cpu_features": tuple(start["processor"]["cpu_features"])
    }
    assert "the processor was asked for: False" in logs


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
    data = from_arrays("tiny", tiny_arrays(), classes=3, scale=1 / 255)
    test = Poisoned(**vars(data.test))
    recipe = Recipe("tiny", epochs=1, finetune_epochs=1, validation_split=held_out)
    trainer = Trainer(recipe, dataclasses.replace(data, test=test), seed=0)

    images = trainer.calibration()["x"]

    assert expected == len(images)
    np.testing.assert_array_equal(data.train.inputs(0, expected)["x"], images)


def test_calibration_takes_200_images_at_most() -> None:
    """Of a large training part the first 200 images are enough."""
    data = from_arrays("tiny", tiny_arrays(train=300), classes=3, scale=1 / 255)
    trainer = Trainer(Recipe("tiny", epochs=1, finetune_epochs=1), data, seed=0)

    np.testing.assert_array_equal(data.train.inputs(0, 200)["x"], trainer.calibration()["x"])


# What goes wrong


def test_a_model_that_raises_is_a_failure(built: Built) -> None:
    """The failure says what was raised and where; what depends on it fails for the same reason."""
    reason = built.reason("raising", "baseline", "h5")

    assert reason.startswith("ValueError: no layers today (odd.py, line ")
    assert reason.endswith(': raise ValueError("no layers today"))')
    for name, format in (
        ("baseline", "tflite"),
        ("prune(0.5)", "h5"),
        ("prune(0.5)+int8", "tflite"),
    ):
        assert built.reason("raising", name, format) == reason


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
    (scores,) = built.artifact("trained_instead", "baseline", "h5").outputs().values()

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


def test_without_epochs_nothing_is_trained(built: Built) -> None:
    """Weights are the initial ones; batch normalization fits the training images."""
    start, further = (built.artifact("untrained", name, "h5") for name in ("baseline", "finetune"))

    assert start.sha256 == further.sha256
    first, *_, (gamma, beta, mean, variance), _ = read_weights(start.path)
    assert not first[1].any()  # a bias, as it is initialised
    assert (gamma.mean(), beta.mean()) == (1, 0)
    assert np.abs(mean).max() > 1e-3
    assert np.abs(variance - 1).max() > 1e-3
