"""Whole runs of models of every kind that somebody brought: each is weighed by its own figures."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.needing import need_tensorflow
from helpers.runs import Ran, run_pytest

MODELS = '''"""Small models of every kind, and data that they can learn."""

from pathlib import Path

import numpy as np

from weighin import Recipe, model, npz_dataset, task

FILE = Path(__file__).parent / "data"
for name in ("numbers", "words", "labels", "masks", "plain", "two"):
    npz_dataset(name, FILE / f"{name}.npz")


@task("within_half", title="within 0.5", kind="share", loss="mse")
def within_half(outputs, targets):
    """Share of numbers that lie within a half of the right one."""
    return np.abs(outputs[:, 0] - targets) < 0.5


def recipe(data, **more):
    return Recipe(data, epochs=6, finetune_epochs=1, batch_size=16, learning_rate=0.01, **more)


def in_a_row(keras, *layers):
    return keras.Sequential(list(layers))


@model(quick=recipe("numbers"))
def regression(keras):
    L = keras.layers
    return in_a_row(keras, L.Input((8,)), L.Dense(64, "relu"), L.Dense(1))


@model(quick=recipe("numbers", task="within_half"))
def own(keras):
    return regression(keras)


@model(quick=recipe("words"))
def text(keras):
    L = keras.layers
    ids = L.Input((6,), dtype="int32")
    words = L.Embedding(50, 24)(ids)
    return keras.Model(ids, L.Dense(1, "sigmoid")(L.LSTM(8)(words)))


@model(quick=recipe("labels"))
def multilabel(keras):
    L = keras.layers
    return in_a_row(
        keras, L.Input((8, 8)), L.Flatten(), L.Dense(32, "relu"), L.Dense(4, "sigmoid")
    )


@model(quick=recipe("masks"))
def unet(keras):
    L = keras.layers
    image = L.Input((8, 8, 1))
    fine = L.Conv2D(8, 3, padding="same", activation="relu")(image)
    coarse = L.Conv2D(16, 3, strides=2, padding="same", activation="relu")(fine)
    up = L.Conv2DTranspose(8, 2, strides=2, activation="relu")(coarse)
    return keras.Model(image, L.Conv2D(2, 1, activation="softmax")(L.Concatenate()([fine, up])))


@model(quick=recipe("plain"))
def autoencoder(keras):
    L = keras.layers
    return in_a_row(keras, L.Input((16,)), L.Dense(64, "relu"), L.Dense(16))


@model(quick=recipe("two"))
def two_inputs(keras):
    L = keras.layers
    a, b = L.Input((6, 6, 1), name="a"), L.Input((4,), name="b")
    both = L.Concatenate()([L.Flatten()(a), b])
    return keras.Model([a, b], L.Dense(2, "softmax")(L.Dense(32, "relu")(both)))


@model(quick=Recipe("plain", epochs=0, finetune_epochs=0))
def unlabelled(keras):
    L = keras.layers
    head = L.Dense(3, kernel_initializer=keras.initializers.Constant(0.1), name="head")
    image = L.Input((16,))
    net = keras.Model(image, head(image))
    head.set_weights([np.random.default_rng(0).normal(size=(16, 3)), np.zeros(3)])
    return net
'''
SUITE = """from weighin import suite

