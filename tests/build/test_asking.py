"""What models' functions return is in their keys, whatever it was decided by."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.building import Built, context_of, job, published_arrays, run, write_weights
from helpers.needing import need_tensorflow
from helpers.tiny import registrations_undone, write_project

from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Failure, WeighinError
from weighin.definitions import load_definitions

MODELS = '''"""Models that are decided by more than this file."""

import os
import signal
from pathlib import Path

import numpy as np

from weighin import Recipe, Weights, model

from . import _network

HERE = Path(__file__).parent
BRIEF = Recipe("tiny", epochs=0, finetune_epochs=0)


def net(keras, width=4, *more):
    layers = keras.layers
    first = [layers.Input((6, 6, 1)), layers.Flatten(), layers.Dense(width)]
    return keras.Sequential([*first, *more, layers.Dense(3, activation="softmax")])


@model(quick=BRIEF)
def loading(keras):
    """As one whose weights are read from a file."""
    network = net(keras)
    with np.load(HERE / "current.npz") as arrays:
        network.set_weights([arrays[name] for name in sorted(arrays)])
    return network


@model(quick=BRIEF)
def importing(keras):
    return _network.build(keras)


@model(quick=BRIEF)
def from_environment(keras):
    print("whatever a function prints")
    return net(keras, int(os.environ["WIDTH_OF_A_TEST"]))


@model(quick=BRIEF)
def with_own_layer(keras):
    from . import _layers

    return net(keras, 4, _layers.Doubling())


@model(quick=BRIEF)
def unchanged(keras):
    return net(keras, len((HERE / "unchanged.txt").read_text()))


@model(quick=BRIEF)
def drawing(keras):
    network = net(keras)
    network.set_weights([np.random.default_rng().random(w.shape) for w in network.get_weights()])
    return network


@model(quick=Recipe("tiny", epochs=0, finetune_epochs=0, weights=Weights("good.h5")))
def published(keras):
    network = net(keras, 8)
    network.set_weights([np.random.default_rng().random(w.shape) for w in network.get_weights()])
    return network


@model(quick=BRIEF)
def missing(keras):
    return net(keras, len((HERE / "missing.txt").read_text()))


@model(quick=BRIEF)
def deadly(keras):
    os.kill(os.getpid(), signal.SIGKILL)


@model(quick=BRIEF)
def no_model(keras):
    return os.getpid()


@model(quick=BRIEF)
def misfit(keras):
    layers = keras.layers
    first = [layers.Input((7, 6, 1)), layers.Flatten(), layers.Dense(len(os.sep))]
    return keras.Sequential([*first, layers.Dense(3, activation="softmax")])
'''
NETWORK = """
def build(keras):
    layers = keras.layers
    first = [layers.Input((6, 6, 1)), layers.Flatten(), layers.Dense({width})]
    return keras.Sequential([*first, layers.Dense(3, activation="softmax")])
"""
LAYERS = """
from weighin.frameworks.process import keras

from . import _numbers


class Doubling(keras().layers.Layer):
    def call(self, x):
        return x * _numbers.TIMES
"""
STALE = ("loading", "importing", "from_environment", "with_own_layer")
SOUND = (*STALE, "unchanged", "published")
FAILING = ("missing", "deadly", "no_model", "misfit")
ASKED = (*SOUND, "drawing", *FAILING)


def write(models: Path, width: int) -> None:
    """Everything that the models are decided by beside their file."""
    generator = np.random.default_rng(width)
    shapes = (36, 4), (4,), (4, 3), (3,)
    arrays = {f"{at}": generator.normal(size=shape) for at, shape in enumerate(shapes)}
    np.savez(models / "current.npz", **arrays)
    (models / "_network.py").write_text(NETWORK.format(width=width), "utf-8")
    (models / "_numbers.py").write_text(f"TIMES = {width}\n", "utf-8")


def built_by(
    names: Sequence[str], context: BuildContext, patch: pytest.MonkeyPatch, width: int
) -> Built:
    """What a run yields, and what it told."""
    patch.setenv("WIDTH_OF_A_TEST", str(width))
    with registrations_undone():
        load_definitions(context.definitions)
        return run([job(name, "baseline", "h5") for name in names], context, workers=1)


@dataclasses.dataclass
class Runs:
    """Two runs, between which things change, and where the second looked."""

    before: Built
    after: Built
    context: BuildContext


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A run; then what the models are decided by is changed, and another one."""
    need_tensorflow()
    project = write_project(tmp_path_factory.mktemp("project"))
    models = project / "models"
    (models / "asked.py").write_text(MODELS, "utf-8")
    (models / "_layers.py").write_text(LAYERS, "utf-8")
    (models / "unchanged.txt").write_text("five!", "utf-8")
    write_weights(models / "data" / "weights" / "good.h5", 8, "good")
    cache = project / "cache"
    with pytest.MonkeyPatch.context() as patch:
        write(models, 8)
        before = built_by([*ASKED, "tiny"], context_of(project, cache), patch, 8)
        write(models, 16)
        context = context_of(project, cache)
        after = built_by([*SOUND, "tiny", "missing"], context, patch, 16)
        with registrations_undone():
            load_definitions(context.definitions)
            yield Runs(before, after, context)


