"""The division of a test part: halves that share nothing, the same each time."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weighin.core import Dataset, WeighinError
from weighin.datasets.arrays import read_arrays
from weighin.datasets.loading import from_arrays
from weighin.searches.parts import parted


def data(n: int = 101, seed: int = 0) -> Dataset:
    """Examples that tell their own number."""
    x = np.arange(n, dtype=np.float32).reshape(-1, 1)
    return from_arrays(f"d{seed}", {"x_test": x, "y_test": np.arange(n) % 3 + seed}, scale=0.5)


def test_halves_share_nothing_and_leave_nothing_out(tmp_path: Path) -> None:
    parts = parted(data(), None, 0, tmp_path)
    validation, test = (read_arrays(part.path) for part in (parts.validation, parts.test))

    numbers = np.concatenate([validation["x_test"], test["x_test"]]).ravel()
    assert list(range(101)) == sorted(numbers.astype(int))
    assert (50, 51) == (len(validation["x_test"]), len(test["x_test"]))
    for each in (validation, test):
        assert np.array_equal(each["x_test"].ravel() % 3, each["y_test"])
    assert 0.5 == parts.validation.scale == parts.test.scale
    assert "chosen by 50 examples" in parts.words


def test_they_go_by_the_data_and_the_seed_alone(tmp_path: Path) -> None:
    first = parted(data(), None, 0, tmp_path / "a")
    again = parted(data(), None, 0, tmp_path / "b")
    other = parted(data(), None, 1, tmp_path / "b")

    def chosen(parts: object) -> list[float]:
        return read_arrays(parts.validation.path)["x_test"].ravel().tolist()  # type: ignore[attr-defined]

    assert chosen(first) == chosen(again) != chosen(other)
    assert chosen(first) != chosen(parted(data(seed=1), None, 0, tmp_path / "b"))


def test_data_to_choose_by_leave_the_test_part_whole(tmp_path: Path) -> None:
    parts = parted(data(), data(30, seed=2), 0, tmp_path)

    assert 30 == len(read_arrays(parts.validation.path)["x_test"])
    assert 101 == len(read_arrays(parts.test.path)["x_test"])
    assert "--validation" in parts.words


def test_several_inputs_of_several_scales_stay_what_a_model_is_given(tmp_path: Path) -> None:
    arrays = {"x_test/a": np.full((20, 2), 4.0, np.float32), "x_test/b": np.full((20, 3), 2, "u1")}
    two = from_arrays("two", arrays | {"y_test": np.zeros(20)}, scale={"a": 0.5, "b": 3.0})
    parts = parted(two, None, 0, tmp_path)
    test = read_arrays(parts.test.path)

    assert 1.0 == parts.test.scale
    assert (2.0, 6.0) == (test["x_test/a"].max(), test["x_test/b"].min())


def test_too_few_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeighinError, match="7 examples to test on: too few"):
        parted(data(7), None, 0, tmp_path)
