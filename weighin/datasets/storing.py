"""Decoded arrays on their way to disk: .npy files that grow by rows, however many there will be."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Array, WeighinError
from weighin.datasets import checking
from weighin.datasets.dividing import divide, labels_of, stored_as, undivided
from weighin.datasets.kinds.reading import Reading
from weighin.datasets.loading import from_arrays
from weighin.datasets.naming import PARTS, WrongArraysError, check_names, is_named, sides

HEADER = 256  # bytes: room for any shape that an .npy file may have at its end
NAMED = 5  # classes that are named of many
PIECE = 2**24  # bytes that are prepared and written together
Progress = Callable[[str, int, int], None]  # what is done, how many of them, of how many


class Rows:
    """An .npy file of as many rows as are appended."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self._file.write(bytes(HEADER))
        self._count = 0
        self._dtype: np.dtype[Any] | None = None
        self._shape: tuple[int, ...] = ()

    def append(self, rows: Array) -> None:
        """Write some more, `(k, …)`, each of the shape and dtype of those before."""
        if self._dtype is None:
            self._dtype, self._shape = rows.dtype, rows.shape[1:]
        if (rows.dtype, rows.shape[1:]) != (self._dtype, self._shape):
            raise ValueError(f"rows {rows.dtype} {rows.shape[1:]} below {self._dtype}")
        self._file.write(np.ascontiguousarray(rows).data)
        self._count += len(rows)

    def close(self) -> None:
        """Write what the file holds in front, now that it is known."""
        descr = np.lib.format.dtype_to_descr(self._dtype or np.dtype(np.float32))
        shape = (self._count, *self._shape)
        text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode("latin1")
        text = text.ljust(HEADER - 11) + b"\n"
        self._file.seek(0)
        self._file.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
        self._file.close()


class Store:
    """The arrays of a data set while they are decoded, prepared as the `Reading` says.

    Attributes:
        name: of the data set.
        reading: how it is read.
        progress: told how far it is.
        classes: how many, as soon as that is known.
        notes: what was read and how, in words.
    """

    def __init__(self, folder: Path, name: str, reading: Reading, progress: Progress) -> None:
        """Write into a folder that exists."""
        self.name, self.reading, self.progress = name, reading, progress
        self.classes = reading.classes
        self.notes: list[str] = []
        self._folder = folder
        self._open: dict[str, Rows] = {}

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for rows in self._open.values():
            rows.close()

    def append(self, key: str, rows: Array) -> None:
        """Write some rows of an array that is called so, inputs prepared."""
        if key not in self._open:
            path = PurePosixPath(f"{key}.npy")
            if ".." in path.parts or path.is_absolute() or "\\" in key or not key.isprintable():
                raise WeighinError(f"Data set {self.name!r}: {key!r} is no name of an array.")
            self._open[key] = Rows(self._folder / path)
        is_input = any(sides({key: rows}, part)[0] for part in PARTS)
        self._open[key].append(prepared(rows, self.reading) if is_input else rows)

    def found_classes(self, names: Sequence[str]) -> None:
        """Note which classes there are; none where targets are none, or numbers of something."""
        if names:
            self.classes = self.classes or len(names)
            more = ", …" if len(names) > NAMED else ""
            self.notes.append(f"{len(names)} classes: {', '.join(names[:NAMED])}{more}")

    def require(self, size: int) -> None:
        """Refuse what there is no space for.

        Raises:
            WeighinError: naming both.
        """
        free = shutil.disk_usage(self._folder).free
        if size > free:
            raise WeighinError(
                f"Data set {self.name!r} takes {size / 1e9:,.1f} GB decoded, and "
                f"{self._folder.parent} has {free / 1e9:,.1f} GB left: free some space, choose "
                f"another folder by --cache-dir, or a smaller --size."
            )

    def write(self, arrays: Mapping[str, Array]) -> None:
        """Write arrays that are called as those of a data set, or `x` and `y`, which are divided.

        Raises:
            WeighinError: if they are called otherwise, or make no sense.
        """
        found = undivided(arrays)
        if found is not None and found[0]:
            self.write_undivided(*found)
            return
        try:
            check_names(list(arrays))
        except WrongArraysError as error:
            raise WeighinError(f"Data set {self.name!r}: {error}") from None
        arrays = {key: values for key, values in arrays.items() if is_named(key)}
        checking.check(from_arrays(self.name, arrays, classes=self.reading.classes))
        for key, values in arrays.items():
            self._write(key, values, np.arange(len(values)))

    def write_undivided(self, inputs: Mapping[str, Array], targets: Mapping[str, Array]) -> None:
        """Write examples as two parts.

        Raises:
            WeighinError: if they make no sense, or are too few.
        """
        checking.check_undivided(self.name, inputs, targets, self.reading.classes)
        count = len(next(iter(inputs.values())))
        division = divide(count, labels_of(targets), self.reading.seed, self.name)
        for part, numbers in division.parts.items():
            for side, arrays in (("x", inputs), ("y", targets)):
                for name, values in arrays.items():
                    self._write(stored_as(side, part, name), values, numbers)
        self.notes.append(division.words)

    def _write(self, key: str, values: Array, numbers: npt.NDArray[np.int64]) -> None:
        size = max(1, PIECE // max(1, values[:1].nbytes))
        for start in range(0, len(numbers), size):
            self.append(key, values[numbers[start : start + size]])


def prepared(values: Array, reading: Reading) -> Array:
    """Inputs as they are stored, or `(x × scale − mean) / std` as float32 where these are given."""
    if not reading.prepares:
        return values
    channels = values.shape[-1] if values.ndim > 1 else 1
    for option, given in (("--mean", reading.mean), ("--std", reading.std)):
        if len(given) not in (0, 1, channels):
            raise WeighinError(
                f"{option} gives {len(given)} values, and inputs of shape {values.shape[1:]} have "
                f"{channels} along their last axis: give one, or one for each."
            )
    mean = np.asarray(reading.mean or (0.0,), np.float32)
    std = np.asarray(reading.std or (1.0,), np.float32)
    scaled = values.astype(np.float32) * np.float32(reading.scale or 1.0)
    ready: Array = (scaled - mean) / std
    return ready