suite(
    "kinds",
    profile="quick",
    models=(
        *("regression", "own", "text", "multilabel", "unet", "autoencoder", "two_inputs"),
        "unlabelled",
    ),
    variants=("baseline", "int8"),
)
"""
SETTINGS = "[pytest]\npython_files = bench_*.py\npython_functions = bench_*\n"
PRIMARY = {  # of each model, the figure that its table shows
    "regression": "mae",
    "own": "within_half",
    "text": "top1",
    "multilabel": "mean_average_precision",
    "unet": "miou",
    "autoencoder": "reconstruction_error",
    "two_inputs": "top1",
}


def arrays() -> dict[str, dict[str, np.ndarray]]:
    """Data of every kind, 240 examples to train on and 120 to test."""
    g, n = np.random.default_rng(0), 360
    x = g.normal(size=(n, 8)).astype("f4")
    y = (x @ g.normal(size=8)).astype("f4")
    ids = g.integers(10, 50, (n, 6)).astype("i4")
    about = g.integers(0, 2, n)
    ids[np.arange(n), g.integers(0, 6, n)] = np.where(about, 5, 7)
    labels = g.integers(0, 2, (n, 4))
    shown = g.normal(0, 0.3, (n, 8, 8)).astype("f4")
    shown.reshape(n, 2, 4, 2, 4).transpose(0, 1, 3, 2, 4)[:] += labels.reshape(n, 2, 2, 1, 1)
    masks = np.zeros((n, 8, 8), "u1")
    for mask, (row, column) in zip(masks, g.integers(0, 5, (n, 2)), strict=True):
        mask[row : row + 4, column : column + 4] = 1
    low = (g.normal(size=(n, 3)) @ g.normal(size=(3, 16))).astype("f4")
    image, table = g.normal(size=(n, 6, 6, 1)).astype("f4"), g.normal(size=(n, 4)).astype("f4")
    positive = image.mean((1, 2, 3)) * 6 + table[:, 0] > 0
    made = {
        "numbers": {"x": x, "y": y},
        "words": {"x": ids, "y": about[:, None]},
        "labels": {"x": shown, "y": labels},
        "masks": {"x": (masks + g.normal(0, 0.3, masks.shape))[..., None], "y": masks},
        "plain": {"x": low},
        "two": {"x/b": table, "x/a": image, "y": np.eye(2)[positive.astype(int)]},
    }
    parts = {"train": slice(0, 240), "test": slice(240, None)}
    return {
        name: {
            "/".join([f"{key[0]}_{part}", *key.split("/")[1:]]): values[chosen]
            for key, values in data.items()
            for part, chosen in parts.items()
        }
        for name, data in made.items()
    }


@pytest.fixture(scope="module")
def kinds(child_environment, tmp_path_factory) -> Ran:
    """One run of them all."""
    need_tensorflow()
    project: Path = tmp_path_factory.mktemp("kinds")
    (project / "models" / "data").mkdir(parents=True)
    (project / "bench").mkdir()
    (project / "models" / "kinds.py").write_text(MODELS, "utf-8")
    (project / "bench" / "suite.py").write_text(SUITE, "utf-8")
    source = Path(__file__).resolve().parents[2]
    for name in ("bench_compress", "bench_evaluate"):
        (project / "bench" / f"{name}.py").write_text((source / f"bench/{name}.py").read_text())
    (project / "pytest.ini").write_text(SETTINGS, "utf-8")
    for name, data in arrays().items():
        np.savez(project / "models" / "data" / f"{name}.npz", **data)
    results, cache = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("cache")
    words = ("-q", "bench/", "--benchmark-only", "--weighin-runtimes=litert")
    return run_pytest(project, cache, results, *words, environment=child_environment)


def test_every_kind_is_weighed(kinds: Ran) -> None:
    """No row fails, and each has the first figure of its task, with an interval."""
    failed = [(record.case, record.reason) for record in kinds.all(status="failed")]

    assert [] == failed
    assert 0 == kinds.code
    for model, metric in PRIMARY.items():
        for variant in ("baseline", "int8"):
            figure = kinds.one(metric, variant, model=model)
            assert "ok" == figure.status
            assert figure.low <= figure.value <= figure.high
        assert kinds.one(f"{metric}_delta", "int8", model=model).verdict
        names = {record.metric for record in kinds.all(model=model)}
        assert not names & (set(PRIMARY.values()) - {metric})


def test_a_trained_model_without_targets_is_held_against_its_baseline(kinds: Ran) -> None:
    """Agreement, SQNR and cosine need no labels; what needs them is not there at all."""
    row = {record.metric: record for record in kinds.all(model="unlabelled", variant="int8")}

    assert row["agreement"].value > 0.9
    assert row["sqnr"].value > 20
    assert row["cosine"].value > 0.99
    assert "top1" not in row


def test_tables_have_the_columns_of_their_task(kinds: Ran) -> None:
    """One table a model, headed by its own figure and difference; no other task's."""
    tables = dict(
        zip(PRIMARY, ["MAE", "within 0.5", "top-1", "mAP", "mIoU", "error", "top-1"], strict=True)
    )
    for model, title in tables.items():
        header = kinds.text.split(f"\n{model} on ")[1].splitlines()[2]
        assert title in header
        assert "Δ" in header
        assert 1 == sum(other in header.split("  ") for other in set(tables.values()))


def test_labels_of_another_form_are_taken_and_that_is_said(kinds: Ran) -> None:
    """Where a reader looks for what figures rest on; nothing of labels that are as they should."""
    said = {
        model: kinds.text.split(f"\n{model} on ")[1].split(" test ")[1].splitlines()[0]
        for model in ("text", "two_inputs", "unet")
    }

    assert ", labels (n, 1) read as class numbers" in said["text"]
    assert ", one-hot labels read as class numbers" in said["two_inputs"]
    assert "read as" not in said["unet"]
    assert ", task segmentation" in said["unet"]
    assert "task" not in said["two_inputs"]
