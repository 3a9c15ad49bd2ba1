"""Data sets of other tasks that are made of MNIST's digits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers.task_data import Arrays, brighter, digest, embedded, marked

from models.data_makers import digits, scenes

MAKERS: dict[str, tuple[Callable[..., Arrays], str]] = {
    "rows": (digits.rows, "5c7496a01dad93c8"),
    "side_by_side": (digits.side_by_side, "5fa312b41e3d7451"),
    "same_or_not": (digits.same_or_not, "2636eae9bd88f254"),
    "flat": (digits.flat, "d22734701fb1cecf"),
    "left_out": (digits.left_out, "a63147e0b872e621"),
    "halved": (digits.halved, "cf89b473bc662488"),
    "strips": (digits.strips, "8dc5918471100806"),
    "on_noise": (scenes.on_noise, "7bf175fe932d089e"),
    "scattered": (scenes.scattered, "f3bbd60ecbbfe749"),
}


@functools.cache
def original() -> Arrays:
    """The embedded digits, read once."""
    return embedded()


@functools.cache
def made_of_digits(name: str) -> Arrays:
    """A data set, made once."""
    make, _ = MAKERS[name]
    return make(original())


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_digits_give_the_same_arrays(name: str) -> None:
    """Every value is known by its digest, made twice and on every version of NumPy."""
    make, wanted = MAKERS[name]

    assert wanted == digest(made_of_digits(name))
    assert wanted == digest(make(original()))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("bright", ["train", "test"])
def test_parts_are_made_of_their_own_digits(name: str, bright: str) -> None:
    """Where one part's digits are the brighter ones, nothing of the other part is as bright."""
    make, _ = MAKERS[name]
    dim = "test" if bright == "train" else "train"
    made = make(marked(original(), {bright: 200, dim: 100}))
    noise = scenes.NOISE if name == "on_noise" else 0

    assert brighter(made, bright, than=150, noise=noise) > 500
    assert brighter(made, dim, than=150, noise=noise) == 0


SHAPES: dict[str, dict[str, tuple[str, tuple[int, ...]]]] = {
    "rows": {"x": ("float32", (28, 28)), "y": ("uint8", ())},
    "side_by_side": {"x": ("uint8", (28, 56, 1)), "y": ("uint8", (10,))},
    "same_or_not": {
        "x/left": ("uint8", (28, 28, 1)),
        "x/right": ("uint8", (28, 28, 1)),
        "y": ("uint8", ()),
    },
    "flat": {"x": ("float32", (784,))},
    "left_out": {"x": ("float32", (784,)), "y": ("uint8", ())},
    "halved": {"x": ("float32", (14, 14, 1)), "y": ("float32", (28, 28, 1))},
    "strips": {"x": ("float32", (56, 14)), "y": ("uint8", (56,))},
    "on_noise": {"x": ("uint8", (32, 32, 1)), "y": ("uint8", (32, 32))},
    "scattered": {
        "x": ("uint8", (64, 64, 1)),
        "y/boxes": ("float32", (3, 4)),
        "y/classes": ("int32", (3,)),
    },
}


@pytest.mark.parametrize("name", MAKERS)
def test_arrays_have_the_shapes_and_types_that_are_promised(name: str) -> None:
    """Inputs and targets of a part are as many; floats run from 0 to 1; nothing else is there."""
    made = made_of_digits(name)
    kept = {key.replace("_train", "").replace("_test", "") for key in made}
    assert set(SHAPES[name]) == kept
    for part in ("train", "test"):
        arrays = {key: array for key, array in made.items() if f"_{part}" in key}
        assert len({len(array) for array in arrays.values()}) == 1
        assert len(next(iter(arrays.values()))) >= 1000
        for key, array in arrays.items():
            assert SHAPES[name][key.replace(f"_{part}", "")] == (str(array.dtype), array.shape[1:])
            if array.dtype == np.float32 and "boxes" not in key:
                assert (array.min(), array.max()) == (0, 1)


