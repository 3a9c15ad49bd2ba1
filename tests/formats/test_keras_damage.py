"""Keras files that are damaged, or no Keras files at all: none gets through."""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from helpers.damage import FORMATS, whole
from helpers.hdf5 import hdf5
from helpers.keras_files import KERNEL, content, sequential

from weighin.core import WeighinError
from weighin.formats import budget
from weighin.formats.keras import read_keras


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
    monkeypatch.setattr(budget, "SMALL", 100_000)
    path = tmp_path / "model.keras"
    with (
        zipfile.ZipFile(io.BytesIO(content("keras", {"d": KERNEL}))) as whole,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in whole.namelist():
            archive.writestr(name, b" " * 200_000 if name == entry else whole.read(name))
    assert path.stat().st_size < 20_000

    with pytest.raises(WeighinError, match=rf"{entry} would unpack from \d+ to 200,000 bytes"):
        read_keras(path)


def test_an_array_that_unpacks_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HDF5 compresses arrays too: a small .h5 may claim an array of any size."""
    monkeypatch.setattr(budget, "SMALL", 100_000)
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(sequential())
        file.create_dataset(
            "model_weights/d", shape=(50_000_000,), dtype=np.float32, chunks=(1_000_000,)
        )
    assert path.stat().st_size < 20_000

    with pytest.raises(WeighinError):
        read_keras(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_files_are_refused(tmp_path: Path, kind: str) -> None:
    """A download that broke off is never read as a smaller model."""
    intact, path, chance = whole(kind), tmp_path / "model.h5", random.Random(11)
    for _ in range(100):
        path.write_bytes(intact[: chance.randrange(len(intact))])
        with pytest.raises(WeighinError, match="is not a whole Keras file"):
            read_keras(path)


@pytest.mark.parametrize("begin", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"])
def test_random_files_are_refused(tmp_path: Path, begin: bytes) -> None:
    """Noise is no model, whatever it begins with."""
    path, chance = tmp_path / "model.keras", random.Random(12)
    for size in (1, 10, 100, 5000):
        path.write_bytes(begin + chance.randbytes(size))
        with pytest.raises(WeighinError, match="is not a whole Keras file"):
            read_keras(path)
