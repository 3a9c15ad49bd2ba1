"""How few calibration inputs set the range of all."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import numpy as np
import pytest

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
    known = facts_of(inputs(200, **outliers))

    assert [low, high] == known["range"]
    assert np.allclose([0, 1], known["inner"], atol=0.02)
    assert 200 == known["inputs"]
    assert 2 <= known["setting"] <= 4


def test_a_range_that_many_reach_is_set_by_none_alone() -> None:
    """Images that all have black and white in them."""
    images = np.zeros((200, 4), np.float32)
    images[:, 1] = 1

    known = facts_of(images)

    assert known["range"] == known["inner"] == [0.0, 1.0]
    assert 0 == known["setting"]


@pytest.mark.parametrize(
    "images", [inputs(19, at3=50.0), np.zeros((0, 3)), inputs(200, at3=np.nan), np.zeros((30, 0))]
)
def test_too_few_or_no_numbers(images: np.ndarray) -> None:
    """Of a handful any is one of few; what is no number has no range."""
    assert {"inputs": len(images)} == facts_of(images)


def test_answers_that_half_of_the_inputs_would_change_are_counted() -> None:
    """By their class: the highest score, or on which side of a half a single one lies."""
    whole = np.array([[0.1, 0.9], [0.8, 0.2], [0.6, 0.4]], np.float32)
    half = np.array([[0.2, 0.8], [0.3, 0.7], [0.9, 0.1]], np.float32)

    assert {"compared": 3, "moved": 1} == moved(whole, half)
    assert {"compared": 3, "moved": 1} == moved(whole[:, 1:], half[:, 1:])
    assert {"compared": 3, "moved": 0} == moved(whole, whole)
