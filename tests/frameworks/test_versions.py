"""Which versions work together: the rules, and each held against the packages installed here."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from helpers.commands import answer
from helpers.needing import need_tensorflow

from weighin import grammar
from weighin.build.cache import Cache
from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import Failure
from weighin.datasets.search import SearchPaths
from weighin.frameworks import versions
from weighin.frameworks.versions import (
    KERAS,
    TENSORFLOW,
    TOOLKIT,
    conflict,
    newer_keras,
    no_keras_3,
    release,
)

# The rules


def said(tensorflow: str | None, keras: str | None, toolkit: str | None, python: str) -> str:
    """What is said of four versions, "" for nothing."""
    return conflict({TENSORFLOW: tensorflow, KERAS: keras, TOOLKIT: toolkit}, python) or ""


@pytest.mark.parametrize(
    ("tensorflow", "keras", "toolkit", "python"),
    [
        ("2.13.0", None, "0.7.5", "3.11.7"),
        ("2.13.1", "2.15.0", "0.8.1", "3.11.7"),
        ("2.13.1", "2.15.0", "0.8.0", "3.11.7"),
        ("2.14.1", None, "0.7.5", "3.11.7"),
        ("2.14.1", "2.14.1", "0.8.1", "3.11.7"),
        ("2.15.1", None, "0.7.5", "3.11.7"),
        ("2.15.1", "2.15.1", "0.7.5", "3.11.7"),
        *((f"2.{minor}.1", f"2.{minor}.0", "0.8.1", "3.11.7") for minor in range(16, 22)),
        ("2.19.0", "2.19.0", "0.8.1", "3.12.1"),
        ("2.21.0", "2.21.0", "0.8.1", "3.13.0"),
        ("2.21.0rc1", "2.21.0", "0.9.0", "3.13.0"),
        ("2.21.0", "2.21.0", None, "3.13.0"),
        (None, None, None, "3.13.0"),
    ],
)
def test_what_works_is_not_refused(
    tensorflow: str | None, keras: str | None, toolkit: str | None, python: str
) -> None:
    """Every set of versions that was found to work; a missing package is another matter."""
    assert "" == said(tensorflow, keras, toolkit, python)


@pytest.mark.parametrize(
    ("tensorflow", "keras", "reason"),
    [
        (None, None, ""),
        ("2.16.2", "3.3.3", ""),
        ("2.21.0", "3.15.1", ""),
        ("2.13.1", "2.13.1", "TensorFlow 2.13.1 brings Keras 2: take TensorFlow 2.16 or later"),
        ("2.15.1", "3.0.5", "TensorFlow 2.15.1 brings Keras 2: take TensorFlow 2.16 or later"),
        ("2.18.0", None, "It is not installed (none). pip install 'keras==3.*'"),
        ("2.18.0", "2.15.0", "It is not installed (2.15.0). pip install 'keras==3.*'"),
    ],
)
def test_files_of_keras_3_want_a_tensorflow_that_has_it(
    tensorflow: str | None, keras: str | None, reason: str
) -> None:
    """Nothing is said where it does, or where nothing can be built at all."""
    given = no_keras_3({"tensorflow": tensorflow, "keras": keras}) or ""

    assert given.startswith(reason)
    assert bool(reason) == given.endswith("export it to .tflite by Keras 3 and weigh that file.")


@pytest.mark.parametrize(
    ("written", "here", "told"),
    [
        ("", "2.13.1", ""),
        ("2.13.1", "2.13.0", ""),
        ("2.13.1", "2.15.0", ""),
        ("2.15.0", "2.13.1", "pip install 'tensorflow==2.15.*' reads it."),
        ("2.21.0", "2.13.1", "pip install 'tensorflow==2.21.*' 'tf-keras==2.21.*' reads it."),
        ("3.15.1", "3.3.3", "pip install 'keras>=3.15' reads it."),
    ],
)
def test_a_newer_keras_is_named_by_its_packages(written: str, here: str, told: str) -> None:
    """Only a newer one: what an older one wrote is unreadable for another cause."""
    assert told == newer_keras(written, here)


@pytest.mark.parametrize(
    ("tensorflow", "keras", "toolkit", "python", "reason", "way_out"),
    [
        ("2.15.1", None, "0.8.1", "3.11.7", "otherwise", f"pip install '{TOOLKIT}==0.7.5'"),
        ("2.15.0", "2.15.1", "0.8.0", "3.11.7", "fails", f"pip install '{TOOLKIT}==0.7.5'"),
        ("2.16.2", None, "0.8.1", "3.11.7", "Keras 3", "pip install 'tf-keras==2.16.*'"),
        ("2.19.0", "2.21.0", "0.8.1", "3.11.7", "not made", "pip install 'tf-keras==2.19.*'"),
        ("2.21.0", "2.20.1", "0.8.1", "3.11.7", "not made", "pip install 'tf-keras==2.21.*'"),
        ("2.16.2", "2.16.0", "0.8.1", "3.12.1", "cannot be seeded", "Python 3.11"),
        ("2.18.1", "2.18.0", "0.8.1", "3.12.1", "cannot be seeded", "from 2.19 on"),
        ("2.19.1", "2.19.0", "0.8.0", "3.11.7", "mixed precision", f"'{TOOLKIT}==0.8.1'"),
        ("2.19.1", "2.19.0", "0.7.5", "3.11.7", "is Keras 3", f"'{TOOLKIT}==0.8.1'"),
    ],
)
def test_what_cannot_work_has_a_reason_and_a_way_out(
    tensorflow: str, keras: str | None, toolkit: str, python: str, reason: str, way_out: str
) -> None:
    """It names the versions at fault, what goes wrong, and the command that mends it."""
    told = said(tensorflow, keras, toolkit, python)

    assert tensorflow in told or str(keras) in told
    assert reason in told
    assert way_out in told


def test_versions_are_read_by_their_numbers() -> None:
    """What follows the numbers does not count, and nonsense has none."""
    assert (2, 16, 2) == release("2.16.2")
    assert (2, 21, 0) == release("2.21.0rc1")
    assert (2, 9) < release("2.10")
    assert () == release("unknown")


# Against reality

# Prints, as JSON, what goes wrong with each thing that the toolkit and Keras are needed for; in
# the order in which a build comes to them, Keras before the toolkit.
PROGRAM = """
import json, tempfile
import numpy as np
from weighin.frameworks import clustering, process, tf_keras, toolkit

