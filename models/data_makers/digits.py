"""Other tasks made of MNIST's digits: sequences, pairs, pictures to be restored.

Each function takes the four arrays of `mnist10k` (images `(n, 28, 28)` uint8, labels `(n,)`) and
returns those of another data set. Its training part is made of training digits alone, its test part
of test digits alone. The same digits give the same arrays, always.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

PARTS = ("train", "test")
TRAINED, TESTED = 6000, 2000  # examples of what is drawn from digits
SEEDS = {"train": 1, "test": 2}
LEFT_OUT = 0  # the digit that an autoencoder never sees in training
STEPS, ROWS = 56, 14  # columns of a strip and their height
BLANK = 10  # class of a strip's column with no digit on it


def rows(digits: Mapping[str, Array], trained: int = TRAINED, tested: int = TESTED) -> Arrays:
    """Digits as sequences of 28 rows, top to bottom, of 28 pixels each.

    Returns:
        `x_…` `(n, 28, 28)` float32 from 0 to 1; `y_…` `(n,)` the digits.
    """
    return {
        "x_train": _unit(digits["x_train"][:trained]),
        "y_train": digits["y_train"][:trained],
        "x_test": _unit(digits["x_test"][:tested]),
        "y_test": digits["y_test"][:tested],
    }


def side_by_side(digits: Mapping[str, Array]) -> Arrays:
    """Two digits beside each other: which are there?

    Returns:
        `x_…` `(n, 28, 56, 1)` uint8; `y_…` `(n, 10)` uint8, 1 for each digit that is there: two, or
        one where both are the same.
    """
    arrays: Arrays = {}
    for part, images, labels, generator, count in _parts(digits):
        left, right = generator.integers(0, len(labels), (2, count))
        arrays[f"x_{part}"] = np.concatenate([images[left], images[right]], axis=2)[..., np.newaxis]
        there = np.zeros((count, 10), np.uint8)
        there[np.arange(count), labels[left]] = 1
        there[np.arange(count), labels[right]] = 1
        arrays[f"y_{part}"] = there
    return arrays


def same_or_not(digits: Mapping[str, Array]) -> Arrays:
    """Two images: do they show the same digit? Of every second pair they do.

    Returns:
        `x_…/left` and `x_…/right` `(n, 28, 28, 1)` uint8, never the same image twice in a pair;
        `y_…` `(n,)` uint8, 1 where the digits are the same.
    """
    arrays: Arrays = {}
    for part, images, labels, generator, count in _parts(digits):
        by_digit = np.argsort(labels, kind="stable")
        starts = np.searchsorted(labels[by_digit], np.arange(11))
        same = (np.arange(count) % 2).astype(np.uint8)
        left = generator.integers(0, len(labels), count)
        # what the right digit is: the left one's, or one of the nine others'
        shown = (labels[left] + np.where(same, 0, generator.integers(1, 10, count))) % 10
        size = starts[shown + 1] - starts[shown]
        place = (generator.random(count) * size).astype(int)
        right = by_digit[starts[shown] + place]
        again = right == left  # then the next one of that digit
        right[again] = by_digit[starts[shown] + (place + 1) % size][again]
        arrays[f"x_{part}/left"] = images[left][..., np.newaxis]
        arrays[f"x_{part}/right"] = images[right][..., np.newaxis]
        arrays[f"y_{part}"] = same
    return arrays


def flat(digits: Mapping[str, Array], trained: int = TRAINED, tested: int = TESTED) -> Arrays:
    """Digits as rows of 784 pixels, without targets: an autoencoder gives back what it was given.

    Returns:
        `x_train`, `x_test` `(n, 784)` float32 from 0 to 1.
    """
    return {
        "x_train": _unit(digits["x_train"][:trained]).reshape(-1, 784),
        "x_test": _unit(digits["x_test"][:tested]).reshape(-1, 784),
    }


def left_out(digits: Mapping[str, Array], digit: int = LEFT_OUT) -> Arrays:
    """Nine digits to learn, and a tenth in the test part alone: is it told from the others?

    Returns:
        `x_train`, `x_test` `(n, 784)` float32 from 0 to 1; `y_test` `(n,)` uint8, 1 for the digit
        that was left out (anomalous), which half of the test part shows, 0 for others (normal).
    """
    normal = digits["y_train"] != digit
    anomalous = np.flatnonzero(digits["y_test"] == digit)
    others = np.flatnonzero(digits["y_test"] != digit)[: len(anomalous)]
    shown = np.sort(np.concatenate([anomalous, others]))
    return {
        "x_train": _unit(digits["x_train"][normal]).reshape(-1, 784),
        "x_test": _unit(digits["x_test"][shown]).reshape(-1, 784),
        "y_test": (digits["y_test"][shown] == digit).astype(np.uint8),
    }


def halved(digits: Mapping[str, Array], trained: int = TRAINED, tested: int = TESTED) -> Arrays:
    """Digits of half the height and width, to be given back in full size.

    Returns:
        `x_…` `(n, 14, 14, 1)`, each pixel the mean of four; `y_…` `(n, 28, 28, 1)`, the digit
        itself; both float32 from 0 to 1.
    """
    arrays: Arrays = {}
    for part, count in zip(PARTS, (trained, tested), strict=True):
        images = digits[f"x_{part}"][:count]
        arrays[f"x_{part}"] = (_sums(images) / np.float32(4 * 255))[..., np.newaxis]
        arrays[f"y_{part}"] = _unit(images)[..., np.newaxis]
    return arrays


def strips(digits: Mapping[str, Array]) -> Arrays:
    """Strips of two or three digits of half size, read column by column, left to right.

    Returns:
        `x_…` `(n, 56, 14)` float32 from 0 to 1: steps, and the pixels of a column; `y_…` `(n, 56)`
        uint8: the digit whose ink the column crosses, else `BLANK`.
    """
    arrays: Arrays = {}
    for part, images, labels, generator, count in _parts(digits, scale=2 / 3):
        small = (_sums(images) // 4).astype(np.uint8)
        inked = small.max(axis=1) > 0
        first = inked.argmax(axis=1)
        widths = ROWS - inked[:, ::-1].argmax(axis=1) - first
        chosen = generator.integers(0, len(labels), (count, 3))
        starts = _starts(generator, widths[chosen])
        two = generator.integers(0, 2, count)  # then the last one is left out
        pixels = np.zeros((count, STEPS, ROWS), np.uint8)
        classes = np.full((count, STEPS), BLANK, np.uint8)
        for at in np.ndindex(count, 3):
            if at[1] < 3 - two[at[0]]:
                digit, start = chosen[at], starts[at]
                columns = small[digit, :, first[digit] : first[digit] + widths[digit]]
                pixels[at[0], start : start + widths[digit]] = columns.T
                classes[at[0], start : start + widths[digit]] = labels[digit]
        arrays[f"x_{part}"] = _unit(pixels)
        arrays[f"y_{part}"] = classes
    return arrays


def _parts(digits: Mapping[str, Array], scale: float = 1) -> Any:
    """Of each part: its name, digits, labels, generator, and how many examples are made of it."""
    for part, count in zip(PARTS, (TRAINED, TESTED), strict=True):
        generator = np.random.default_rng(SEEDS[part])
        yield part, digits[f"x_{part}"], digits[f"y_{part}"], generator, int(count * scale)


def _unit(pixels: Array) -> npt.NDArray[np.float32]:
    return pixels / np.float32(255)


def _sums(images: Array) -> npt.NDArray[np.uint16]:
    """The sum of each two by two pixels; whole numbers, which are the same everywhere."""
    count, height, width = images.shape
    four = images.reshape(count, height // 2, 2, width // 2, 2)
    return four.sum(axis=(2, 4), dtype=np.uint16)


def _starts(generator: np.random.Generator, widths: Array) -> Array:
    """Where digits of widths `(n, 3)` begin in strips, at random, a blank column before each."""
    room = STEPS - widths.sum(axis=1, keepdims=True) - widths.shape[1]
    blank = np.sort(generator.integers(0, room + 1, widths.shape), axis=1)
    before = np.cumsum(widths, axis=1) - widths
    return blank + before + np.arange(1, widths.shape[1] + 1)
