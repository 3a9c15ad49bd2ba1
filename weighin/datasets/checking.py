"""What is refused of a data set's arrays because it makes no sense, or its parts do not match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Arrays, Dataset, Split, WeighinError
from weighin.core.signature import written

# How many times as large the values of one part may be as those of the other, both by the largest
# and by the average of their absolute values. A forgotten division by 255 or 127.5 is more; a part
# that happens not to reach the largest value, or has a few outliers, is less by one or the other.
APART = 10.0
PIECE = 2**20  # bytes of an array that are looked at together
_KINDS = {"U": "text", "S": "bytes", "O": "Python objects", "c": "complex numbers", "V": "records"}
_ALIKE = {"f": "f", "i": "i", "u": "i", "b": "i"}  # whole numbers are alike, signed or not


def check_sides(name: str, parts: Mapping[str, tuple[Arrays, Arrays]]) -> None:
    """Refuse parts without inputs, of other names, or of other counts of examples.

    Args:
        name: of the data set.
        parts: inputs and targets by name, of `train` and `test`, or of `test` alone.

    Raises:
        WeighinError: naming the data set, the part, what is wrong and the way out.
    """
    for part, (inputs, targets) in parts.items():
        _check_counts(name, part, inputs, targets)
    if len(parts) < 2:
        return
    for at, what in enumerate(("inputs", "targets")):
        train, test = (sorted(parts[part][at]) for part in ("train", "test"))
        if train != test and (what == "inputs" or train):
            raise WeighinError(
                f"Data set {name!r}: the training part has the {what} "
                f"{', '.join(train) or 'none'}, the test part {', '.join(test) or 'none'}: store "
                f"the same of both."
            )


def check_undivided(name: str, inputs: Arrays, targets: Arrays, classes: int | None = None) -> None:
    """Refuse examples that make no sense before they are divided into parts.

    Raises:
        WeighinError: naming the data set, what is wrong and the way out.
    """
    _check_counts(name, "", inputs, targets)
    _check_part(name, "", Split(inputs, targets), classes)


def check_scales(name: str, inputs: Arrays, scales: Mapping[str, float]) -> None:
    """Refuse scales of inputs that are not there, or that make no inputs of anything."""
    for key, scale in scales.items():
        if key not in inputs:
            raise WeighinError(
                f"Data set {name!r}: scale= names the input {key!r}; there are {', '.join(inputs)}."
            )
        if not np.isfinite(scale) or scale == 0:
            raise WeighinError(f"Data set {name!r}: scale={scale} makes no inputs of anything.")


def check(data: Dataset) -> None:
    """Refuse what no model can be trained or tested on.

    Raises:
        WeighinError: naming the data set, the part, what is wrong and the way out.
    """
    _check_part(data.name, "test", data.test, data.classes)
    if data.test_only:
        return
    _check_part(data.name, "train", data.train, data.classes)
    for key, values in data.train.stored.items():
        _check_shapes(data, "inputs", key, values, data.test.stored[key])
        _check_alike(data, key)
    for key, values in data.train.targets.items():
        _check_shapes(data, "targets", key, values, data.test.targets[key])


def _check_counts(name: str, part: str, inputs: Arrays, targets: Arrays) -> None:
    """Refuse a part whose arrays hold no numbers, or not as many examples each."""
    where = _where(name, part)
    if not inputs:
        stored = f"x_{part}" if part else "x"
        raise WeighinError(f"{where} has no inputs: store {stored}, or {stored}/NAME of each.")
    called = {
        _called(side, part, key, arrays): values
        for side, arrays in (("x", inputs), ("y", targets))
        for key, values in arrays.items()
    }
    for word, values in called.items():
        _check_numbers(values, where, word)
    counts = {word: len(values) for word, values in called.items()}
    if len(set(counts.values())) > 1:
        listed = " but ".join(f"{count:,} in {word}" for word, count in counts.items())
        hint = _transposed_hint(targets, counts)
        raise WeighinError(f"{where}: {listed} examples; as many are wanted of each.{hint}")
    if not next(iter(counts.values())):
        raise WeighinError(f"{where} is empty: nothing can be measured on it.")


def _check_part(name: str, part: str, split: Split, classes: int | None) -> None:
    """Refuse values that are not finite, and class numbers that there cannot be."""
    where = _where(name, part)
    for key, values in split.stored.items():
        called = _called("x", part, key, split.stored)
        _check_finite(values, split.scales.get(key, 1.0), where, "inputs", called)
    for key, values in split.targets.items():
        called = _called("y", part, key, split.targets)
        _check_finite(values, 1.0, where, "targets", called)
        _check_classes(values, classes, where)


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
            f"{classes - 1}: correct --classes, or classes= where it is registered, or number the "
            f"classes from 0."
        )


def _check_finite(
    values: npt.NDArray[Any], scale: float, where: str, what: str, called: str
) -> None:
    if values.dtype.kind != "f" or not values.size:
        return
    largest = float(np.finfo(np.float32).max) / max(1.0, abs(scale))
    if _extreme(values) <= largest:  # NaN is not
        return
    count, first = 0, (0, *values.shape[1:])
    for start, part in _pieces(values):
        wrong = ~(np.abs(part) <= largest)  # so that NaN counts too
        if wrong.any() and not count:
            at = np.unravel_index(int(wrong.argmax()), part.shape)
            first = (start + int(at[0]), *map(int, at[1:]))
        count += int(wrong.reshape(len(part), -1).any(axis=1).sum())
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


def _where(name: str, part: str) -> str:
    return f"Data set {name!r}, {part} part" if part else f"Data set {name!r}"


def _called(side: str, part: str, key: str, arrays: Arrays) -> str:
    """What an array is called in the file."""
    stored = f"{side}_{part}" if part else side
    return stored if len(arrays) == 1 else f"{stored}/{key}"


def _pieces(values: npt.NDArray[Any]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Some examples after the other, and the number of the first.

    What is computed of an array as a whole takes memory as it does, and it may be larger than that.
    """
    size = max(1, PIECE // max(1, values[:1].nbytes))
    for start in range(0, len(values), size):
        yield start, values[start : start + size]


def _apart(one: float, other: float) -> bool:
    low, high = sorted((one, other))
    return low > 0 and high / low >= APART


def _largest(split: Split, key: str) -> float:
    return _extreme(split.stored[key]) * abs(split.scales.get(key, 1.0))


def _extreme(values: npt.NDArray[Any]) -> float:
    """The largest absolute value; NaN if there is one."""
    return max(abs(float(values.min())), abs(float(values.max())))


def _average(split: Split, key: str) -> float:
    values = split.stored[key]
    total = sum(float(np.abs(part.astype(np.float64)).sum()) for _, part in _pieces(values))
    return total / values.size * abs(split.scales.get(key, 1.0))