def test_rows_are_the_digits_themselves() -> None:
    """Nothing is moved or left out but the scale."""
    made = made_of_digits("rows")

    assert np.allclose(made["x_test"][:50] * 255, original()["x_test"][:50], atol=1e-4)
    assert np.array_equal(made["y_test"], original()["y_test"][: len(made["y_test"])])


def test_digits_side_by_side_are_named() -> None:
    """Both halves show digits of the labels that are set: one or two, each in a fifth of images."""
    made = made_of_digits("side_by_side")
    for part in ("train", "test"):
        label_of = {
            image.tobytes(): label
            for image, label in zip(original()[f"x_{part}"], original()[f"y_{part}"], strict=True)
        }
        for image, there in zip(made[f"x_{part}"][:300], made[f"y_{part}"][:300], strict=True):
            halves = image[:, :28, 0], image[:, 28:, 0]
            labels = {int(label_of[np.ascontiguousarray(half).tobytes()]) for half in halves}
            assert labels == set(np.flatnonzero(there).tolist())
        assert {1, 2} == set(made[f"y_{part}"].sum(axis=1).tolist())
        assert made[f"y_{part}"].mean(axis=0).min() > 0.15
        assert made[f"y_{part}"].mean(axis=0).max() < 0.25


def test_pairs_are_the_same_digit_in_half_of_all_cases() -> None:
    """The target is whether the two labels agree; no pair shows one image twice."""
    made = made_of_digits("same_or_not")
    for part in ("train", "test"):
        label_of = {
            image.tobytes(): label
            for image, label in zip(original()[f"x_{part}"], original()[f"y_{part}"], strict=True)
        }
        left, right, same = made[f"x_{part}/left"], made[f"x_{part}/right"], made[f"y_{part}"]
        labels = [[label_of[image[..., 0].tobytes()] for image in side] for side in (left, right)]
        assert np.array_equal(same, np.equal(*labels))
        assert same.mean() == 0.5
        assert not (left == right).all(axis=(1, 2, 3)).any()
        for digit in range(10):  # nor does a digit alone tell
            assert 0.4 < same[np.array(labels[0]) == digit].mean() < 0.6


def test_a_digit_is_left_out_of_training() -> None:
    """It is in the test part alone, as often as all others together, and marked there."""
    made = made_of_digits("left_out")
    kept = original()["x_train"][original()["y_train"] != digits.LEFT_OUT]
    out = {
        image.tobytes() for image in original()["x_test"][original()["y_test"] == digits.LEFT_OUT]
    }
    shown = np.round(made["x_test"] * 255).astype(np.uint8).reshape(-1, 28, 28)

    assert len(kept) == len(made["x_train"])
    assert np.array_equal(kept, np.round(made["x_train"] * 255).reshape(-1, 28, 28))
    assert [image.tobytes() in out for image in shown] == (made["y_test"] == 1).tolist()
    assert made["y_test"].mean() == 0.5


def test_halved_digits_are_means_of_four_pixels() -> None:
    """What is asked for is the digit that the small one was made of."""
    made = made_of_digits("halved")
    means = made["y_test"].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))

    assert np.allclose(means, made["x_test"][..., 0], atol=1e-6)


def test_steps_of_a_strip_name_the_digit_whose_ink_they_cross() -> None:
    """Columns without ink are blank, a digit's first and last column has ink; two or three each."""
    made = made_of_digits("strips")
    for part in ("train", "test"):
        inked = made[f"x_{part}"].max(axis=2) > 0
        named = made[f"y_{part}"] != digits.BLANK
        begins = np.diff(named.astype(int), axis=1, prepend=0, append=0)
        assert not (inked & ~named).any()
        assert {2, 3} == set((begins == 1).sum(axis=1).tolist())
        strip, first = np.nonzero(begins == 1)
        _, after = np.nonzero(begins == -1)
        assert inked[strip, first].all()
        assert inked[strip, after - 1].all()
        assert all(
            len(set(made[f"y_{part}"][at, a:b])) == 1
            for at, a, b in zip(strip, first, after, strict=True)
        )
        assert set(range(11)) == set(made[f"y_{part}"].ravel().tolist())


