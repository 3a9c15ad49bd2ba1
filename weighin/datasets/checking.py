"""What is refused of a data set's arrays because it makes no sense, or its parts do not match.

Truth values, whole numbers of up to 64 bits and floating numbers of any width are taken as they are
stored, and handed to a model as NumPy casts them to what it takes: float16 exactly, float64 rounded
to float32. What no cast keeps is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Arrays, Dataset, Split, WeighinError
from weighin.core.signature import written
from weighin.datasets.alike import check_alike, extreme, pieces

_TEXT = ("text", "Store numbers.")
_KINDS = {  # NumPy's kind → what it is, and the way out
    "U": _TEXT,
    "T": _TEXT,
    "S": ("bytes", "Store numbers."),
    "O": ("Python objects", "Arrays of different lengths become such: make them one length."),
    "c": ("complex numbers", "Store real and imaginary parts as two channels."),
    "V": ("records", "Store each field as an input of its own, x_test/NAME."),
    "M": ("dates", "Store numbers, such as the days since the first."),
    "m": ("durations", "Store numbers, such as seconds."),
}
_MOST = np.iinfo(np.int64).max  # of whole numbers: above, casting to int64 makes negative ones


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
    if len(data.test) < 2:
        raise WeighinError(
            f"Data set {data.name!r} has one example alone to test on: quality of one example has "
            f"no interval. Give more."
        )
    if data.test_only:
        return
    _check_part(data.name, "train", data.train, data.classes)
    check_alike(data)


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
    if part != "train":  # of one class may be trained on, as what finds the unusual is
        _check_several(split.targets, classes, where)


def _check_numbers(values: npt.NDArray[Any], where: str, called: str) -> None:
    if values.ndim == 0:
        raise WeighinError(f"{where}: {called} is a single number, not one for each example.")
    if values.dtype.kind not in "biuf":
        kind, way_out = _KINDS.get(values.dtype.kind, ("values of no known kind", "Store numbers."))
        if called.startswith("y") and values.dtype.kind in "UTS":
            way_out = "Store class numbers from 0."
        raise WeighinError(
            f"{where}: {called} holds {kind} ({values.dtype}), not numbers. {way_out}"
        )
    if 0 in values.shape[1:]:
        raise WeighinError(
            f"{where}: {called} has shape {written(values.shape)}: its examples hold nothing."
        )
    if values.dtype.kind == "u" and values.itemsize == 8 and values.max(initial=0) > _MOST:
        raise WeighinError(
            f"{where}: {called} holds whole numbers of up to {values.max():,}, above {_MOST:,}: "
            f"store such as int64 holds, or floating ones."
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


def _check_several(targets: Arrays, classes: int | None, where: str) -> None:
    """Refuse to test on one class of several: whoever always answers that one is always right."""
    values = next(iter(targets.values())) if len(targets) == 1 else np.empty(0)
    is_numbers = values.dtype.kind in "iu" and values.size == len(values)
    if is_numbers and classes and classes > 1 and values.size > 1 and not np.ptp(values):
        raise WeighinError(
            f"{where}: all {len(values):,} examples are of class {values.min()}, of {classes} "
            f"classes: whoever always answers {values.min()} is always right. Give examples of "
            f"several classes."
        )


def _check_finite(
    values: npt.NDArray[Any], scale: float, where: str, what: str, called: str
) -> None:
    if values.dtype.kind != "f" or not values.size:
        return
    largest = np.finfo(np.float32).max / np.float64(max(1.0, abs(scale)))
    if extreme(values) <= largest:  # NaN is not
        return
    count, first = 0, (0, *values.shape[1:])
    for start, part in pieces(values):
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


def _where(name: str, part: str) -> str:
    return f"Data set {name!r}, {part} part" if part else f"Data set {name!r}"


def _called(side: str, part: str, key: str, arrays: Arrays) -> str:
    """What an array is called in the file."""
    stored = f"{side}_{part}" if part else side
    return stored if len(arrays) == 1 else f"{stored}/{key}"
