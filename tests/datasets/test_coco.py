"""Annotations in COCO's format: what they say, and what is refused of an untrusted file."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weighin.core import WeighinError
from weighin.datasets.coco import Annotations, coco_annotations

CONTENT: dict[str, Any] = {
    "info": {"year": 2026},
    "images": [
        {"id": 42, "file_name": "val/b.jpg", "width": 200, "height": 100},
        {"id": 7, "file_name": "a.jpg", "width": 80, "height": 60},
        {"id": 8, "file_name": "empty.jpg", "width": 80, "height": 60},
    ],
    "categories": [{"id": 3, "name": "car"}, {"id": 1, "name": "person"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10.5, 20, 30, 25], "iscrowd": 0},
        {"id": 2, "image_id": 42, "category_id": 1, "bbox": [0, 0, 200, 100], "iscrowd": 1},
        {"id": 3, "image_id": 42, "category_id": 3, "bbox": [150, 10, 50.5, 20]},
    ],
}


def written(folder: Path, content: Any) -> Path:
    """The file with this content; text and bytes as they are."""
    path = folder / "instances.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def changed(table: str, at: int, **values: Any) -> dict[str, Any]:
    """The content with one row changed; a value of None leaves the key out."""
    content = copy.deepcopy(CONTENT)
    row = content[table][at]
    row.update(values)
    content[table][at] = {key: value for key, value in row.items() if value is not None}
    return content


def read(folder: Path, content: Any, **options: Any) -> Annotations:
    """What is read of this content."""
    return coco_annotations(written(folder, content), **options)


def test_annotations_are_read(tmp_path: Path) -> None:
    """Images in the order of the file, boxes of each in the order of the file, one has none."""
    read_back = read(tmp_path, CONTENT)

    assert ("val/b.jpg", "a.jpg", "empty.jpg") == read_back.files
    assert [[100, 200], [60, 80], [60, 80]] == read_back.sizes.tolist()
    assert [[0, 1], [1, -1], [-1, -1]] == read_back.classes.tolist()
    assert [[True, False], [False, False], [False, False]] == read_back.crowd.tolist()
    assert [150, 10, 50.5, 20] == read_back.boxes[0, 1].tolist()  # half a pixel out is rounding
    assert [10.5, 20, 30, 25] == read_back.boxes[1, 0].tolist()
    assert ("person", "car") == read_back.names
    assert () == read_back.notes


@pytest.mark.parametrize(
    ("first_class", "classes", "names"),
    [(1, [0, 2], ("person", "", "car")), (0, [1, 3], ("", "person", "", "car"))],
)
def test_classes_can_keep_the_categories_numbers(
    tmp_path: Path, first_class: Any, classes: list[int], names: tuple[str, ...]
) -> None:
    """As models count that were trained on COCO's numbers, with their gaps."""
    read_back = read(tmp_path, CONTENT, first_class=first_class)

    assert classes == read_back.classes[0].tolist()
    assert names == read_back.names


def test_no_annotations_are_images_without_boxes(tmp_path: Path) -> None:
    """Nothing is there to be found; who weighs it is told so there."""
    read_back = read(tmp_path, CONTENT | {"annotations": []})

    assert (3, 0, 4) == read_back.boxes.shape


def test_boxes_are_cut_to_their_image_and_it_is_said(tmp_path: Path) -> None:
    """More than a pixel out of it is told with the annotation's number."""
    read_back = read(tmp_path, changed("annotations", 0, bbox=[-5, 20, 30, 50]))

    assert [0, 20, 25, 40] == read_back.boxes[1, 0].tolist()
    assert (
        "1 of 3 boxes reach out of their images and were cut, the first that of annotation 1, "
        "[-5, 20, 30, 50], by 10 pixels.",
    ) == read_back.notes


def test_boxes_without_area_are_left_out_and_it_is_said(tmp_path: Path) -> None:
    """Real annotations hold a few."""
    read_back = read(tmp_path, changed("annotations", 1, bbox=[5, 5, 0, 10]))

    assert [[1], [1], [-1]] == read_back.classes.tolist()
    assert (
        "1 of 3 boxes have no area and were left out, the first that of annotation 2, "
        "[5, 5, 0, 10].",
    ) == read_back.notes


def test_a_file_is_not_read_if_it_is_too_large(tmp_path: Path) -> None:
    """Both sizes are named."""
    with pytest.raises(WeighinError, match=r"bytes, more than 100: .* Keep those"):
        read(tmp_path, CONTENT, largest=100)


