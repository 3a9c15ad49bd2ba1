"""What is refused of a data set's arrays because it makes no sense, or its parts do not match."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Arrays, Dataset, Split, WeighinError
from weighin.core.signature import written

# How many times as large the values of one part may be as those of the other, both by the largest
# and by the average of their absolute values. A forgotten division by 255 or 127.5 is more; a part
# that happens not to reach the largest value, or has a few outliers, is less by one or the other.
APART = 10.0
_KINDS = {"U": "text", "S": "bytes", "O": "Python objects", "c": "complex numbers", "V": "records"}
_ALIKE = {"f": "f", "i": "i", "u": "i", "b": "i"}  # whole numbers are alike, signed or not


def check_sides(name: str, parts: Mapping[str, tuple[Arrays, Arrays]]) -> None:
    """Refuse parts without inputs, of other names, or of other counts of examples.

    Args:
        name: of the data set.
        parts: inputs and targets by name, of `train` and `test`.

    Raises:
        WeighinError: naming the data set, the part, what is wrong and the way out.
    """
    for part, (inputs, targets) in parts.items():
        where = f"Data set {name!r}, {part} part"
        if not inputs:
            raise WeighinError(f"{where} has no inputs: store x_{part}, or x_{part}/NAME of each.")
        for side, arrays in (("x", inputs), ("y", targets)):
            for key, values in arrays.items():
                _check_numbers(values, where, _called(side, part, key, arrays))
        counts = {
            _called(side, part, key, arrays): len(values)
            for side, arrays in (("x", inputs), ("y", targets))
            for key, values in arrays.items()
        }
        if len(set(counts.values())) > 1:
            listed = " but ".join(f"{count:,} in {key}" for key, count in counts.items())
            hint = _transposed_hint(targets, counts)
            raise WeighinError(f"{where}: {listed} examples; as many are wanted of each.{hint}")
        if not next(iter(counts.values())):
            raise WeighinError(f"{where} is empty: nothing can be measured on it.")
    for at, what in enumerate(("inputs", "targets")):
        train, test = (sorted(parts[part][at]) for part in ("train", "test"))
        if train != test and (what == "inputs" or train):
            raise WeighinError(
                f"Data set {name!r}: the training part has the {what} "
                f"{', '.join(train) or 'none'}, the test part {', '.join(test) or 'none'}: store "
                f"the same of both."
            )


def check_scales(name: str, inputs: Arrays, scales: Mapping[str, float]) -> None:
    """Refuse scales of inputs that are not there, or that make no inputs of anything."""
    for key, scale in scales.items():
        if key not in inputs:
            raise WeighinError(
                f"Data set {name!r}: scale= names the input {key!r}; there are {', '.join(inputs)}."
            )
        if not np.isfinite(scale) or scale == 0:
            raise WeighinError(
                f"Data set {name!r}, train part: scale={scale} makes no inputs of anything."
            )


def check(data: Dataset) -> None:
    """Refuse what no model can be trained or tested on.

    Raises:
        WeighinError: naming the data set, the part, what is wrong and the way out.
    """
    for part, split in (("train", data.train), ("test", data.test)):
        where = f"Data set {data.name!r}, {part} part"
        for key, values in split.stored.items():
            called = _called("x", part, key, split.stored)
            _check_finite(values, split.scales.get(key, 1.0), where, "inputs", called)
        for key, values in split.targets.items():
            called = _called("y", part, key, split.targets)
            _check_finite(values, 1.0, where, "targets", called)
            _check_classes(values, data.classes, where)
    for key, values in data.train.stored.items():
        _check_shapes(data, "inputs", key, values, data.test.stored[key])
        _check_alike(data, key)
    for key, values in data.train.targets.items():
        _check_shapes(data, "targets", key, values, data.test.targets[key])


def _check_numbers(values: npt.NDArray[Any], where: str, called: str) -> None:
    if values.ndim == 0:
        raise WeighinError(f"{where}: {called} is a single number, not one for each example.")
    if values.dtype.kind not in "biuf":
        kind = _KINDS.get(values.dtype.kind, "of no known kind")
        ragged = (
            " Arrays of different lengths become such: make them one length."
            if values.dtype.kind == "O"
            else " Store class numbers from 0."
            if called.startswith("y") and values.dtype.kind in "US"
            else ""
        )
        raise WeighinError(f"{where}: {called} holds {kind} ({values.dtype}), not numbers.{ragged}")
    if 0 in values.shape[1:]:
        raise WeighinError(
            f"{where}: {called} has shape {written(values.shape)}: its examples hold nothing."
        )


def _transposed_hint(targets: Arrays, counts: Mapping[str, int]) -> str:
    """A word on targets that were stored one row for each label."""
    for values in targets.values():
        if values.ndim == 2 and values.shape[1] in counts.values():
            return " Targets seem to be turned around: store them transposed."
    return ""


def _check_classes(values: npt.NDArray[Any], classes: int | None, where: str) -> None:
    """Refuse class numbers that are not among those that the data set was registered with."""
    is_numbers = values.dtype.kind in "iu" and values.size == len(values)
    if not classes or not is_numbers:
        return
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= classes:
        raise WeighinError(
            f"{where}: labels run from {low} to {high}, outside the {classes} classes 0 to "
            f"{classes - 1}: correct classes= where it is registered, or number the classes from 0."
        )


def _check_finite(
    values: npt.NDArray[Any], scale: float, where: str, what: str, called: str
) -> None:
    if values.dtype.kind != "f" or not values.size:
        return
    largest = np.finfo(np.float32).max / max(1.0, abs(scale))
    if np.isfinite(values).all() and float(np.abs(values).max()) <= float(largest):
        return
    wrong = ~(np.abs(values) <= largest)  # so that NaN counts too
    first = tuple(int(at) for at in np.unravel_index(int(wrong.argmax()), values.shape))
    count = int(wrong.reshape(len(values), -1).any(axis=1).sum())
    raise WeighinError(
        f"{where}: {what} hold NaN or infinite values, or such as are too large for float32: "
        f"{values[first]} first, at {called}[{', '.join(map(str, first))}]; {count:,} of "
        f"{len(values):,} examples have some. Mend them or leave these examples out."
    )


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


def _check_alike(data: Dataset, key: str) -> None:
    """Refuse parts that were plainly not prepared alike, by the kind and the size of values."""
    train, test = data.train, data.test
    kinds = [_ALIKE[split.stored[key].dtype.kind] for split in (train, test)]
    other_kind = kinds[0] != kinds[1] and train.scales.get(key, 1.0) == test.scales.get(key, 1.0)
    other_range = _apart(_largest(train, key), _largest(test, key)) and _apart(
        _average(train, key), _average(test, key)
    )
    if other_kind or other_range:
        called = f" {key!r}" if len(train.stored) > 1 else ""
        raise WeighinError(
            f"Data set {data.name!r}: the parts are not alike. Training inputs{called} are "
            f"{train.described()}; test inputs are {test.described()}. Store both in the same "
            f"{'kind of numbers' if other_kind else 'range'}, prepared in the same way."
        )


def _called(side: str, part: str, key: str, arrays: Arrays) -> str:
    """What an array is called in the file."""
    return f"{side}_{part}" if len(arrays) == 1 else f"{side}_{part}/{key}"


def _apart(one: float, other: float) -> bool:
    low, high = sorted((one, other))
    return low > 0 and high / low >= APART


def _largest(split: Split, key: str) -> float:
    values = split.stored[key]
    return max(abs(float(values.min())), abs(float(values.max()))) * abs(split.scales.get(key, 1.0))


def _average(split: Split, key: str) -> float:
    return float(np.abs(split.stored[key].astype(np.float64)).mean()) * abs(
        split.scales.get(key, 1.0)
    )
