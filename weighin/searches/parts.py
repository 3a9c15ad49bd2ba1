"""The test part of a data set in two: one that the search sees, one that is opened at its end.

Both are written as data sets of their own, so that whoever is given the first has no way to the
second.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from weighin import named
from weighin.core import Dataset, Split, WeighinError
from weighin.datasets.bringing import Brought
from weighin.datasets.dividing import stored_as
from weighin.datasets.storing import Rows
from weighin.files import key_of, replacing

FEWEST = 8  # examples of a test part that can be divided
LAYOUT = 1  # of what is written


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a search sees, and what shows whether its finds hold.

    Attributes:
        validation: examples by which variants are chosen.
        test: examples that are opened once, for what was chosen.
        words: how they came about.
    """

    validation: Brought
    test: Brought
    words: str


def parted(dataset: Dataset, validation: Dataset | None, seed: int, folder: Path) -> Parts:
    """Write both parts, or find them where they were written before.

    Args:
        dataset: whose test part is divided, or kept whole where there is another to choose by.
        validation: whose test part to choose by; None to divide.
        seed: of the division; its halves are the same for the same data and seed.
        folder: weighin's cache; they lie in its `searches/data/`.

    Raises:
        WeighinError: if there are too few examples to be divided.
    """
    name, count = dataset.name, len(dataset.test)
    if validation is not None:
        words = (
            f"chosen by {len(validation.test):,} {dataset.examples} of their own (--validation), "
            f"shown on the {count:,} of the test part"
        )
        whole = np.arange(count)
        chosen, shown = np.arange(len(validation.test)), whole
        by = validation
    else:
        if count < FEWEST:
            raise WeighinError(
                f"Data set {name!r} has {count} {dataset.examples} to test on: too few to choose "
                f"by one half and show on the other. Give --data more, or --validation."
            )
        order = np.random.default_rng([seed, int(dataset.digest[:15], 16)]).permutation(count)
        half = count // 2
        chosen, shown, by = np.sort(order[:half]), np.sort(order[half:]), dataset
        words = (
            f"chosen by {half:,} {dataset.examples} of the test part, shown on the other "
            f"{count - half:,}: halves drawn by the data's digest and seed {seed}"
        )
    sides = (("validation", by, chosen), ("test", dataset, shown))
    first, second = (_written(part, each, numbers, folder) for part, each, numbers in sides)
    return Parts(first, second, words)


def _written(part: str, dataset: Dataset, numbers: npt.NDArray[np.intp], folder: Path) -> Brought:
    """Some examples of a test part, as a data set of a test part alone."""
    told = {"layout": LAYOUT, "digest": dataset.digest, "numbers": key_of(numbers.tolist())}
    target = folder.absolute() / "searches" / "data" / key_of({**told, "part": part})[:32]
    split, scale = _of_one_scale(dataset.test)
    if not target.exists():
        with replacing(target) as partial:
            partial.mkdir()
            for side, arrays in (("x", split.stored), ("y", split.targets)):
                for name, values in arrays.items():
                    rows = Rows(partial / f"{stored_as(side, 'test', name)}.npy")
                    try:
                        rows.append(np.asarray(values[numbers]))
                    finally:
                        rows.close()
    summary = f"{len(numbers):,} {dataset.examples} of {dataset.name!r}"
    return Brought(f"{dataset.name} ({part})", target, scale, summary, dataset.classes)


def _of_one_scale(split: Split) -> tuple[Split, float]:
    """The examples, and what all of their stored inputs are multiplied by."""
    scales = {split.scales.get(name, 1.0) for name in split.stored}
    if len(scales) == 1:
        return split, scales.pop()
    plain = named.taken(split.inputs(), slice(None))
    return dataclasses.replace(split, stored=plain, scales={}), 1.0
