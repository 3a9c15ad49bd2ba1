"""Reading arrays out of .npz files and folders of .npy files, which are untrusted.

No pickle is read, and nothing is unpacked before its size was checked against what the file is.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import psutil

from weighin.datasets.naming import WrongArraysError, check_names, is_named

Arrays = dict[str, npt.NDArray[Any]]
# An archive may unpack to this much however small it is, and to more only if it does not grow more
# than so many times: what deflate makes of zeros alone is 1,000 times as large.
MODEST = 2**30  # bytes
GROWTH = 100
_OTHERS = {  # by what a file begins with
    b"\x89HDF\r\n": "an HDF5 file, such as .h5",
    b"\x80": "a pickle",
    b"\x1f\x8b": "a gzip file",
}


def names_in(path: Path) -> list[str]:
    """What the arrays of an .npz file are called.

    Raises:
        ValueError: if it is of another kind; other errors, as zipfile has them, if it is damaged.
    """
    with path.open("rb") as file:
        begins = file.read(8)
    if begins.startswith(b"\x93NUMPY"):
        raise ValueError("it holds one array, not those of a data set")
    if not begins.startswith(b"PK"):
        kind = next((kind for mark, kind in _OTHERS.items() if begins.startswith(mark)), "")
        raise ValueError(f"it is {kind or 'of another kind'}, not an .npz file")
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():  # also those that are not wanted: names must be whole
            archive.open(name).close()
        return [name.removesuffix(".npy") for name in archive.namelist()]


def read_npz(path: Path) -> Arrays:
    """The arrays of an .npz file that are called as those of a data set are.

    Raises:
        WrongArraysError: if their names are others, they are no numbers, or unpack to too much.
    """
    names = names_in(path)
    check_names(names)
    return unpacked(path, [name for name in names if is_named(name)])


def unpacked(path: Path, names: Iterable[str]) -> Arrays:
    """Some arrays of an .npz file, checked before memory is taken for them.

    Raises:
        WrongArraysError: if they are no numbers, or unpack to too much.
    """
    wanted = list(names)
    archive = np.load(path, allow_pickle=False)
    with archive:
        _check_sizes(archive.zip, [f"{name}.npy" for name in wanted])
        return {name: archive[name] for name in wanted}


def read_folder(folder: Path) -> Arrays:
    """The arrays of a folder of .npy files, mapped into memory: what is not used is not read.

    A file in a folder is called by both, `x_test/left.npy`.

    Raises:
        WrongArraysError: if their names are not those of a data set, or they are no numbers.
    """
    files = {file.relative_to(folder).with_suffix("").as_posix(): file for file in _npy(folder)}
    check_names(files)
    return {name: mapped(file) for name, file in sorted(files.items()) if is_named(name)}


def holds_arrays(folder: Path) -> bool:
    """Whether a folder is one of .npy files that are called as those of a data set are."""
    return any(
        is_named(file.relative_to(folder).with_suffix("").as_posix()) for file in _npy(folder)
    )


def mapped(file: Path) -> npt.NDArray[Any]:
    """The array of an .npy file, mapped into memory, which is read where it is used.

    Raises:
        WrongArraysError: if it is of another kind, empty, cut off, or holds Python objects.
    """
    with file.open("rb") as opened:
        if opened.read(6) != b"\x93NUMPY":
            raise WrongArraysError(f"{file.name} is no .npy file: store it by numpy.save.")
        opened.seek(0)
        dtype, shape = _header(opened, file.name)
        start = opened.tell()
    stated, there = math.prod(shape) * dtype.itemsize, file.stat().st_size - start
    if stated > there:
        raise WrongArraysError(
            f"{file.name} is cut off: {there:,} bytes of {stated:,}. Store it anew."
        )
    if not stated:  # which cannot be mapped
        return np.zeros(shape, dtype)
    return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))


def _npy(folder: Path) -> list[Path]:
    return [*folder.glob("*.npy"), *folder.glob("*_*/*.npy")]


def _check_sizes(archive: zipfile.ZipFile, entries: list[str]) -> None:
    """Refuse what would take more memory than so small a file should, or than there is."""
    total = packed = 0
    for entry in map(archive.getinfo, entries):
        with archive.open(entry) as file:
            dtype, shape = _header(file, entry.filename.removesuffix(".npy"))
            stated = file.tell() + math.prod(shape) * dtype.itemsize
        if stated != entry.file_size:
            raise ValueError(
                f"{entry.filename} has {entry.file_size:,} bytes, its header promises {stated:,}"
            )
        total, packed = total + stated, packed + entry.compress_size
    available = psutil.virtual_memory().available
    if total > available:
        raise WrongArraysError(
            f"its arrays take {total / 1e9:,.1f} GB of memory, and {available / 1e9:,.1f} GB are "
            f"free. Give a folder of .npy files instead, x_test.npy and so on, which are not read "
            f"into memory."
        )
    if total > max(MODEST, GROWTH * packed):
        raise WrongArraysError(
            f"{packed:,} bytes of it would unpack to {total:,}, which no measured data do. If "
            f"they are yours, store them by numpy.savez, unpacked."
        )


def _header(file: IO[bytes], name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """Dtype and shape that an .npy file states.

    Raises:
        WrongArraysError: if it holds Python objects.
        ValueError: if it is no .npy file.
    """
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_2_0
    if version == (1, 0):
        read = np.lib.format.read_array_header_1_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise WrongArraysError(
            f"{name} holds Python objects, such as rows of different lengths, which are not read: "
            f"pad the rows to one length, and store numbers."
        )
    if any(size < 0 for size in shape):
        raise ValueError(f"{name} states a shape of {shape}")
    return dtype, shape
