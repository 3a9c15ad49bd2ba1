"""Projects to build from, and what a call of `build` gave: for tests of building and of keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from helpers.needing import need_tensorflow
from helpers.tiny import tiny_arrays, write_project

from weighin import grammar
from weighin.build.cache import Cache
from weighin.build.executors.local import Local
from weighin.build.jobs import Job, job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Artifact, Failure
from weighin.datasets.search import SearchPaths
from weighin.targets.machine import Processor

ODD = '''"""Models that go wrong, each in its own way, and one with other test images."""

import hashlib
import multiprocessing
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np

from weighin import Recipe, Weights, dataset, export, from_arrays, model, npz_dataset

HERE = Path(__file__).parent
QUICK = Recipe("tiny", epochs=1, finetune_epochs=1, batch_size=40)
npz_dataset("poisoned", HERE / "data" / "poisoned.npz", classes=3, scale=1 / 255)


def layers_of(keras, *more, width=8):
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Flatten(),
            layers.Dense(width, activation="relu"),
            *more,
            layers.Dense(3, activation="softmax"),
        ]
    )


@model(quick=Recipe("poisoned", epochs=2, finetune_epochs=1, batch_size=8, learning_rate=0.01))
def poisoned(keras):
    return layers_of(keras, width=32)  # as the tiny model is


@model(quick=QUICK)
def raising(keras):
    raise ValueError("no layers today")


@model(quick=Recipe("tiny", 4, 1, batch_size=8, learning_rate=1e30, optimizer="sgd"))
def diverging(keras):
    return layers_of(keras)


@model(quick=Recipe("tiny", 1, 1, batch_size=120, learning_rate=1e30, optimizer="sgd"))
def overflowing(keras):
    return layers_of(keras)  # one step: weights of 1e29, which no answer survives


@model(quick=QUICK)
def not_finite(keras):
    infinite = keras.initializers.Constant(float("nan"))
    return layers_of(keras, keras.layers.Dense(4, kernel_initializer=infinite, name="infinite"))


@model(quick=QUICK)
def with_lambda(keras):
    return layers_of(keras, keras.layers.Lambda(lambda x: x * 2, name="doubling"))


@model(quick=QUICK)
def looking(keras):
    tf = sys.modules["tensorflow"]
    devices = [device.device_type for device in tf.config.get_visible_devices()]
    hidden = (f"{name}_VISIBLE_DEVICES={os.environ[name + '_VISIBLE_DEVICES']}"
              for name in ("CUDA", "HIP"))
    print(f"looking at {devices}, " + ", ".join(hidden))
    print(f"the processor was asked for: {'cpuinfo' in sys.modules}")
    return layers_of(keras)


@dataset("deadly")
def deadly(search):
    """Ends a worker that reads it, before that has loaded TensorFlow."""
    if multiprocessing.parent_process():
        os._exit(9)
    arrays = dict(np.load(HERE / "data" / "tiny.npz"))
    return from_arrays("deadly", arrays, classes=3, scale=1 / 255)


@model(quick=Recipe("deadly", epochs=1, finetune_epochs=1))
def exiting(keras):
    raise AssertionError("its worker has ended before")


def is_built():
    """Whether a model is created to be built, not to learn what its function returns."""
    return any(frame.name == "build_job" for frame in traceback.extract_stack())


@export("crashing")
def crashing(model, calibration):
    """As a converter does that meets what it does not bear."""
    os.abort()


@model(quick=QUICK)
def killed(keras):
    if is_built():
        os.kill(os.getpid(), signal.SIGKILL)
    return layers_of(keras)


@model(quick=QUICK)
def held(keras):
    while is_built() and (HERE / "hold").exists():
        time.sleep(0.02)
    return layers_of(keras)


@dataset("slow")
def slow(paths):
    """Takes as long as the test wants, in a worker."""
    while multiprocessing.parent_process() and (HERE / "hold").exists():
        time.sleep(0.02)
    arrays = dict(np.load(HERE / "data" / "tiny.npz"))
    return from_arrays("slow", arrays, classes=3, scale=1 / 255)


@model(quick=Recipe("slow", epochs=1, finetune_epochs=1))
def waiting(keras):
    return layers_of(keras)


def weights(name, content_of=None):
    path = HERE / "data" / "weights" / (content_of or name)
    return Weights(name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@model(quick=Recipe("tiny", epochs=0, finetune_epochs=0, weights=weights("good.h5")))
def published(keras):
    return layers_of(keras)


@model(quick=Recipe("tiny", epochs=0, finetune_epochs=0, weights=weights("narrow.h5")))
def narrow(keras):
    return layers_of(keras)


@model(quick=Recipe("tiny", epochs=0, finetune_epochs=0, weights=weights("good.h5")))
def deeper(keras):
    return layers_of(keras, keras.layers.Dense(4))


@model(quick=Recipe("tiny", 0, 0, weights=weights("other.h5", content_of="good.h5")))
def exchanged(keras):
    return layers_of(keras)


@model(quick=Recipe("tiny", epochs=0, finetune_epochs=0, weights=Weights("lost.h5", "ab")))
def lost(keras):
    return layers_of(keras)


@model(quick=Recipe("tiny", 2, 0, 8, 0.01, weights=Weights("lost.h5", "ab")))
def trained_instead(keras):
    return layers_of(keras)


@model(quick=Recipe("tiny", epochs=0, finetune_epochs=0))
def untrained(keras):
    return layers_of(keras, keras.layers.Dense(4), keras.layers.BatchNormalization())


@model(quick=Recipe("tiny", epochs=0, finetune_epochs=0))
def bringing(keras):
    net = layers_of(keras, keras.layers.Dense(4), keras.layers.BatchNormalization())
    net.set_weights([np.full(w.shape, 0.25) for w in net.get_weights()])
    return net


@model(quick=Recipe("nowhere", epochs=1, finetune_epochs=1))
def without_data(keras):
    return layers_of(keras)
'''

TINY = ("baseline", "prune(0.5)", "dynamic", "int8", "prune(0.5)+int8", "finetune")
BROKEN = ("raising", "diverging", "overflowing", "not_finite", "with_lambda")
MISFITS = ("narrow", "deeper")  # whose published weights have other shapes
UNTRAINED = ("published", "trained_instead", "untrained", "bringing")


def job(model: str = "tiny", name: str = "baseline", format: str = "tflite", seed: int = 0) -> Job:
    """The job of a variant."""
    return job_for(model, "quick", seed, grammar.parse(name), format)


@dataclasses.dataclass
class Built:
    """What a call of `build` gave and told."""

    outcomes: Mapping[Job, Artifact | Failure] = dataclasses.field(default_factory=dict)
    asked: list[Sequence[str]] = dataclasses.field(default_factory=list)
    begun: list[int] = dataclasses.field(default_factory=list)
    finished: list[Job] = dataclasses.field(default_factory=list)

    def artifact(self, *words: Any, **more: Any) -> Artifact:
        """The artifact of a job, given as `job` takes it."""
        outcome = self.outcomes[job(*words, **more)]
        assert isinstance(outcome, Artifact), outcome
        return outcome

    def reason(self, *words: Any, **more: Any) -> str:
        """Why a job failed."""
        outcome = self.outcomes[job(*words, **more)]
        assert isinstance(outcome, Failure), outcome
        return outcome.reason


def run(jobs: Sequence[Job], build_context: BuildContext, workers: int = 0) -> Built:
    """Build, and keep what is told meanwhile."""
    need_tensorflow()
    built = Built()
    built.outcomes = build(
        jobs,
        build_context,
        executor=Local(workers),
        asking=built.asked.append,
        begun=built.begun.append,
        finished=lambda job, outcome: built.finished.append(job),
    )
    return built


def write_odd_project(folder: Path) -> Path:
    """The tiny project with the odd models beside it."""
    write_project(folder)
    (folder / "models" / "odd.py").write_text(ODD, "utf-8")
    arrays = tiny_arrays()
    arrays["x_test"] = 255 - arrays["x_test"]
    np.savez(folder / "models" / "data" / "poisoned.npz", **arrays)
    for name, width in (("good", 8), ("narrow", 7), ("other", 8)):
        write_weights(folder / "models" / "data" / "weights" / f"{name}.h5", width, name)
    return folder


def published_arrays(width: int = 8) -> list[np.ndarray]:
    """Weights of the tiny model's two layers."""
    generator = np.random.default_rng(11)
    shapes = ((36, width), (width,), (width, 3), (3,))
    return [generator.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]


def write_weights(path: Path, width: int, note: str) -> None:
    """They as Keras 2 saves them, with what nobody should look at."""
    path.parent.mkdir(exist_ok=True)
    arrays = published_arrays(width)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["flatten", "second", "first"]
        file.attrs["model_config"] = f"{note}: no JSON, and a Lambda"
        file.create_group("flatten").attrs["weight_names"] = []
        for layer, pair in (("second", arrays[:2]), ("first", arrays[2:])):
            group = file.create_group(layer)
            group.attrs["weight_names"] = ["z_kernel", "a_bias"]
            group["z_kernel"], group["a_bias"] = pair


def context_of(project: Path, cache: Path, processor: Processor | None = None) -> BuildContext:
    """A context without any data but the project's."""
    search = SearchPaths(project / "models" / "data" / "weights", cache, True, ())
    return BuildContext(Cache(cache), search, (project / "models",), processor)
