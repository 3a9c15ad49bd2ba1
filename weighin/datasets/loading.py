"""Registered data sets: registering one, loading it, and what is refused because it makes no sense.

A registered data set is a function `load(search) -> Dataset`, given the `SearchPaths`. Its digest
is over decoded arrays, so an .npz, idx and idx.gz files of the same data are the same data set.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin import registry
from weighin.core import DataNotFoundError, Dataset, Split, WeighinError
from weighin.datasets import checking
from weighin.datasets.arrays import Arrays, read_arrays
from weighin.datasets.arrays import digest as digest_of
from weighin.datasets.naming import PARTS, sides
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
        checking.check(loaded)
    except WeighinError:
        raise
    except Exception as error:
        raise WeighinError(
            f"Data set {name!r} could not be loaded: {type(error).__name__}: {error}."
        ) from error
    return loaded


def load_cached(name: str, search: SearchPaths) -> Dataset:
    """`load`, remembering the last two data sets; one registered anew is loaded anew."""
    return _remembered(name, search, registry.datasets[name])


@functools.lru_cache(maxsize=2)
def _remembered(name: str, search: SearchPaths, loader: Any) -> Dataset:
    """`load`, by the function that is registered just now: another may have had its name."""
    return load(name, search)


def forget() -> None:
    """Forget what `load_cached` remembers."""
    _remembered.cache_clear()


def npz_dataset(
    name: str,
    path: Path | str,
    *,
    classes: int | None = None,
    scale: float | Mapping[str, float] = 1.0,
    digest: str | None = None,
) -> None:
    """Register an .npz file with `x_train`, `y_train`, `x_test`, `y_test` as a data set.

    There may be a test part alone: then nothing can be trained or calibrated on it.

    A model is given the values that are stored, unless `scale` says otherwise. Several inputs or
    targets have names: `x_train/left`, or `left_train`. Targets may be left out: then nothing can
    be said of quality but how near to the baseline answers are.

    Arrays hold numbers: truth values, whole or floating ones, of a finite float32's size. Both
    parts hold the same kind of numbers in the same range: an .npz whose training part was divided
    by 255 and its test part was not is refused, as is one whose test part has one class of several.

    Args:
        name: what the data set is called.
        path: the file; read without pickle.
        classes: how many, where targets are class numbers, 0 to classes - 1; counted if not given.
        scale: what stored values are multiplied by to become model inputs, such as 1 / 255 for
            pixels that a model takes from 0 to 1; of several inputs, by their names.
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

    loader.__doc__ = f"{f'{classes} classes' if classes else 'Arrays'}, from {file.name}"
    dataset(name)(loader)


def noise_dataset(name: str, shape: tuple[int, ...], *, classes: int) -> None:
    """Register noise, for models whose size and latency are wanted but not their answers.

    Model inputs are even noise from 0 to 1. Accuracy on them is `not measured`.

    Args:
        name: what the data set is called.
        shape: of an example, such as height, width, channels of an image.
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


def from_arrays(
    name: str,
    arrays: Mapping[str, npt.NDArray[Any]],
    *,
    classes: int | None = None,
    scale: float | Mapping[str, float] = 1.0,
) -> Dataset:
    """A data set of `x_train`, `y_train`, `x_test` and `y_test`, or of a test part alone.

    Args:
        name: what the data set is called.
        arrays: inputs and targets, one entry of each for every example; of several inputs or
            targets each by a name, `x_train/left`. Targets may be left out.
        classes: how many, where targets are class numbers, 0 to classes - 1.
        scale: what stored values are multiplied by to become model inputs, of all inputs or by
            their names; as they are, if not given.

    Raises:
        WeighinError: if the parts have other inputs or targets, or as many of them differ.
    """
    parts = {part: sides(dict(arrays), part) for part in PARTS}
    test_only = not any(parts["train"])
    if test_only:
        del parts["train"]
    checking.check_sides(name, parts)
    inputs = parts["test"][0]
    scales = dict(scale) if isinstance(scale, Mapping) else dict.fromkeys(inputs, scale)
    checking.check_scales(name, inputs, scales)
    test = Split(*parts["test"], scales=scales)
    train = test if test_only else Split(*parts["train"], scales=scales)
    unlabelled = "" if parts["test"][1] else "the data set has no targets"
    whole = digest_of(dict(arrays))
    if scale != 1 / 255:  # other model inputs from the same pixels are other data
        told = scale if isinstance(scale, float | int) else sorted(scales.items())
        whole = hashlib.sha256(f"{whole} × {told!r}".encode()).hexdigest()
    return Dataset(name, classes, whole, train, test, unlabelled, test_only)
