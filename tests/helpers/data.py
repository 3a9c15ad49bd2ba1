"""Data sets to be found, refused or downloaded: small arrays, files of them, folders to look in."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

from helpers.tiny import tiny_arrays

from weighin.core import WeighinError
from weighin.datasets.arrays import Arrays, digest, write_npz
from weighin.datasets.search import SearchPaths


class FakeDownload:
    """Stands in for `keras.datasets`: writes `arrays`, or fails; remembers what was asked for."""

    def __init__(self) -> None:
        """Fail until there are `arrays`."""
        self.arrays: Arrays | None = None
        self.asked: list[str] = []

    def __call__(self, name: str, target: Path) -> None:
        """Take the place of `weighin.datasets.search._download`."""
        self.asked.append(name)
        if self.arrays is None:
            raise WeighinError("the download failed: no network in tests")
        write_npz(target, self.arrays)


def paths_in(folder: Path, *, offline: bool = True) -> SearchPaths:
    """A user's folder, a cache and one system folder, all in `folder`."""
    return SearchPaths(folder / "user", folder / "cache", offline, (folder / "system",))


def marked(mark: int) -> Arrays:
    """The tiny arrays with one pixel set to `mark`."""
    arrays = tiny_arrays()
    arrays["x_test"][0, 0, 0] = mark
    return arrays


def anything(arrays: Arrays) -> str | None:
    """Accept every data set."""
    return None


def only(wanted: Arrays) -> Callable[[Arrays], str | None]:
    """Accept these arrays alone."""

    def accepts(arrays: Arrays) -> str | None:
        return None if digest(arrays) == digest(wanted) else "other data: not the ones wanted"

    return accepts


def write_idx(folder: Path, arrays: Arrays) -> None:
    """The four gzipped idx files of a system package."""
    folder.mkdir(parents=True)
    files = {
        "x_train": "train-images-idx3-ubyte.gz",
        "y_train": "train-labels-idx1-ubyte.gz",
        "x_test": "t10k-images-idx3-ubyte.gz",
        "y_test": "t10k-labels-idx1-ubyte.gz",
    }
    for name, file in files.items():
        array = arrays[name]
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        content = bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()
        (folder / file).write_bytes(gzip.compress(content))
