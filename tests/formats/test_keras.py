"""Keras files read without TensorFlow: what they hold."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import itertools
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.keras_files import BIAS, FORMATS, KERNEL, content, layer, sequential, write

from weighin.formats import keras
from weighin.formats.keras import WRAPPERS, read_keras


@pytest.mark.parametrize("format", FORMATS)
def test_weights_are_counted(tmp_path: Path, format: str) -> None:
    """Parameters, zeros and different values, of each array and of all."""
    path = write(tmp_path, format, {"d/kernel": KERNEL, "d/bias": BIAS})

    held = read_keras(path)

    assert (9, 4) == (held.parameters, held.nonzero_parameters)
    assert {(6, 2, 4), (3, 3, 1)} == {(w.values.size, w.zeros, w.unique) for w in held.weights}
    assert path.stat().st_size == held.bytes
    assert (0, [], []) == (held.optimizer_bytes, held.wrapped, held.lambdas)


@pytest.mark.parametrize("format", FORMATS)
def test_values_are_the_files_own(tmp_path: Path, format: str) -> None:
    """Arrays come out as they went in, whatever their precision."""
    arrays = {"a": KERNEL, "b": KERNEL.astype(np.float16), "c": KERNEL.astype(np.float64)}

    held = read_keras(write(tmp_path, format, arrays))

    assert len(arrays) == len(held.weights)
    for weight in held.weights:
        wanted = arrays[weight.name.rsplit("/", 1)[-1]]
        assert wanted.dtype == weight.values.dtype
        assert np.array_equal(wanted, weight.values)


@pytest.mark.parametrize("format", FORMATS)
def test_counters_are_no_weights(tmp_path: Path, format: str) -> None:
    """Step counters and seeds of wrappers and dropout are whole numbers, not trained values."""
    path = write(tmp_path, format, {"d": KERNEL, "seed": np.arange(2), "step": np.int64(7)})

    assert 6 == read_keras(path).parameters


@pytest.mark.parametrize("format", FORMATS)
def test_optimizer_state_is_no_weight(tmp_path: Path, format: str) -> None:
    """Momenta are as many as the weights, and are not counted among them."""
    path = write(tmp_path, format, {"d": KERNEL}, optimizer={"m": KERNEL, "v": KERNEL})

    assert 6 == read_keras(path).parameters


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("layers", [1, 10])
def test_optimizer_bytes_are_what_the_file_would_be_smaller(
    tmp_path: Path, format: str, layers: int
) -> None:
    """Within a hundredth, the same model written without its optimizer's state is as small."""
    weights = {f"d{at}": np.ones(20_000, np.float32) for at in range(layers)}
    momenta = {f"{kind}{at}": array for kind in "mv" for at, array in weights.items()}
    lean = len(content(format, weights))

    held = read_keras(write(tmp_path, format, weights, optimizer=momenta))

    assert held.bytes - lean == pytest.approx(held.optimizer_bytes, rel=0.05)
    assert held.optimizer_bytes > layers * 2 * 80_000


def test_optimizer_bytes_of_a_compressed_archive_are_part_of_it(tmp_path: Path) -> None:
    """A file cannot be smaller by more than it is large, however well the state compresses."""
    zeros = np.zeros(100_000, np.float32)
    path = write(
        tmp_path,
        "keras",
        {"d": KERNEL},
        optimizer={"m": zeros},
        compression=zipfile.ZIP_DEFLATED,
    )
    lean = len(content("keras", {"d": KERNEL}, compression=zipfile.ZIP_DEFLATED))

    held = read_keras(path)

    assert 0 < held.optimizer_bytes < held.bytes
    assert held.bytes - lean == pytest.approx(held.optimizer_bytes, abs=2000)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", WRAPPERS)
def test_wrappers_are_found_at_any_depth(tmp_path: Path, format: str, kind: str) -> None:
    """On top, in a model inside the model, and around a layer that is wrapped itself."""
    wrapped = layer(kind, "top", layer=layer("Dense", "one"))
    nested = sequential(layer(kind, "deep", layer=layer("Dense", "two")), name="inner")
    twice = layer("TimeDistributed", "td", layer=layer(kind, "within", layer=layer("Dense", "x")))
    config = sequential(layer("Flatten", "flatten"), wrapped, nested, twice)

    held = read_keras(write(tmp_path, format, {"d": KERNEL}, config))

    assert ["top", "deep", "within"] == held.wrapped
    assert ("x", "Dense") in held.layers


@pytest.mark.parametrize("format", FORMATS)
def test_a_model_that_is_wrapped_whole(tmp_path: Path, format: str) -> None:
    """A wrapper around a model shows the layers of that model too."""
    inner = sequential(layer("Lambda", "sly"), name="inner")
    config = sequential(layer("TimeDistributed", "td", layer=inner))

    assert ["sly"] == read_keras(write(tmp_path, format, {"d": KERNEL}, config)).lambdas


@pytest.mark.parametrize("format", FORMATS)
def test_code_is_found_and_not_run(tmp_path: Path, format: str) -> None:
    """A Lambda layer is named; what it holds is never looked at."""
    config = sequential(
        layer("Dense", "d"), layer("Lambda", "sly", function=["raise SystemExit", None, None])
    )

    held = read_keras(write(tmp_path, format, {"d": KERNEL}, config))

    assert ["sly"] == held.lambdas
    assert [("d", "Dense"), ("sly", "Lambda")] == list(held.layers)


@pytest.mark.parametrize("format", FORMATS)
def test_the_content_decides_not_the_name(tmp_path: Path, format: str) -> None:
    """A file under the other format's name is read for what it is."""
    other = {"h5": "keras", "keras": "h5"}[format]
    path = tmp_path / f"model.{other}"
    path.write_bytes(content(format, {"d": KERNEL}))

    assert 6 == read_keras(path).parameters


def node(*senders: str) -> list[Any]:
    """How Keras 2 writes what a layer takes."""
    return [[[sender, 0, 0, {}] for sender in senders]]


def functional(**senders: Any) -> dict[str, Any]:
    """A model of layers and what each takes."""
    layers = [
        layer("Add", name) | {"name": name, "inbound_nodes": n} for name, n in senders.items()
    ]
    return layer("Functional", "model", layers=layers)


KERAS_3 = [{"args": [{"config": {"keras_history": ["image", 0, 0]}}], "kwargs": {}}]


@pytest.mark.parametrize(
    ("config", "depth"),
    [
        (sequential(), 0),
        (sequential(layer("InputLayer", "image"), layer("Dense", "dense")), 2),
        (sequential(layer("Dense", "one"), sequential(layer("Dense", "two"), name="in")), 2),
        (functional(image=[], short=node("image"), sum=node("image", "short")), 3),
        (functional(sum=node("image", "b"), b=node("a"), a=node("image"), image=[]), 4),
        (functional(image=[], dense=KERAS_3), 2),
        (functional(image=[], lone=[[[["odd"], 0, 0]]]), 1),
        (functional(image=[], a=node("image", "b"), b=node("a")), None),
    ],
)
def test_depth_is_the_longest_path(config: dict[str, Any], depth: int | None) -> None:
    """From an input, which counts, in whatever order layers are; none where they go in circles."""
    assert depth == keras._depth(config)


def test_a_deep_chain_does_not_end_the_reading() -> None:
    """No limit on recursion is met by a file of many layers."""
    names = [f"layer{number}" for number in range(5000)]
    chain = {name: node(before) for before, name in itertools.pairwise(names)}

    assert 5000 == keras._depth(functional(layer0=[], **chain))
