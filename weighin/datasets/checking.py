"""What is refused of a data set's arrays because it makes no sense, or its parts do not match."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Dataset, Split, WeighinError

# How many times as large the values of one part may be as those of the other, both by the largest
# and by the average of their absolute values. A forgotten division by 255 or 127.5 is more; a part
# that happens not to reach the largest value, or has a few outliers, is less by one or the other.
APART = 10.0


def check(data: Dataset) -> None:
    """Refuse what no model can be trained or tested on.

    Raises:
        WeighinError: naming the data set, the part, what is wrong and the way out.
    """
    for part, split in (("train", data.train), ("test", data.test)):
        where = f"Data set {data.name!r}, {part} part"
        _check_images(split, where, f"x_{part}")
        check_labels(split.labels, len(split.images), where, f"y_{part}")
        low, high = int(split.labels.min()), int(split.labels.max())
        if low < 0 or high >= data.classes:
            raise WeighinError(
                f"{where}: labels run from {low} to {high}, outside the {data.classes} classes "
                f"0 to {data.classes - 1}: correct classes= where it is registered, or number the "
                f"classes from 0."
            )
    if data.train.images.shape[1:] != data.test.images.shape[1:]:
        raise WeighinError(
            f"Data set {data.name!r}: training images are {data.train.images.shape[1:]}, "
            f"test images {data.test.images.shape[1:]}."
        )
    _check_alike(data)


def check_labels(labels: npt.NDArray[Any], images: int, where: str, name: str) -> None:
    """Refuse labels that are no class numbers, `(n,)` or `(n, 1)`, or not as many as images.

    Raises:
        WeighinError: beginning with `where`; the array is called `name`.
    """
    one_hot = labels.ndim == 2 and labels.shape[1] > 1
    hint = f" If they are one-hot, store {name}.argmax(axis=1)." if one_hot else ""
    shape = f" of shape {labels.shape}" if one_hot else ""
    if labels.dtype.kind not in "iu":
        raise WeighinError(f"{where}: labels are {labels.dtype}{shape}, not whole numbers.{hint}")
    if labels.size != images:
        raise WeighinError(f"{where}: {images} images but {labels.size} labels{shape}.{hint}")
    if images == 0:
        raise WeighinError(f"{where} is empty: nothing can be measured on it.")


def _check_images(split: Split, where: str, name: str) -> None:
    images = split.images
    if images.ndim != 4:
        raise WeighinError(
            f"{where}: images have shape {images.shape}; "
            f"wanted (n, height, width) or (n, height, width, channels)."
        )
    if images.dtype.kind not in "biuf":
        raise WeighinError(f"{where}: images are {images.dtype}, not numbers.")
    if not np.isfinite(split.scale) or split.scale == 0:
        raise WeighinError(f"{where}: scale={split.scale} makes no inputs of anything.")
    if images.dtype.kind != "f" or not images.size:
        return
    largest = np.finfo(np.float32).max / max(1.0, abs(split.scale))
    if np.isfinite(images).all() and float(np.abs(images).max()) <= float(largest):
        return
    wrong = ~(np.abs(images) <= largest)  # so that NaN counts too
    first = tuple(int(at) for at in np.unravel_index(int(wrong.argmax()), images.shape))
    count = int(wrong.reshape(len(images), -1).any(axis=1).sum())
    raise WeighinError(
        f"{where}: images hold NaN or infinite values, or such as are too large for float32: "
        f"{images[first]} first, at {name}[{', '.join(map(str, first))}]; {count:,} of "
        f"{len(images):,} images have some. Mend them or leave these images out."
    )


def _check_alike(data: Dataset) -> None:
    """Refuse parts that were plainly not prepared alike, by the kind and the size of values."""
    train, test = data.train, data.test
    one_floats = (train.images.dtype.kind == "f") != (test.images.dtype.kind == "f")
    other_kind = one_floats and train.scale == test.scale
    other_range = _apart(_largest(train), _largest(test)) and _apart(
        _average(train), _average(test)
    )
    if other_kind or other_range:
        raise WeighinError(
            f"Data set {data.name!r}: the parts are not alike. Training images are "
            f"{train.described()}; test images are {test.described()}. Store both in the same "
            f"{'kind of numbers' if other_kind else 'range'}, prepared in the same way."
        )


def _apart(one: float, other: float) -> bool:
    low, high = sorted((one, other))
    return low > 0 and high / low >= APART


def _largest(split: Split) -> float:
    images = split.images
    return max(abs(float(images.min())), abs(float(images.max()))) * abs(split.scale)


def _average(split: Split) -> float:
    return float(np.abs(split.images.astype(np.float64)).mean()) * abs(split.scale)
