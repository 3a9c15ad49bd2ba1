"""Images with annotations as COCO's become data sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.data import paths_in
from PIL import Image

from weighin.core import Dataset, WeighinError
from weighin.datasets.bringing import Brought, Reading, bring, register
from weighin.datasets.loading import load


def loaded(brought: Brought, folder: Path) -> Dataset:
    """What was brought, as any data set is loaded."""
    register(brought)
    return load(brought.name, paths_in(folder))


def annotated(
    folder: Path,
    count: int = 10,
    name: str = "boxes.json",
    images: str = "images",
    sizes: tuple[tuple[int, int], ...] = ((20, 10),),
) -> Path:
    """Images of a width and height, each with one box as far from the left as it is bright."""
    (folder / images).mkdir(parents=True, exist_ok=True)
    listed: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for number in range(count):
        width, height = sizes[number % len(sizes)]
        file = f"{number:02}.png"
        Image.new("RGB", (width, height), (number,) * 3).save(folder / images / file)
        listed.append({"id": number, "file_name": file, "width": width, "height": height})
        box = [number, 2, 4, 6]
        boxes.append({"id": number, "image_id": number, "category_id": number % 2, "bbox": box})
    kinds = [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}]
    content = {"images": listed, "annotations": boxes, "categories": kinds}
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_boxes_stay_beside_their_images(tmp_path: Path) -> None:
    """By the names that detection takes, in both parts."""
    brought = bring(annotated(tmp_path), Reading(), tmp_path)

    data = loaded(brought, tmp_path)

    assert (data.name, data.classes, len(data.train), len(data.test)) == ("boxes", 2, 8, 2)
    for split in (data.train, data.test):
        assert set(split.targets) == {"boxes", "classes", "crowd"}
        marks = split.stored["x"][:, 0, 0, 0]
        np.testing.assert_array_equal(split.targets["boxes"][:, 0, 0], marks)
        np.testing.assert_array_equal(split.targets["classes"][:, 0], marks % 2)
    assert "2 classes: cat, dog; 10 boxes; 10×20 RGB; no test part came" in brought.summary


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("annotations/instances_val2017.json", "val2017"),
        ("_annotations.coco.json", "."),
        ("annotations/own.json", "images"),
        ("own.json", "own"),
    ],
)
def test_images_are_found_beside_the_annotations(tmp_path: Path, name: str, images: str) -> None:
    """Where COCO and what exports its format lay them."""
    folder = tmp_path / "data"
    (folder / name).parent.mkdir(parents=True)

    brought = bring(annotated(folder, name=name, images=images), Reading(), tmp_path)

    assert loaded(brought, tmp_path).test_only == ("val" in name)


def test_images_may_lie_anywhere(tmp_path: Path) -> None:
    """Their folder is named behind the annotations."""
    path = annotated(tmp_path / "data", images="pictures")

    with pytest.raises(WeighinError, match=rf"images were not found .*--data {path},FOLDER"):
        bring(path, Reading(), tmp_path)
    assert bring(f"{path},{tmp_path / 'data' / 'pictures'}", Reading(), tmp_path).classes == 2


def test_boxes_are_stretched_as_images_are(tmp_path: Path) -> None:
    """Each by its own image's size."""
    path = annotated(tmp_path, sizes=((20, 10), (40, 40)))

    with pytest.raises(WeighinError, match=r"00\.png has 10×20 .*01\.png 40×40.*--size"):
        bring(path, Reading(), tmp_path)
    data = loaded(bring(path, Reading(size=(20, 20)), tmp_path), tmp_path)

    for image, (box,) in zip(data.train.stored["x"], data.train.targets["boxes"], strict=True):
        number = int(image[0, 0, 0])
        wanted = [number / 2, 1, 2, 3] if number % 2 else [number, 4, 4, 12]
        np.testing.assert_allclose(box, wanted)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """An image that is not there, one of another size, a cut that would cut boxes."""
    path = annotated(tmp_path)

    with pytest.raises(WeighinError, match="--crop says nothing of a file of annotations"):
        bring(path, Reading(size=(5, 5), crop=True), tmp_path)
    Image.new("RGB", (10, 20)).save(tmp_path / "images" / "03.png")
    with pytest.raises(WeighinError, match=r"03\.png has \(20, 10\) pixels .*says \(10, 20\)"):
        bring(path, Reading(size=(5, 5)), tmp_path)
    (tmp_path / "images" / "03.png").unlink()
    with pytest.raises(
        WeighinError, match=r"1 of 10 images are not in .*images, the first 03\.png"
    ):
        bring(path, Reading(), tmp_path)
    (tmp_path / "broken.json").write_text("{", "utf-8")
    with pytest.raises(WeighinError, match=r"broken\.json is no JSON"):
        bring(tmp_path / "broken.json", Reading(), tmp_path)
