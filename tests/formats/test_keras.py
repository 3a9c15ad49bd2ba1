"""Keras files read without TensorFlow: what they hold, and that no damage gets through."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
import io
import itertools
import json
import multiprocessing
import random
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers.hdf5 import hdf5

from weighin.core import WeighinError
from weighin.formats import keras
from weighin.formats.keras import WRAPPERS, read_keras, read_weights

FORMATS = ("h5", "keras")
KERNEL = np.array([[0, 1, -1], [2, 0, 2]], np.float32)
BIAS = np.zeros(3, np.float32)


def layer(kind: str, name: str, **inside: Any) -> dict[str, Any]:
    """A layer's configuration."""
    return {"class_name": kind, "config": {"name": name, **inside}}


def sequential(*layers: dict[str, Any], name: str = "model") -> dict[str, Any]:
    """A model's configuration, which is a layer's too."""
    return layer("Sequential", name, layers=list(layers))


def content(
    format: str,
    weights: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    optimizer: Mapping[str, Any] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """A model as Keras writes it in either format."""
    text = json.dumps(config or sequential(layer("Dense", "dense")))
    if format == "h5":
        arrays = {f"model_weights/{name}": array for name, array in weights.items()}
        arrays |= {f"optimizer_weights/{n}": array for n, array in (optimizer or {}).items()}
        return hdf5(arrays, model_config=text)
    arrays = {f"layers/{name}": array for name, array in weights.items()}
    arrays |= {f"optimizer/vars/{name}": array for name, array in (optimizer or {}).items()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", hdf5(arrays))
    return target.getvalue()


def write(folder: Path, format: str, *arguments: Any, **more: Any) -> Path:
    """The same as a file."""
    path = folder / f"model.{format}"
    path.write_bytes(content(format, *arguments, **more))
    return path


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


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"PK",
        b"PK\x03\x04",
        b"\x89HDF\r\n\x1a\n",
        b"TFL3" * 10,
        b"{}",
        hdf5({"x": KERNEL}),
        hdf5({"model_weights/d": KERNEL}),
        hdf5({"x": KERNEL}, model_config="{}"),
        hdf5({"model_weights/d": KERNEL}, model_config="no JSON"),
        hdf5({"model_weights/d": KERNEL}, model_config="[]"),
        hdf5({"model_weights/d": KERNEL}, model_config="null"),
        hdf5({"model_weights/d": KERNEL}, model_config='{"config": {"layers": [7]}}'),
        hdf5({"model_weights/d": KERNEL}, model_config='{"config": {"layers": [{}]}}'),
        hdf5({"model_weights/d": KERNEL}, model_config='{"config": {"layers": 5}}'),
        hdf5({"model_weights": KERNEL}, model_config=json.dumps(sequential())),
        hdf5(
            {"model_weights/d": KERNEL},
            model_config='{"config":{"layer":' * 5000 + "{}" + "}}" * 5000,
        ),
    ],
    ids=range(17),
)
def test_what_is_no_keras_model_is_refused(tmp_path: Path, held: bytes) -> None:
    """Other files, and files that have the look of a model and not its parts, are named."""
    path = tmp_path / "model.h5"
    path.write_bytes(held)

    with pytest.raises(WeighinError, match="is not a whole Keras file") as caught:
        read_keras(path)

    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_an_archive_that_lacks_a_part_is_refused(tmp_path: Path, missing: str) -> None:
    """Both the configuration and the weights have to be there."""
    path = tmp_path / "model.keras"
    with (
        zipfile.ZipFile(io.BytesIO(content("keras", {"d": KERNEL}))) as whole,
        zipfile.ZipFile(path, "w") as archive,
    ):
        for name in whole.namelist():
            if name != missing:
                archive.writestr(name, whole.read(name))

    with pytest.raises(WeighinError, match=missing):
        read_keras(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere, or to a folder, is a message."""
    for path in (tmp_path / "no.h5", tmp_path):
        with pytest.raises(WeighinError) as caught:
            read_keras(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("entry", ["config.json", "model.weights.h5"])
def test_an_entry_that_unpacks_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    """A small archive of much that compresses well is not unpacked."""
    monkeypatch.setattr(keras, "LARGEST", 100_000)
    path = tmp_path / "model.keras"
    with (
        zipfile.ZipFile(io.BytesIO(content("keras", {"d": KERNEL}))) as whole,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in whole.namelist():
            archive.writestr(name, b" " * 200_000 if name == entry else whole.read(name))
    assert path.stat().st_size < 20_000

    with pytest.raises(WeighinError, match=rf"{entry} unpacks to more than 100000 bytes"):
        read_keras(path)


def test_an_array_that_unpacks_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HDF5 compresses arrays too: a small .h5 may claim an array of any size."""
    monkeypatch.setattr(keras, "LARGEST", 100_000)
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(sequential())
        file.create_dataset(
            "model_weights/d", shape=(50_000_000,), dtype=np.float32, chunks=(1_000_000,)
        )
    assert path.stat().st_size < 20_000

    with pytest.raises(WeighinError):
        read_keras(path)


DAMAGES = {
    "h5": {"format": "h5"},
    "stored": {"format": "keras"},
    "deflated": {"format": "keras", "compression": zipfile.ZIP_DEFLATED},
}


def _whole(kind: str) -> bytes:
    return content(weights={"d": KERNEL, "b": BIAS}, optimizer={"m": KERNEL}, **DAMAGES[kind])


@pytest.mark.parametrize("kind", list(DAMAGES))
def test_truncated_files_are_refused(tmp_path: Path, kind: str) -> None:
    """A download that broke off is never read as a smaller model."""
    whole, path, chance = _whole(kind), tmp_path / "model.h5", random.Random(11)
    for _ in range(100):
        path.write_bytes(whole[: chance.randrange(len(whole))])
        with pytest.raises(WeighinError, match="is not a whole Keras file"):
            read_keras(path)


def _read(path: str, kind: str, seeds: range, outcomes: Any) -> None:
    """Read damaged files one after the other; say of each what became of it."""
    whole = _whole(kind)
    outcomes.send((seeds.start, "ready"))
    for seed in seeds:
        held, chance = bytearray(whole), random.Random(seed)
        for _ in range(chance.choice([1, 4, 30])):
            held[chance.randrange(len(held))] = chance.randrange(256)
        Path(path).write_bytes(held)
        try:
            read_keras(Path(path))
            outcomes.send((seed, "read"))
        except WeighinError as error:
            outcomes.send((seed, "refused" if str(error).startswith(path) else str(error)))
        except Exception as error:
            outcomes.send((seed, repr(error)))
    outcomes.send((seeds.stop, "done"))


@pytest.mark.parametrize("kind", list(DAMAGES))
def test_damaged_files_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    """Of 100 damaged files each is read after all or refused by name.

    The HDF5 library itself may crash or never return on some, which is why another process reads.
    """
    spawning = multiprocessing.get_context("spawn")
    found: list[str] = []
    seed = 0
    while seed < 100:
        receiver, sender = spawning.Pipe(duplex=False)
        arguments = (str(tmp_path / "model.h5"), kind, range(seed, 100), sender)
        process = spawning.Process(target=_read, args=arguments)
        process.start()
        sender.close()
        patience = 60  # until all is imported; then for one file
        with contextlib.suppress(EOFError):
            while receiver.poll(patience):
                at, outcome = receiver.recv()
                found.append(outcome)
                seed, patience = (at if outcome == "ready" else at + 1), 2
        process.kill()
        process.join()
        seed += found[-1] != "done"  # what it died of, or hung at, is left out

    assert {"ready", "read", "refused", "done"} == set(found)


@pytest.mark.parametrize("begin", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"])
def test_random_files_are_refused(tmp_path: Path, begin: bytes) -> None:
    """Noise is no model, whatever it begins with."""
    path, chance = tmp_path / "model.keras", random.Random(12)
    for size in (1, 10, 100, 5000):
        path.write_bytes(begin + chance.randbytes(size))
        with pytest.raises(WeighinError, match="is not a whole Keras file"):
            read_keras(path)


# Weights for a model of our own


def trained(format: str, layers: Mapping[str, Mapping[str, Any]], inside: str = "") -> bytes:
    """Weights by layer and name, as either Keras writes them; `inside` which group of an .h5."""
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        group = file.require_group(inside) if inside else file
        for layer, arrays in layers.items():
            for name, array in arrays.items():
                group.create_dataset(f"{layer}/{name}", data=array)
            group.require_group(layer).attrs["weight_names"] = list(arrays)
        group.attrs["layer_names"] = list(layers)
    if format == "h5":
        return target.getvalue()
    kinds = {"dense": "Dense", "conv2d": "Conv2D", "re_lu": "ReLU"}
    kinds |= {"batch_normalization": "BatchNormalization", "depthwise_conv2d": "DepthwiseConv2D"}
    config = sequential(
        *(
            {"class_name": kinds[re.sub(r"_\d+$", "", n)], "config": {"name": f"own {n}"}}
            for n in layers
        )
    )
    archived = io.BytesIO()
    arrays = {
        f"layers/{n}/vars/{i}": a for n, own in layers.items() for i, a in enumerate(own.values())
    }
    with zipfile.ZipFile(archived, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", hdf5(arrays))
    return archived.getvalue()


LAYERS = {  # not in the alphabet's order, as in a model
    "depthwise_conv2d": {"kernel": KERNEL, "bias": BIAS},
    "batch_normalization": {name: BIAS + at for at, name in enumerate("gbmv")},
    "re_lu": {},
    "conv2d": {"kernel": KERNEL + 1},
    "batch_normalization_1": {name: BIAS - at for at, name in enumerate("gbmv")},
    "dense": {"kernel": KERNEL + 2, "bias": BIAS + 2},
}


@pytest.mark.parametrize(("format", "inside"), [("h5", ""), ("h5", "model_weights"), ("keras", "")])
def test_weights_come_in_the_models_order(tmp_path: Path, format: str, inside: str) -> None:
    """Layer by layer, each with its arrays in their order; layers without weights are left out."""
    path = tmp_path / "net"
    path.write_bytes(trained(format, LAYERS, inside))

    found = read_weights(path)

    wanted = [list(arrays.values()) for arrays in LAYERS.values() if arrays]
    assert [len(arrays) for arrays in wanted] == [len(arrays) for arrays in found]
    for before, after in zip(wanted, found, strict=True):
        assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_weights_are_refused(tmp_path: Path, format: str) -> None:
    """What is cut off, or no Keras file at all, is an error that names it."""
    path = tmp_path / "net"
    for content in (trained(format, LAYERS)[:-200], b"", hdf5({"weights": KERNEL})):
        path.write_bytes(content)
        with pytest.raises(WeighinError, match=rf"{path} is not a whole Keras file"):
            read_weights(path)


@pytest.mark.parametrize("format", FORMATS)
def test_a_layer_that_unpacks_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    """A small file cannot fill the memory, whatever sizes it promises."""
    path = tmp_path / "net"
    path.write_bytes(trained(format, LAYERS))
    monkeypatch.setattr(keras, "LARGEST", KERNEL.nbytes - 1)

    with pytest.raises(WeighinError, match="unpacks to more than"):
        read_weights(path)


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