def test_a_pixel_on_noise_does_not_tell_what_it_is() -> None:
    """Both kinds have bright and dark pixels; a tenth or so is the digit's."""
    made = made_of_digits("on_noise")
    pixels, wanted = made["x_test"][..., 0], made["y_test"]

    assert {0, 1} == set(wanted.ravel().tolist())
    assert 0.05 < wanted.mean() < 0.2
    assert pixels[wanted == 1].min() < 50
    assert pixels[wanted == 0].max() > 150
    assert max(np.mean((pixels > cut) == wanted) for cut in range(0, 256, 8)) < 0.93


@pytest.mark.parametrize("part", ["train", "test"])
def test_boxes_enclose_their_digits(part: str) -> None:
    """All ink lies in boxes, each side of a box has ink; the rest is marked as nothing."""
    made = made_of_digits("scattered")
    boxes, classes = made[f"y_{part}/boxes"].astype(int), made[f"y_{part}/classes"]
    for picture, around, named in zip(made[f"x_{part}"][..., 0], boxes, classes, strict=True):
        outside = picture > 0
        count = int((named >= 0).sum())
        assert 1 <= count <= scenes.MOST
        assert (named[count:] == scenes.NOTHING).all()
        assert (around[count:] == 0).all()
        for left, top, width, height in around[:count]:
            assert min(left, top) >= 0
            assert max(left + width, top + height) <= scenes.SIDE
            assert scenes.SMALLEST <= max(width, height) <= scenes.LARGEST
            inside = picture[top : top + height, left : left + width] > 0
            assert inside[0].any() and inside[-1].any()  # noqa: PT018 - four sides of one box
            assert inside[:, 0].any() and inside[:, -1].any()  # noqa: PT018
            outside[top : top + height, left : left + width] = False
        assert not outside.any()


def test_scattered_digits_keep_clear_of_each_other() -> None:
    """No two centres are in reach of one cell, no two boxes overlap by more than a tenth."""
    made = made_of_digits("scattered")
    for around, named in zip(made["y_train/boxes"], made["y_train/classes"], strict=True):
        placed = around[named >= 0]
        for at, one in enumerate(placed):
            for other in placed[:at]:
                centres = (one[:2] + one[2:] / 2) - (other[:2] + other[2:] / 2)
                shared = np.maximum(
                    0,
                    np.minimum(one[:2] + one[2:], other[:2] + other[2:])
                    - np.maximum(one[:2], other[:2]),
                )
                assert np.abs(centres).max() >= scenes.APART
                assert shared.prod() <= 0.1 * min(one[2:].prod(), other[2:].prod())


def test_scattered_digits_are_of_all_classes_sizes_and_numbers() -> None:
    """One, two and three of them are about as frequent, and so is each class."""
    classes: Any = made_of_digits("scattered")["y_train/classes"]
    sizes = made_of_digits("scattered")["y_train/boxes"][classes >= 0][:, 2:].max(axis=1)
    numbers = np.bincount((classes >= 0).sum(axis=1), minlength=4)[1:] / len(classes)
    shares = np.bincount(classes[classes >= 0], minlength=10) / (classes >= 0).sum()

    assert numbers.min() > 0.3
    assert shares.min() > 0.08
    assert shares.max() < 0.13
    assert set(range(scenes.SMALLEST, scenes.LARGEST + 1)) == set(sizes.astype(int).tolist())


def test_resizing_keeps_even_grey_and_size() -> None:
    """An image of one grey stays one, in its own proportions; in its own size it stays as it is."""
    image = np.arange(20 * 10, dtype=np.uint8).reshape(20, 10)

    assert np.array_equal(image, scenes.resized(image, 20))
    assert scenes.resized(image, 13).shape == (13, 6)
    assert scenes.resized(np.full((20, 1), 77, np.uint8), 5).shape == (5, 1)
    for side in (3, 13, 31):
        assert {77} == set(scenes.resized(np.full((20, 10), 77, np.uint8), side).ravel().tolist())
