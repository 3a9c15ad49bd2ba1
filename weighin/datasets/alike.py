"""Whether the two parts of a data set were prepared alike, and arrays looked at piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Dataset, Split, WeighinError

# How many times as large the values of one part may be as those of the other, both by the largest
# and by the average of their absolute values. A forgotten division by 255 or 127.5 is more; a part
# that happens not to reach the largest value, or has a few outliers, is less by one or the other.
APART = 10.0
# Of the values of one part so many are below zero, and none of the other's in so many examples: one
# was centred, the other was not. Drawn alike, an example of one value each is such by 0.7^100.
CENTRED, MANY = 0.3, 100
PIECE = 2**20  # bytes of an array that are looked at together
_ALIKE = {"f": "f", "i": "i", "u": "i", "b": "i"}  # whole numbers are alike, signed or not


def check_alike(data: Dataset) -> None:
    """Refuse parts whose inputs or targets are of other shapes or kinds, or inputs of other ranges.

    Raises:
        WeighinError: naming the data set, both parts, and the way out.
    """
    for key, values in data.train.stored.items():
        _check_shapes(data, "inputs", key, values, data.test.stored[key])
        _check_kinds(data, "inputs", key, data.train, data.test)
        _check_ranges(data, key)
    answers = Split(data.train.targets), Split(data.test.targets)
    for key, values in data.train.targets.items():
        _check_shapes(data, "targets", key, values, data.test.targets[key])
        _check_kinds(data, "targets", key, *answers)


def _check_shapes(
    data: Dataset, what: str, key: str, train: npt.NDArray[Any], test: npt.NDArray[Any]
) -> None:
    is_numbers = train.size == len(train) and test.size == len(test)  # `(n,)` beside `(n, 1)`
    if train.shape[1:] != test.shape[1:] and not (what == "targets" and is_numbers):
        called = f" {key!r}" if key not in ("x", "y") else ""
        raise WeighinError(
            f"Data set {data.name!r}: training {what}{called} are {train.shape[1:]}, "
            f"test {what} {test.shape[1:]}."
        )


def _check_kinds(data: Dataset, what: str, key: str, train: Split, test: Split) -> None:
    """Refuse floating numbers in one part and whole ones in the other."""
    kinds = {_ALIKE[split.stored[key].dtype.kind] for split in (train, test)}
    if len(kinds) > 1 and train.scales.get(key, 1.0) == test.scales.get(key, 1.0):
        raise _unlike(data, what, key, train, test, "kind of numbers")


def _check_ranges(data: Dataset, key: str) -> None:
    """Refuse inputs that were plainly not prepared alike, by the size and the sign of values."""
    train, test = data.train, data.test
    is_larger = _apart(_largest(train, key), _largest(test, key)) and _apart(
        _average(train, key), _average(test, key)
    )
    if is_larger or _is_centred(train, test, key) or _is_centred(test, train, key):
        raise _unlike(data, "inputs", key, train, test, "range")


def _unlike(
    data: Dataset, what: str, key: str, train: Split, test: Split, same: str
) -> WeighinError:
    called = f" {key!r}" if len(train.stored) > 1 else ""
    return WeighinError(
        f"Data set {data.name!r}: the parts are not alike. Training {what}{called} are "
        f"{train.described()}; test {what} are {test.described()}. Store both in the same {same}, "
        f"prepared in the same way."
    )


def pieces(values: npt.NDArray[Any]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Some examples after the other, and the number of the first.

    What is computed of an array as a whole takes memory as it does, and it may be larger than that.
    """
    size = max(1, PIECE // max(1, values[:1].nbytes))
    for start in range(0, len(values), size):
        yield start, values[start : start + size]


def _apart(one: float, other: float) -> bool:
    low, high = sorted((one, other))
    return low > 0 and high / low >= APART


def _is_centred(one: Split, other: Split, key: str) -> bool:
    """Whether one part was centred around zero and the other, plainly, was not."""
    return len(other) >= MANY and _below(one, key) >= CENTRED and not _below(other, key)


def _below(split: Split, key: str) -> float:
    """The share of values below zero, as a model is given them."""
    values, sign = split.stored[key], np.sign(split.scales.get(key, 1.0))
    if values.dtype.kind in "bu" and sign > 0:
        return 0.0
    parts = (np.count_nonzero(part < 0 if sign > 0 else part > 0) for _, part in pieces(values))
    return sum(parts) / values.size


def _largest(split: Split, key: str) -> float:
    return extreme(split.stored[key]) * abs(split.scales.get(key, 1.0))


def extreme(values: npt.NDArray[Any]) -> float:
    """The largest absolute value; NaN if there is one."""
    return max(abs(float(values.min())), abs(float(values.max())))


def _average(split: Split, key: str) -> float:
    values = split.stored[key]
    total = sum(float(np.abs(part.astype(np.float64)).sum()) for _, part in pieces(values))
    return total / values.size * abs(split.scales.get(key, 1.0))