def start(built: Built, model: str) -> Any:
    """A dense start."""
    return built.artifact(model, "baseline", "h5")


@pytest.mark.parametrize("model", STALE)
def test_a_changed_model_is_built_anew(runs: Runs, model: str) -> None:
    """A replaced file, a changed module, an environment variable, what a layer's module imports."""
    before, after = start(runs.before, model), start(runs.after, model)

    assert before.key != after.key
    assert job(model, "baseline", "h5") in runs.after.finished
    if model != "with_own_layer":  # whose weights are the same
        assert before.sha256 != after.sha256


@pytest.mark.parametrize(
    ("model", "same"),
    [
        ("loading", {"architecture", "code"}),
        ("importing", {"code"}),
        ("from_environment", {"code"}),
        ("with_own_layer", {"architecture", "weights"}),
    ],
)
def test_keys_tell_what_has_changed(runs: Runs, model: str, same: set[str]) -> None:
    """Weights alone, layers with their weights, or the code of a layer of one's own."""
    before = start(runs.before, model).provenance["created"]
    after = start(runs.after, model).provenance["created"]

    assert same == {part for part in before if before[part] == after[part]}
    assert bool(after["code"]) == (model == "with_own_layer")


@pytest.mark.parametrize("model", ["unchanged", "published", "tiny"])
def test_an_unchanged_model_is_not_built_again(runs: Runs, model: str) -> None:
    """It is asked for, if need be, and found in the cache."""
    assert start(runs.before, model) == start(runs.after, model)
    assert job(model, "baseline", "h5") not in runs.after.finished


def test_published_weights_replace_what_a_function_drew(runs: Runs) -> None:
    """Then the architecture alone is in the key."""
    assert set(start(runs.before, "published").provenance["created"]) == {"architecture", "code"}
    assert len(published_arrays()) == 4


def test_all_models_are_asked_by_one_process(runs: Runs) -> None:
    """Unless one takes it down; plainly pure ones are not asked for."""
    assert [list(ASKED)] == runs.before.asked
    logs = [path.read_text("utf-8") for path in runs.context.cache.logs.glob("*.log")]
    asking = [log for log in logs if "asking" in log]

    assert sorted(log.count("asking") for log in asking) == [2, 7, 9]  # `deadly` ended one
    assert not any("asking tiny" in log for log in logs)


def test_models_that_cannot_be_asked_fail_with_the_reason(runs: Runs) -> None:
    """Before anything is built of them: what was raised, or which call was the last."""
    reasons = {model: runs.before.reason(model, "baseline", "h5") for model in FAILING}

    assert "FileNotFoundError: " in reasons["missing"]
    assert "missing.txt" in reasons["missing"]
    assert "died without an answer" in reasons["deadly"]
    assert "asking deadly" in reasons["deadly"]
    assert "what the function of model 'no_model' returns is a builtins.int" in reasons["no_model"]
    assert "takes inputs of shape (7, 6, 1)" in reasons["misfit"]
    assert "gives (6, 6)" in reasons["misfit"]
    assert runs.before.begun == [len(SOUND) + len(("drawing", "tiny"))]


def test_a_model_that_differs_from_call_to_call_is_refused(runs: Runs) -> None:
    """What was built is not what its key would say; the message says what to do."""
    reason = runs.before.reason("drawing", "baseline", "h5")

    assert "The function of model 'drawing' returned another model" in reason
    assert "other weights." in reason
    assert "numpy.random" in reason


def test_a_second_call_asks_for_nothing_again(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a run is of the same models, and none of its later calls starts a process."""
    monkeypatch.setattr("weighin.build.executors.local.ProcessPoolExecutor", None)
    models = ["loading", "missing"]

    again = run([job(model, "baseline", "h5") for model in models], runs.context)

    assert start(again, "loading") == start(runs.after, "loading")
    assert isinstance(again.outcomes[job("missing", "baseline", "h5")], Failure)
    assert again.asked == []


def test_without_an_answer_there_is_no_key(runs: Runs) -> None:
    """Nothing is taken for a model that was not asked for."""
    unasked = dataclasses.replace(runs.context, created={})

    with pytest.raises(WeighinError, match=r"'loading' .* was not asked for.*line \d+.*again"):
        unasked.key(job("loading", "baseline", "h5"), "data")


def test_where_data_are_missing_nothing_is_asked(runs: Runs, tmp_path: Path) -> None:
    """Nor where versions do not go together: the reason is known without a process."""
    told: list[Any] = []
    nowhere = dataclasses.replace(job("loading", "baseline", "h5"), profile="nowhere")

    outcomes = build([nowhere], context_of(tmp_path, tmp_path), asking=told.append)

    assert isinstance(outcomes[nowhere], Failure)
    assert told == []
