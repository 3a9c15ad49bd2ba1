"""Boxes as a grid of cells, and back."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.task_data import embedded
from hypothesis import given, settings
from hypothesis import strategies as st

from models.data_makers import grid, scenes

# centres in eighths of a pixel, so that no rounding moves one into the next cell
Places = st.lists(
    st.tuples(
        st.integers(0, grid.CELLS - 1),
        st.integers(0, grid.CELLS - 1),
        st.integers(1, 63),
        st.integers(1, 63),
        st.integers(2, 32),
        st.integers(2, 32),
        st.integers(0, 9),
    ),
    max_size=3,
    unique_by=lambda place: place[:2],
)


def targets(pictures: list[list[tuple[int, ...]]]) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and classes of pictures, by cell, centre in it, size and class."""
    boxes = np.zeros((len(pictures), 3, 4), np.float32)
    classes = np.full((len(pictures), 3), -1, np.int32)
    for picture, placed in enumerate(pictures):
        for at, (row, column, down, across, width, height, named) in enumerate(placed):
            x, y = column * 8 + across / 8, row * 8 + down / 8
            boxes[picture, at] = (x - width / 2, y - height / 2, width, height)
            classes[picture, at] = named
    return boxes, classes


@settings(max_examples=60)
@given(st.lists(Places, min_size=1, max_size=3))
def test_what_is_encoded_is_decoded(pictures: list[list[tuple[int, ...]]]) -> None:
    """Every box comes back with its class and a score of 1, unless another covers half of it."""
    boxes, classes = targets(pictures)

    answered, named, scores = grid.decode(grid.encode(boxes, classes))

    for picture in range(len(pictures)):
        wanted = sorted(
            (int(label), *box)
            for box, label in zip(boxes[picture].tolist(), classes[picture], strict=True)
            if label >= 0
        )
        count = int((named[picture] >= 0).sum())
        found = sorted(
            (int(label), *box)
            for box, label in zip(
                answered[picture, :count].tolist(), named[picture, :count], strict=True
            )
        )
        covered = any(
            grid._shared(one, other) >= grid.SAME
            for at, one in enumerate(boxes[picture])
            for other in boxes[picture, :at]
        )
        if not covered:
            assert len(wanted) == count
            assert np.allclose(wanted, found, atol=1e-4)
        assert (scores[picture, :count] == 1).all()
        assert (scores[picture, count:] == 0).all()
        assert (named[picture, count:] == -1).all()


def test_scattered_digits_survive_encoding() -> None:
    """Each of the data set's boxes has a cell of its own, and comes back."""
    made = scenes.scattered(embedded())
    boxes, classes = made["y_test/boxes"], made["y_test/classes"]

    answered, named, scores = grid.decode(grid.encode(boxes, classes))

    assert int((classes >= 0).sum()) == int((named >= 0).sum())
    for picture in range(len(boxes)):
        for box, label in zip(boxes[picture], classes[picture], strict=True):
            if label >= 0:
                near = np.abs(answered[picture] - box).max(axis=1) < 1e-3
                assert label in named[picture][near]
    assert (scores.min(), scores.max()) == (0, 1)


def test_a_grid_is_as_wide_as_its_classes_and_boxes() -> None:
    """11 shares that add up to 1, and four numbers from 0 to 1, zeros where nothing is."""
    boxes, classes = targets([[(2, 5, 16, 32, 12, 20, 7)], []])
    encoded = grid.encode(boxes, classes)

    assert ((2, 8, 8, 15), np.float32) == (encoded.shape, encoded.dtype)
    assert (encoded[..., :11].sum(axis=-1) == 1).all()
    assert list(zip(*np.nonzero(encoded[..., :10]), strict=True)) == [(0, 2, 5, 7)]
    assert encoded[0, 2, 5, -4:].tolist() == [0.5, 0.25, 12 / 32, 20 / 32]
    assert np.abs(encoded[1, ..., -4:]).max() == 0


def test_of_two_boxes_on_one_object_the_better_stays() -> None:
    """Whatever their classes; one beside it stays too, best first."""
    answers = np.zeros((1, 8, 8, 15), np.float32)
    answers[..., 10] = 1
    answers[0, 3, 3, [4, 11, 12, 13, 14]] = 0.6, 0.9, 0.5, 0.5, 0.5
    answers[0, 3, 4, [9, 11, 12, 13, 14]] = 0.8, 0.1, 0.5, 0.5, 0.5
    answers[0, 6, 6, [1, 11, 12, 13, 14]] = 0.7, 0.5, 0.5, 0.5, 0.5
    answers[0, 0, 0, [2, 11, 12, 13, 14]] = 0.04, 0.5, 0.5, 0.5, 0.5

    boxes, classes, scores = grid.decode(answers)

    assert classes[0, :3].tolist() == [9, 1, -1]
    assert np.allclose([0.8, 0.7, 0], scores[0, :3])
    assert np.allclose([32.8 - 8, 28 - 8, 16, 16], boxes[0, 0])


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ([10, 10, 6, 6], "two boxes of a picture have their centres in one cell"),
        ([60, 10, 8, 8], "a box has its centre outside"),
        ([-9, 10, 8, 8], "a box has its centre outside"),
    ],
)
def test_what_a_grid_cannot_hold_is_refused(second: list[int], problem: str) -> None:
    """A cell answers for one box, and a picture for its own cells."""
    boxes = np.array([[[8, 8, 6, 6], second]], np.float32)

    with pytest.raises(ValueError, match=problem):
        grid.encode(boxes, np.array([[1, 2]]))
