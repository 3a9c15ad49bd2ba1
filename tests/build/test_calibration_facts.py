"""How few calibration inputs set the range of all."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from weighin.build.calibration import facts_of, moved


def inputs(count: int, **outliers: float) -> np.ndarray:
    """So many inputs of numbers from 0 to 1, and outliers at the places that their names say."""
    made = np.linspace(0, 1, count * 12, dtype=np.float32).reshape(12, count).T.reshape(-1, 2, 6)
    for name, value in outliers.items():
        made[int(name.removeprefix("at")), 1, 2] = value
    return made


@pytest.mark.parametrize(
    ("outliers", "low", "high"),
    [
        ({"at7": 50.0, "at90": 80.0}, 0.0, 80.0),
        ({"at7": -9.0, "at90": -8.0}, -9.0, 1.0),
        ({"at7": -9.0, "at90": 9.0}, -9.0, 9.0),
    ],
)
def test_few_outliers_set_the_range(outliers: dict[str, float], low: float, high: float) -> None:
    """Two of 200 reach far out, at either end or one at each: without them all lie in 0 to 1."""
    known = facts_of({"x": inputs(200, **outliers)})

    assert [low, high] == known["range"]
    assert np.allclose([0, 1], known["inner"], atol=0.02)
    assert 200 == known["inputs"]
    assert 2 <= known["setting"] <= 4


def test_a_range_that_many_reach_is_set_by_none_alone() -> None:
    """Images that all have black and white in them."""
    images = np.zeros((200, 4), np.float32)
    images[:, 1] = 1

    known = facts_of({"x": images})

    assert known["range"] == known["inner"] == [0.0, 1.0]
    assert 0 == known["setting"]


@pytest.mark.parametrize(
    "images", [inputs(19, at3=50.0), np.zeros((0, 3)), inputs(200, at3=np.nan), np.zeros((30, 0))]
)
def test_too_few_or_no_numbers(images: np.ndarray) -> None:
    """Of a handful any is one of few; what is no number has no range."""
    assert {"inputs": len(images)} == facts_of({"x": images})


def test_of_several_inputs_the_one_that_reaches_farthest_is_told_of() -> None:
    """By its name, wherever it stands; whole numbers have no range that is divided into steps."""
    many = {"ids": np.arange(200), "even": inputs(200), "odd": inputs(200, at7=50.0)}

    known = facts_of(many)

    assert "odd" == known["input"]
    assert 50.0 == known["range"][1]
    assert "input" not in facts_of({"odd": many["odd"]})
    assert {"inputs": 200} == facts_of({"ids": many["ids"]})


@pytest.mark.parametrize(
    ("same", "count"),
    [
        (np.array([True, False, True]), 1),
        (np.array([1.0, 0.25, 0.5]), 1.25),  # of pixels or steps a share is the same
        (np.ones(3), 0),
    ],
)
def test_answers_that_half_of_the_inputs_would_change_are_counted(
    same: NDArray[np.float64], count: float
) -> None:
    """An answer that is the same in part counts in part."""
    assert {"compared": 3, "moved": count} == moved(same)
