"""Registered data sets: registering one, loading it, and what is refused because it makes no sense.

A registered data set is a function `load(search) -> Dataset`, given the `SearchPaths`. Its digest
is over decoded arrays, so an .npz, idx and idx.gz files of the same data are the same data set.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path

import numpy as np

from weighin import registry
from weighin.core import Dataset, Split, WeighinError
from weighin.datasets.arrays import Arrays, read_arrays
from weighin.datasets.arrays import digest as digest_of
from weighin.datasets.search import SearchPaths, exactly
from weighin.registry import dataset

NOISE_TRAIN, NOISE_TEST = 8, 4  # images: the largest models take a second for each


class NotPreparedError(WeighinError):
    """A data set is here, but something remains to be computed: what, and what was found."""


def load(name: str, search: SearchPaths) -> Dataset:
    """Load a registered data set.

    Raises:
        WeighinError: if the name is unknown, or the data are not found (then the message names
            every way to get them), damaged or senseless.
    """
    loader = registry.datasets[name]
    try:
        loaded: Dataset = loader(search)
    except WeighinError:
        raise
    except Exception as error:
        raise WeighinError(
            f"Data set {name!r} could not be loaded: {type(error).__name__}: {error}."
        ) from error
    _validate(loaded)
    return loaded


@functools.lru_cache(maxsize=2)
def load_cached(name: str, search: SearchPaths) -> Dataset:
    """`load`, remembering the last two data sets."""
    return load(name, search)


def npz_dataset(
    name: str,
    path: Path | str,
    *,
    classes: int,
    scale: float | None = None,
    digest: str | None = None,
) -> None:
    """Register an .npz file with `x_train`, `y_train`, `x_test`, `y_test` as a data set.

    Args:
        name: what the data set is called.
        path: the file; read without pickle.
        classes: how many; labels are 0 to classes - 1.
        scale: what stored values are multiplied by to become model inputs; if not given, 1/255
            for whole numbers and 1 for floating ones.
        digest: of the decoded arrays (`weighin doctor` shows it); other data are then refused.
    """
    file = Path(path)

    def loader(search: SearchPaths) -> Dataset:
        arrays = read_arrays(file)
        problem = exactly(digest)(arrays) if digest else None
        if problem:
            raise WeighinError(f"{file}: {problem}. Restore the file.")
        usual = 1.0 if arrays["x_train"].dtype.kind == "f" else 1 / 255
        return from_arrays(name, arrays, classes=classes, scale=usual if scale is None else scale)

    loader.__doc__ = f"{classes} classes, from {file.name}"
    dataset(name)(loader)


def noise_dataset(name: str, shape: tuple[int, int, int], *, classes: int) -> None:
    """Register images of noise, for models whose size and latency are wanted but not their answers.

    Accuracy on them is `not measured`.

    Args:
        name: what the data set is called.
        shape: of an image: height, width, channels.
        classes: how many the models tell apart.
    """

    def loader(search: SearchPaths) -> Dataset:
        generator = np.random.default_rng(0)
        arrays: Arrays = {}
        for part, count in (("train", NOISE_TRAIN), ("test", NOISE_TEST)):
            arrays[f"x_{part}"] = generator.integers(0, 256, (count, *shape), dtype=np.uint8)
            arrays[f"y_{part}"] = np.arange(count) % classes
        noise = from_arrays(name, arrays, classes=classes)
        reason = "the test images are noise, on which accuracy would mean nothing"
        return dataclasses.replace(noise, unlabelled=reason)

    loader.__doc__ = f"Noise, {'×'.join(map(str, shape))}, for {classes:,} classes"
    dataset(name)(loader)


def from_arrays(name: str, arrays: Arrays, *, classes: int, scale: float = 1 / 255) -> Dataset:
    """A data set of `x_train`, `y_train`, `x_test` and `y_test`; grey images get one channel."""
    for part in ("train", "test"):
        kind = arrays[f"y_{part}"].dtype
        if kind.kind not in "iu":
            raise WeighinError(
                f"Data set {name!r}, {part} part: labels are {kind}, not whole numbers."
            )

    def split(part: str) -> Split:
        images = arrays[f"x_{part}"]
        if images.ndim == 3:
            images = images[..., np.newaxis]
        return Split(images, arrays[f"y_{part}"].reshape(-1), scale)

    whole = digest_of(arrays)
    if scale != 1 / 255:  # other model inputs from the same pixels are other data
        whole = hashlib.sha256(f"{whole} × {scale!r}".encode()).hexdigest()
    return Dataset(name, classes, whole, split("train"), split("test"))


def _validate(data: Dataset) -> None:
    for part, split in (("train", data.train), ("test", data.test)):
        where = f"Data set {data.name!r}, {part} part"
        if split.images.ndim != 4:
            raise WeighinError(
                f"{where}: images have shape {split.images.shape}; "
                f"wanted (n, height, width) or (n, height, width, channels)."
            )
        if len(split.images) != len(split.labels):
            raise WeighinError(
                f"{where}: {len(split.images)} images but {len(split.labels)} labels."
            )
        if len(split) == 0:
            raise WeighinError(f"{where} is empty: nothing can be measured on it.")
        if split.images.dtype.kind == "f" and not np.isfinite(split.images).all():
            raise WeighinError(f"{where}: images hold NaN or infinite values.")
        if split.labels.dtype.kind not in "iu":
            raise WeighinError(f"{where}: labels are {split.labels.dtype}, not whole numbers.")
        low, high = int(split.labels.min()), int(split.labels.max())
        if low < 0 or high >= data.classes:
            raise WeighinError(
                f"{where}: labels run from {low} to {high}, outside the "
                f"{data.classes} classes 0 to {data.classes - 1}."
            )
    if data.train.images.shape[1:] != data.test.images.shape[1:]:
        raise WeighinError(
            f"Data set {data.name!r}: training images are {data.train.images.shape[1:]}, "
            f"test images {data.test.images.shape[1:]}."
        )
