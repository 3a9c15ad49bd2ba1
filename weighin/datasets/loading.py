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
from weighin.core import DataNotFoundError, Dataset, Split, WeighinError
from weighin.datasets import checking
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
    checking.check(loaded)
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
    scale: float = 1.0,
    digest: str | None = None,
) -> None:
    """Register an .npz file with `x_train`, `y_train`, `x_test`, `y_test` as a data set.

    A model is given the values that are stored, unless `scale` says otherwise.

    Args:
        name: what the data set is called.
        path: the file; read without pickle.
        classes: how many; labels are 0 to classes - 1.
        scale: what stored values are multiplied by to become model inputs, such as 1 / 255 for
            pixels that a model takes from 0 to 1.
        digest: of the decoded arrays (`weighin doctor` shows it); other data are then refused.
    """
    file = Path(path)

    def loader(search: SearchPaths) -> Dataset:
        if not file.exists():
            raise DataNotFoundError(
                f"Data set {name!r}: the file {file.absolute()} is missing. Put it there, or "
                f"correct the path where the data set is registered."
            )
        arrays = read_arrays(file)
        problem = exactly(digest)(arrays) if digest else None
        if problem:
            raise WeighinError(f"{file}: {problem}. Restore the file.")
        return from_arrays(name, arrays, classes=classes, scale=scale)

    loader.__doc__ = f"{classes} classes, from {file.name}"
    dataset(name)(loader)


def noise_dataset(name: str, shape: tuple[int, int, int], *, classes: int) -> None:
    """Register images of noise, for models whose size and latency are wanted but not their answers.

    Model inputs are even noise from 0 to 1. Accuracy on them is `not measured`.

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
        noise = from_arrays(name, arrays, classes=classes, scale=1 / 255)
        reason = "the test images are noise, on which accuracy would mean nothing"
        return dataclasses.replace(noise, unlabelled=reason)

    loader.__doc__ = f"Noise, {'×'.join(map(str, shape))}, for {classes:,} classes"
    dataset(name)(loader)


def from_arrays(name: str, arrays: Arrays, *, classes: int, scale: float = 1.0) -> Dataset:
    """A data set of `x_train`, `y_train`, `x_test` and `y_test`; grey images get one channel.

    Args:
        name: what the data set is called.
        arrays: images `(n, height, width)` or `(n, height, width, channels)`, labels `(n,)` or
            `(n, 1)`.
        classes: how many; labels are 0 to classes - 1.
        scale: what stored values are multiplied by to become model inputs; as they are, if not
            given.

    Raises:
        WeighinError: if labels are no class numbers.
    """
    for part in ("train", "test"):
        where, labels = f"Data set {name!r}, {part} part", f"y_{part}"
        checking.check_labels(arrays[labels], len(arrays[f"x_{part}"]), where, labels)

    def split(part: str) -> Split:
        images = arrays[f"x_{part}"]
        if images.ndim == 3:
            images = images[..., np.newaxis]
        return Split(images, arrays[f"y_{part}"].reshape(-1), scale)

    whole = digest_of(arrays)
    if scale != 1 / 255:  # other model inputs from the same pixels are other data
        whole = hashlib.sha256(f"{whole} × {scale!r}".encode()).hexdigest()
    return Dataset(name, classes, whole, split("train"), split("test"))
