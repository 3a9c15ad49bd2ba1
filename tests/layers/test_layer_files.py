"""Which examples are asked of the files."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import numpy as np

from weighin.core import Dataset, Split
from weighin.layers.files import drawn

N = 40


def _data(*, test_only: bool) -> Dataset:
    images = np.arange(N, dtype=np.float32).reshape(N, 1)
    split = Split({"x": images}, {"y": np.arange(N)})
    return Dataset("forty", N, "", split, split, test_only=test_only)


def test_they_are_drawn_always_the_same_with_their_targets() -> None:
    some, again = (drawn(_data(test_only=False), 10).test for _ in range(2))

    assert 10 == len(some) == len(some.targets["y"])
    assert np.array_equal(some.stored["x"][:, 0], some.targets["y"])
    assert np.array_equal(some.targets["y"], again.targets["y"])
    assert np.all(np.diff(some.targets["y"]) > 0)  # in their order


def test_they_are_not_the_first_ones() -> None:
    """Which may all be of one class."""
    assert drawn(_data(test_only=False), 10).test.targets["y"].max() > N / 2


def test_where_there_are_no_more_all_are_asked() -> None:
    data = _data(test_only=True)

    assert data is drawn(data, N)


def test_the_training_part_stays_whole_unless_there_is_none() -> None:
    assert N == len(drawn(_data(test_only=False), 10).train)
    assert 10 == len(drawn(_data(test_only=True), 10).train)
