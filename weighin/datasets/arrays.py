"""Reading and writing the arrays of a data set: .npz, idx, idx.gz and CIFAR's binary files.

They are named `x_train`, `y_train`, `x_test` and `y_test`; of several inputs or targets each has a
name of its own behind a stroke, `x_train/left`, or before the part, `left_train`.

Files are untrusted: no pickle, and every size is checked before it is believed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.files import replacing

Arrays = dict[str, npt.NDArray[Any]]
T = TypeVar("T")
NAMES = ("x_train", "y_train", "x_test", "y_test")
PARTS = ("train", "test")
_NAMED = re.compile(r"(?P<side>[xy])_(?P<part>train|test)/(?P<name>.+)")
_SHORT = re.compile(r"(?P<name>.+)_(?P<part>train|test)")

_IDX_FILES = {
    "x_train": "train-images*idx3-ubyte*",
    "y_train": "train-labels*idx1-ubyte*",
    "x_test": "t10k-images*idx3-ubyte*",
    "y_test": "t10k-labels*idx1-ubyte*",
}
_DAMAGE = (  # what reading a damaged file may raise
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,  # and NotImplementedError: an entry that claims to be encrypted, or worse
    MemoryError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
_OTHERS = {  # by what a file begins with
    b"\x89HDF\r\n": "an HDF5 file, such as .h5",
    b"\x80": "a pickle",
    b"\x1f\x8b": "a gzip file",
}
_CIFAR_ROW = 1 + 3 * 32 * 32  # a label, then the red, green and blue planes


class _WrongArraysError(Exception):
    """A whole file, but its arrays are not those of a data set."""


def digest(arrays: Arrays) -> str:
    """sha256 over the decoded arrays: names, shapes and bytes; class numbers as int64 `(n,)`."""
    total = hashlib.sha256()
    for name in sorted(arrays, key=lambda each: (NAMES.index(each) if each in NAMES else 4, each)):
        array = arrays[name]
        if name.startswith("y") and array.dtype.kind in "iub" and array.size == len(array):
            array = array.reshape(-1).astype("<i8")
        array = np.ascontiguousarray(array)
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.data)
    return total.hexdigest()


def sides(arrays: Mapping[str, T], part: str) -> tuple[dict[str, T], dict[str, T]]:
    """Inputs and targets of a part, each by its own name; the only ones are `x` and `y`."""
    inputs: dict[str, T] = {}
    targets: dict[str, T] = {}
    for key, array in arrays.items():
        match = _match(key)
        if match is not None and match["part"] == part:
            side = match.groupdict().get("side") or ("y" if match["name"] == "y" else "x")
            (targets if side == "y" else inputs)[match["name"]] = array
    return inputs, targets


def _match(key: str) -> re.Match[str] | None:
    return _NAMED.fullmatch(key) or _SHORT.fullmatch(key)


def read_arrays(path: Path) -> Arrays:
    """Read a data set's arrays from an .npz file or a folder of idx or CIFAR files.

    Raises:
        WeighinError: if a file is missing, damaged or truncated; it names the file.
    """
    if not path.exists():
        raise WeighinError(f"{path} is missing: there is no such file or folder.")
    try:
        if not path.is_dir():
            return _read_npz(path)
        if any(path.glob("data_batch_*.bin")):
            return _read_cifar(path)
        return {name: _read_idx(_first(path, pattern)) for name, pattern in _IDX_FILES.items()}
    except _WrongArraysError as error:
        raise WeighinError(f"{path}: {error}") from None
    except _DAMAGE as error:
        raise WeighinError(
            f"{path} cannot be read as a data set ({type(error).__name__}: {error}). "
            f"It is damaged or of another kind: replace it."
        ) from error


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write arrays as a compressed .npz, whole or not at all; same arrays, same bytes."""
    with (
        replacing(path) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for key, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{key}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue())


def _read_npz(path: Path) -> Arrays:
    with path.open("rb") as file:
        begins = file.read(8)
    if begins.startswith(b"\x93NUMPY"):
        raise ValueError("it holds one array, not those of a data set")
    if not begins.startswith(b"PK"):
        kind = next((kind for mark, kind in _OTHERS.items() if begins.startswith(mark)), "")
        raise ValueError(f"it is {kind or 'of another kind'}, not an .npz file")
    archive = np.load(path, allow_pickle=False)
    with archive:
        for name in archive.zip.namelist():  # also those that are not wanted: names must be whole
            archive.zip.open(name).close()
        given = {part: sides(dict.fromkeys(archive.files), part) for part in PARTS}
        _check_names(archive.files, given)
        return {name: _whole(archive, name) for name in archive.files if _match(name)}


def _check_names(names: Sequence[str], given: Mapping[str, tuple[Any, Any]]) -> None:
    """Refuse an archive whose arrays' names are not those of a data set.

    Raises:
        _WrongArraysError: naming what is missing, and what it holds.
    """
    missing = [f"x_{part}" for part, (inputs, _) in given.items() if not inputs]
    if given["train"][1] and not given["test"][1]:
        missing.append("y_test")
    large = [name for name in names if name in ("X_train", "Y_train", "X_test", "Y_test")]
    if not any(name.startswith("Y") for name in large):  # an input may be called X
        large = []
    if missing or large:
        held = f"it holds {', '.join(names) or 'none'}"
        if large:
            renamed = ", ".join(name.lower() for name in large)
            raise _WrongArraysError(f"{held}: write small letters, {renamed}.")
        raise _WrongArraysError(
            f"no array named {missing[0]}; {held}. Add it: inputs are x_train and x_test, "
            f"targets y_train and y_test (or none)."
        )


def _whole(archive: Any, name: str) -> npt.NDArray[Any]:
    """One array of an archive.

    Raises:
        _WrongArraysError: if its rows are of different lengths, or hold other things than numbers.
    """
    try:
        values: npt.NDArray[Any] = archive[name]
    except ValueError as error:
        if "Object arrays" not in str(error):
            raise
        raise _WrongArraysError(
            f"{name} holds Python objects, such as rows of different lengths, which are not read: "
            f"pad the rows to one length, and store numbers."
        ) from None
    return values


def _first(folder: Path, pattern: str) -> Path:
    files = sorted(folder.glob(pattern))
    if not files:
        raise FileNotFoundError(f"no file {pattern}")
    return files[0]


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read an idx file of unsigned bytes (format: yann.lecun.com/exdb/mnist), plain or gzipped."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path.name} is not an idx file of bytes")
    start = 4 + 4 * data[3]
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4))
    if len(data) != start + math.prod(shape):
        raise ValueError(f"{path.name} has {len(data)} bytes, its header promises {shape}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _read_cifar(folder: Path) -> Arrays:
    """Read CIFAR-10's binary version (format: www.cs.toronto.edu/~kriz/cifar.html)."""

    def rows(*files: Path) -> npt.NDArray[np.uint8]:
        data = b"".join(file.read_bytes() for file in files)
        if len(data) % _CIFAR_ROW:
            raise ValueError(f"{files[0].name} and its like are not rows of {_CIFAR_ROW} bytes")
        return np.frombuffer(data, np.uint8).reshape(-1, _CIFAR_ROW)

    def images(table: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.ascontiguousarray(table[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))

    train = rows(*sorted(folder.glob("data_batch_*.bin")))
    test = rows(_first(folder, "test_batch.bin"))
    return {
        "x_train": images(train),
        "y_train": train[:, 0],
        "x_test": images(test),
        "y_test": test[:, 0],
    }
