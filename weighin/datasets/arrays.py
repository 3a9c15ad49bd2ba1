"""Reading and writing the arrays of a data set: .npz, .npy, idx, idx.gz and CIFAR's binary files.

Files are untrusted: no pickle, and every size is checked before it is believed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.datasets.archives import Arrays as Arrays
from weighin.datasets.archives import holds_arrays, read_folder, read_npz
from weighin.datasets.naming import NAMES, WrongArraysError
from weighin.files import replacing

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
_CIFAR_ROW = 1 + 3 * 32 * 32  # a label, then the red, green and blue planes


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


def read_arrays(path: Path) -> Arrays:
    """Read a data set's arrays from an .npz file or a folder of .npy, idx or CIFAR files.

    Those of .npy files are mapped into memory, not read.

    Raises:
        WeighinError: if a file is missing, damaged or truncated; it names the file.
    """
    if not path.exists():
        raise WeighinError(f"{path} is missing: there is no such file or folder.")
    with readable(path):
        if not path.is_dir():
            return read_npz(path)
        if holds_arrays(path):
            return read_folder(path)
        if any(path.glob("data_batch_*.bin")):
            return _read_cifar(path)
        return {name: _read_idx(_first(path, pattern)) for name, pattern in _IDX_FILES.items()}


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Say of whatever goes wrong in reading a file or folder which one it is.

    Raises:
        WeighinError: if it is damaged, of another kind, or its arrays are not those of a data set.
    """
    try:
        yield
    except WrongArraysError as error:
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