def test_places_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One image with very many boxes does not make all images as large."""
    monkeypatch.setattr("weighin.datasets.coco.PLACES", 5)

    with pytest.raises(WeighinError, match=r"one image has 2 boxes, which for 3 images"):
        read(tmp_path, CONTENT)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04pickle", "is no JSON .Unicode"),
        ('{"images": [', "is no JSON .*cut off"),
        ("[" * 100_000, "is no JSON .RecursionError"),
        ("9" * 5000, "is no JSON"),
        ('{"images": [NaN]}', "NaN is no JSON"),
        ([], "holds a list, not COCO's object .*detections"),
        ("9" * 500, "holds a number"),
        ({"images": []}, "has no 'categories'; it holds images"),
        ({}, "has no 'images'; it holds nothing"),
        (CONTENT | {"images": {}}, "images is an object, not a list"),
        (CONTENT | {"images": []}, "lists no images"),
        (CONTENT | {"images": [3]}, r"images\[0\] is a number, not an object"),
        (CONTENT | {"categories": []}, "lists no categories"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    """Damaged, nested without end, or of another kind."""
    with pytest.raises(WeighinError, match=rf"instances\.json:? .*{message}"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("table", "values", "message"),
    [
        ("images", {"id": 8}, "images.2. has the id 8, which an earlier one has"),
        ("images", {"id": "7"}, "images.1.: id is a text; wanted a whole number"),
        ("images", {"id": True}, "id is true or false"),
        ("images", {"id": None}, "id is missing"),
        ("images", {"id": -1}, "id is -1; wanted 0 to"),
        ("images", {"id": 10**400}, "id is too large"),
        ("images", {"width": 0}, "width is 0; wanted 1 to 65536"),
        ("images", {"height": 1e9}, "height is a number; wanted a whole number"),
        ("images", {"height": 10**6}, "height is 1000000"),
        ("images", {"file_name": None}, "images.1. has no file_name"),
        ("images", {"file_name": "../a.jpg"}, "no name below the images' folder"),
        ("images", {"file_name": "/etc/passwd"}, "no name below"),
        ("images", {"file_name": "x\\..\\a"}, "no name below"),
        ("images", {"file_name": "C:/a.jpg"}, "no name below"),
        ("images", {"file_name": "a\0.jpg"}, "no name below"),
        ("images", {"file_name": "\ud800.jpg"}, "no name below"),
        ("images", {"file_name": "."}, "no name below"),
        ("images", {"file_name": "empty.jpg"}, r"images\[1\] and images\[2\] have the same"),
        ("categories", {"id": 3}, "categories.1. has the id 3"),
        ("categories", {"name": "car"}, "the name 'car', which another"),
        ("categories", {"name": " "}, "no name that can be printed"),
        ("categories", {"name": "\x1b[31m"}, "no name that can be printed"),
        ("annotations", {"id": 3}, "annotations.2. has the id 3"),
        ("annotations", {"image_id": 9}, "annotations.1. has the image_id 9, which this file does"),
        ("annotations", {"category_id": 2}, "category_id 2, which this file does not list"),
        ("annotations", {"iscrowd": 2}, "iscrowd is 2; wanted 0 to 1"),
        ("annotations", {"bbox": None}, "annotations.1. has no bbox of four numbers"),
        ("annotations", {"bbox": [1, 2, 3]}, "has no bbox of four numbers"),
        ("annotations", {"bbox": [1, 2, 3, "4"]}, "has no bbox of four numbers"),
        ("annotations", {"bbox": [1, 2, 3, 10**400]}, "infinite or too large"),
        ("annotations", {"bbox": [150, 60, 20, -30]}, "negative width or height.*two corners"),
        (
            "annotations",
            {"bbox": [10, 150, 20, 50]},  # x and y exchanged
            r"\[10, 150, 20, 50\] outside its image of 200 × 100.*1 of 3 boxes",
        ),
    ],
)
def test_entries_that_make_no_sense_are_refused(
    tmp_path: Path, table: str, values: dict[str, Any], message: str
) -> None:
    """Each by its place in the file and what is wrong with it."""
    with pytest.raises(WeighinError, match=message):
        read(tmp_path, changed(table, 1, **values))


def test_an_infinite_number_is_refused(tmp_path: Path) -> None:
    """JSON's 1e999 is read as infinity."""
    text = json.dumps(CONTENT).replace("10.5", "1e999")

    with pytest.raises(WeighinError, match=r"annotations\[0\]: its bbox .* infinite"):
        read(tmp_path, text)


def test_categories_below_the_first_class_are_refused(tmp_path: Path) -> None:
    """A category numbered 0 is none where counting starts from 1, nor is one of a million."""
    with pytest.raises(WeighinError, match="numbers from 0 to 3; counted from first_class=1"):
        read(tmp_path, changed("categories", 1, id=0) | {"annotations": []}, first_class=1)
    content = changed("categories", 1, id=10**6) | {"annotations": []}
    with pytest.raises(WeighinError, match="from 3 to 1000000"):
        read(tmp_path, content, first_class=1)
    with pytest.raises(WeighinError, match="first_class=2"):
        read(tmp_path, CONTENT, first_class=2)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """And so is a folder."""
    with pytest.raises(WeighinError, match=r"none\.json cannot be read: No such file"):
        coco_annotations(tmp_path / "none.json")
    with pytest.raises(WeighinError, match="cannot be read"):
        coco_annotations(tmp_path)


@pytest.mark.parametrize("size", [None, (300, 320)])
def test_boxes_read_are_targets(tmp_path: Path, size: tuple[int, int] | None) -> None:
    """A detector's answers equal to them have a precision of 1; those of another size have none."""
    pytest.importorskip("faster_coco_eval", reason="pip install -e '.[detection]'")
    from weighin import Detection, coco_annotations
    from weighin.tasks._precision import average_precision

    own = coco_annotations(str(written(tmp_path, CONTENT)))
    targets = own.targets(size)
    detection = Detection(lambda outputs: (outputs["b"], outputs["c"], np.ones_like(outputs["c"])))

    def precision(boxes: Any) -> float:
        outputs = {"b": boxes, "c": targets["classes"]}
        images = {"image": np.zeros((3, *(size or (100, 200)), 3), np.uint8)}
        answers = detection.answers(outputs, images, targets)
        return average_precision(detection.prepared(answers, targets), None, None)

    assert 1.0 == precision(targets["boxes"])
    assert (size is None) == (precision(own.boxes) == 1.0)


def test_boxes_follow_their_images(tmp_path: Path) -> None:
    """Of images that were stretched to one size, each by its own factors: computed by hand."""
    boxes = read(tmp_path, CONTENT).targets((300, 320))["boxes"]

    assert [0, 0, 320, 300] == boxes[0, 0].tolist()
    assert [42, 100, 120, 125] == boxes[1, 0].tolist()
