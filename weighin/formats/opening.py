"""Keras files (.h5 or .keras) opened without trust: nothing is run, nothing unpacked unseen."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from weighin.core import WeighinError
from weighin.formats import hdf5
from weighin.formats.budget import NUMBER, Budget

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"  # how these files begin


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[None]:
    """Whatever a damaged file raises becomes an error that names it.

    Raises:
        WeighinError: in its place.
    """
    try:
        yield
    except (
        OSError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        RuntimeError,
        ArithmeticError,
        EOFError,
        RecursionError,
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise WeighinError(
            f"{path} is not a whole Keras file ({type(error).__name__}: {error})."
        ) from error


@dataclass(frozen=True)
class Parts:
    """What an open Keras file consists of.

    Attributes:
        file: the HDF5 file that holds the weights.
        config: the model's configuration; None of an .h5 of which the weights alone are wanted.
        budget: of reading them.
        is_h5: whether the file is that HDF5 file itself, not an archive.
        method: by which an archive compresses it.
    """

    file: Any
    config: Any
    budget: Budget
    is_h5: bool
    method: int = zipfile.ZIP_STORED


@contextlib.contextmanager
def opened(file: BinaryIO, *, weights_alone: bool = False) -> Iterator[Parts]:
    """A .h5 or .keras file.

    Args:
        file: open, at its beginning.
        weights_alone: whether an .h5 may be without its model.

    Raises:
        ValueError: if it would take too much memory; other errors, as `whole_file` knows them, if
            it is damaged.
    """
    if not is_archive(file):
        with hdf5.opened(file) as (held, budget):
            config = None if weights_alone else attribute(held, "model_config", budget)
            yield Parts(held, config, budget, is_h5=True)
        return
    with (
        zipfile.ZipFile(file) as archive,
        entry(archive, "model.weights.h5") as inner,
        hdf5.opened(inner) as (held, budget),
    ):
        config = configuration(archive, "config.json", budget)
        method = archive.getinfo("model.weights.h5").compress_type
        yield Parts(held, config, budget, is_h5=False, method=method)


def is_archive(file: BinaryIO) -> bool:
    """Whether a file begins as a .keras archive does."""
    begin = file.read(len(ZIP))
    file.seek(0)
    return begin == ZIP


def attribute(file: Any, name: str, budget: Budget) -> Any:
    """What an attribute of an HDF5 file says in JSON.

    Raises:
        KeyError: if there is none.
        ValueError: if it is no JSON, or too long.
    """
    text = file.attrs[name]
    return _parsed(text, name, len(text), budget)


def configuration(archive: zipfile.ZipFile, name: str, budget: Budget) -> Any:
    """What an archive's entry says in JSON.

    Raises:
        KeyError: if there is none.
        ValueError: if it is no JSON, or too long.
    """
    with entry(archive, name) as file:
        return _parsed(file.read(), name, archive.getinfo(name).compress_size, budget)


def _parsed(text: Any, name: str, stored: int, budget: Budget) -> Any:
    budget.stored += stored
    budget.take(name, NUMBER * len(text))
    return json.loads(text)


@contextlib.contextmanager
def entry(archive: zipfile.ZipFile, name: str) -> Iterator[BinaryIO]:
    """An archive's entry as a file: on the disk, since it may be as large as all memory.

    Raises:
        ValueError: if it would unpack to far more than it is.
    """
    info = archive.getinfo(name)
    check_unpacked(name, info.file_size, info.compress_size)
    with tempfile.TemporaryFile() as target:
        with archive.open(info) as source:
            shutil.copyfileobj(source, target)
        target.seek(0)
        yield target


def check_unpacked(name: str, size: int, stored: int) -> None:
    """Refuse what would unpack to far more than it is: no trained weights do.

    Args:
        name: what it is called in messages.
        size: bytes that it unpacks to.
        stored: bytes that it takes now.

    Raises:
        ValueError: saying so.
    """
    Budget(stored).take(name, size)
