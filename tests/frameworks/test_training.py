"""What training by a recipe does to images."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.tiny import tiny_arrays

from weighin.core import Recipe, ReferenceModel, WeighinError
from weighin.datasets.loading import from_arrays
from weighin.frameworks.training import Trainer, augmented


@pytest.mark.parametrize("mirror", [False, True])
def test_augmented_images_are_shifts_of_their_own(mirror: bool) -> None:
    """Each image is itself, moved by up to two pixels, its edge repeated; mirrored on request."""
    images = np.random.default_rng(1).random((60, 16, 8, 3)).astype(np.float32)

    moved = augmented({"x": images}, np.random.default_rng(2), 2, mirror=mirror)["x"]

    turned = shifted = 0
    for before, after in zip(images, moved, strict=True):
        padded = np.pad(before, ((2, 2), (2, 2), (0, 0)), mode="edge")
        crops = [padded[y : y + 16, x : x + 8] for y in range(5) for x in range(5)]
        straight = any(np.array_equal(crop, after) for crop in crops)
        turned += not straight
        shifted += not np.array_equal(before, after)
        assert straight or any(np.array_equal(crop[:, ::-1], after) for crop in crops)
    assert shifted > 40
    assert (15 < turned < 45) if mirror else turned == 0


def test_augmentation_leaves_its_input_alone_and_follows_its_seed() -> None:
    """The same generator moves alike, another otherwise, and the images stay as they are."""
    images = np.random.default_rng(1).random((20, 8, 8, 1)).astype(np.float32)
    before = images.copy()

    first, again, other = (
        augmented({"x": images}, np.random.default_rng(seed), 1, mirror=True)["x"]
        for seed in (5, 5, 6)
    )

    np.testing.assert_array_equal(before, images)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_images_are_left_as_they_are_by_default() -> None:
    """Without shift and mirror the very same array is trained on."""
    given = {"x": np.zeros((2, 4, 4, 1), np.float32)}

    assert augmented(given, np.random.default_rng(0), 0, mirror=False) is given


def test_of_several_inputs_images_alone_are_moved() -> None:
    """Numbers, series and volumes beside them stay what they are, and all keep their dtypes."""
    generator = np.random.default_rng(1)
    shapes = {
        "numbers": (9, 5),
        "series": (9, 8, 5),
        "image": (9, 8, 8, 1),
        "film": (9, 2, 8, 8, 1),
    }
    given = {name: generator.integers(0, 256, shape, np.uint8) for name, shape in shapes.items()}

    moved = augmented(given, np.random.default_rng(5), 2, mirror=True)

    assert list(moved) == list(shapes)
    assert {values.dtype for values in moved.values()} == {np.dtype(np.uint8)}
    changed = [name for name in shapes if not np.array_equal(given[name], moved[name])]
    assert changed == ["image"]


def test_what_is_tested_on_is_never_trained_or_calibrated_on() -> None:
    """Of data with a test part alone; refused before a model is created."""
    alone = {name: values for name, values in tiny_arrays().items() if name.endswith("test")}
    data = from_arrays("alone", alone, classes=3)
    trainer = Trainer(Recipe("alone", epochs=1, finetune_epochs=1), data, seed=0)

    def create(keras: object) -> object:
        raise AssertionError("created")

    with pytest.raises(WeighinError, match=r"Calibrating .*'alone' .*give x_train, y_train too"):
        trainer.calibration()
    with pytest.raises(WeighinError, match=r"Training .*'alone' .*give x_train, y_train too"):
        trainer.dense_start(ReferenceModel("mine", create, {}))
    with pytest.raises(WeighinError, match=r"^qat .*'alone' .*give x_train, y_train too"):
        trainer.require_epochs("qat")
    assert trainer.examples == 0