images = np.random.default_rng(0).random((60, 6, 6, 1)).astype("float32")
labels = np.arange(60) % 3

def model():
    layers = process.keras().layers
    return process.keras().Sequential(
        [
            layers.Input((6, 6, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
            layers.Activation("softmax", dtype="float32"),
        ]
    )

def fitted(made, *callbacks):
    made.compile("adam", "sparse_categorical_crossentropy")
    made.fit(images, labels, verbose=0, batch_size=20, callbacks=list(callbacks))
    return made

def answers(made):
    return made.predict(images, verbose=0)

def seed():
    tf_keras.start_afresh(1)
    fitted(model())

def reload():
    made = fitted(model())
    for ending in ("h5", "keras"):
        with tempfile.TemporaryDirectory() as folder:
            made.save(f"{folder}/model.{ending}")
            read = process.keras().models.load_model(f"{folder}/model.{ending}", compile=False)
        np.testing.assert_allclose(answers(read), answers(made), atol=1e-6)

def prune(policy="float32"):
    api = process.toolkit().sparsity.keras
    precision = process.keras().mixed_precision
    precision.set_global_policy(policy)
    try:
        wrapped = api.prune_low_magnitude(model(), api.ConstantSparsity(0.5, 0, frequency=1))
        pruned = api.strip_pruning(fitted(wrapped, api.UpdatePruningStep()))
    finally:
        precision.set_global_policy("float32")
    assert 0.5 <= np.mean(pruned.layers[2].get_weights()[0] == 0) < 0.6

def mixed():
    prune("mixed_float16")

def cluster():
    made = model()
    fitted(clustering.clustered(made, 4, "LINEAR"))
    assert len(np.unique(made.layers[2].get_weights()[0])) <= 4

def train_quantized():
    made = fitted(toolkit.quantization_aware(fitted(model())))
    with tempfile.TemporaryDirectory() as folder:
        made.save(f"{folder}/model.h5", include_optimizer=False)
        with process.toolkit().quantization.keras.quantize_scope():
            read = process.keras().models.load_model(f"{folder}/model.h5", compile=False)
    np.testing.assert_allclose(answers(read), answers(made), atol=1e-6)

def convert():
    tf_keras.converter(model()).convert()

found = {}
for each in (seed, cluster, prune, mixed, train_quantized, reload, convert):
    try:
        each()
    except Exception as error:
        found[each.__name__] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""

# What a reason names, by a word of it: what fails and how. The first two fail as Keras is imported.
NAMED = {
    "tf-keras is not installed": ("seed", "No module named 'tf_keras'"),
    "is not made for TensorFlow": ("", ""),  # some of them work; none is promised to
    "cannot be seeded": ("seed", "cannot be interpreted as an integer"),
    "works on tf.keras, which is Keras 3": ("cluster", "LocallyConnected1D"),
    "mixed precision": ("mixed", "Incompatible type conversion"),
    "do not agree on which Keras": ("train_quantized", "Unable to clone model|recursion"),
}


@pytest.fixture(scope="module")
def broken(child_environment: Mapping[str, str]) -> dict[str, str]:
    """What really goes wrong with the installed versions, found out in a fresh process."""
    need_tensorflow()
    found: dict[str, str] = answer(PROGRAM, environment=child_environment)
    return found


def test_the_rule_says_what_really_happens(broken: dict[str, str]) -> None:
    """Where it names a reason that fails, and where it names none everything works."""
    told = versions.conflict_here()

    if told is None:
        assert {} == broken
    else:
        (what, how) = next(fails for word, fails in NAMED.items() if word in told)
        assert not what or re.search(how, broken[what])


def test_a_toolkit_that_disagrees_is_silently_wrong(broken: dict[str, str]) -> None:
    """With TensorFlow 2.15 and toolkit 0.8 a .keras file answers otherwise when read again."""
    if "do not agree" in (versions.conflict_here() or ""):
        assert "Not equal to tolerance" in broken["reload"]
    else:
        assert "Not equal to tolerance" not in str(broken)


def test_nothing_is_built_by_versions_that_cannot_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job fails with the reason, before any process is started or the cache looked into."""
    installed = {TENSORFLOW: "2.15.1", KERAS: "2.15.1", TOOLKIT: "0.8.1"}
    monkeypatch.setattr(versions, "version", installed.get)
    monkeypatch.setattr(versions, "missing", lambda package: None)
    job = Job("no model", "quick", 0, grammar.parse("prune(0.5)").steps)

    built = build([job], BuildContext(Cache(tmp_path / "cache"), SearchPaths.here(tmp_path), ()))

    told = said("2.15.1", "2.15.1", "0.8.1", "3.11.7")
    assert {each: Failure(told) for each in job.chain} == built
    assert not (tmp_path / "cache").exists()
