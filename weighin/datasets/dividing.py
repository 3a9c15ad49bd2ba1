"""Examples that came undivided, made a training and a test part by a stated seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weighin.core import Array, WeighinError
from weighin.datasets.naming import is_named, sides

TESTED = 5  # every fifth example, on average, is tested on
FEWEST = 4  # of which two are tested on, since one has no interval
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Division:
    """Which examples are in which part, in the order in which they are to stand there.

    Attributes:
        parts: the numbers of examples, of `train` and `test`.
        words: how it was done.
    """

    parts: Mapping[str, Numbers]
    words: str


def divide(count: int, labels: Array | None, seed: int, name: str) -> Division:
    """Divide examples 80:20, each class by itself where there are class numbers.

    Both parts are shuffled, too: who calibrates takes the first of the training part.

    Args:
        count: how many examples there are.
        labels: `(count,)` class numbers, if there are some; examples are divided by class where
            each has two or more.
        seed: of the order.
        name: of the data set.

    Raises:
        WeighinError: if there are too few to be divided.
    """
    if count < FEWEST:
        raise WeighinError(
            f"Data set {name!r} has {count} example{'' if count == 1 else 's'} and no test part: "
            f"quality of one example has no interval, and fewer than {FEWEST} cannot be divided. "
            f"Give --data more, or store them as x_test (and y_test)."
        )
    generator = np.random.default_rng(seed)
    order = generator.permutation(count).astype(np.int64)
    tested, by = np.arange(count) < max(2, round(count / TESTED)), "shuffled"
    if labels is not None:
        shuffled = labels.reshape(-1)[order]
        numbers, members = np.unique(shuffled, return_counts=True)
        if len(numbers) > 1 and members.min() > 1:
            tested, by = np.zeros(count, bool), "each class by itself"
            for number, size in zip(numbers, members, strict=True):
                tested[np.flatnonzero(shuffled == number)[: max(1, round(size / TESTED))]] = True
    parts = {"train": order[~tested], "test": order[tested]}
    return Division(
        parts,
        f"no test part came: split 80:20 by seed {seed}, {by} "
        "(a model that was trained on all of it has seen these examples)",
    )


def undivided(arrays: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]] | None:
    """Inputs and targets of arrays that have no parts, or no test part; None of others.

    They are called `x` and `y`, `x/NAME` and `y/NAME`, or as a training part is.
    """
    if any(is_named(key) for key in arrays):
        if any(sides(arrays, "test")):
            return None
        return sides(arrays, "train")
    named: tuple[dict[str, Array], dict[str, Array]] = {}, {}
    for which, side in zip(named, ("x", "y"), strict=True):
        for key, values in arrays.items():
            if key == side or key.startswith(f"{side}/"):
                which[key.removeprefix(f"{side}/")] = values
    return named if named[0] else None


def labels_of(targets: Mapping[str, Array]) -> Array | None:
    """The class numbers, where targets are one array of whole numbers, one an example."""
    if len(targets) != 1:
        return None
    values = next(iter(targets.values()))
    return values if values.dtype.kind in "iub" and values.size == len(values) else None


def stored_as(side: str, part: str, name: str) -> str:
    """What an input (`x`) or target (`y`) of a part is called in a data set's file."""
    return f"{side}_{part}" if name == side else f"{side}_{part}/{name}"
