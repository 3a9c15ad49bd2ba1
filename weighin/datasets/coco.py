"""COCO's annotations of objects, from an instances.json, which is untrusted.

Format: cocodataset.org/#format-data, "Object Detection". Outlines and licences are passed over; the
images are not opened: whoever makes a data set of them reads them as the model wants them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt

from weighin.core import Array, WeighinError

LARGEST = 2**29  # bytes of a file: all of COCO 2017's training part, and no more
SIDE = 2**16  # pixels of an image's side
PLACES = 2**25  # for boxes, in all images as many as in the fullest: 1.4 GB
NUMBER = 2**53  # up to which JSON's numbers are exact everywhere
ROUNDING = 1.0  # pixels by which a box may reach out of its image without being cut
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Annotations:
    """What a file of annotations says. `n` images, at most `k` boxes in one.

    Attributes:
        files: the images' names, relative to their folder, in the order of the file.
        sizes: `(n, 2)`, height and width of each image in pixels.
        boxes: `(n, k, 4)`, [x, y, width, height] in pixels, 0 where there is none.
        classes: `(n, k)`, class numbers from 0, −1 where there is no box.
        crowd: `(n, k)`, True for a box around many objects.
        names: of the classes, by number; empty for a number that no category has.
        notes: what was changed, each a sentence.
    """

    files: tuple[str, ...]
    sizes: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float64]
    classes: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_]
    names: tuple[str, ...]
    notes: tuple[str, ...]

    def targets(self, size: tuple[int, int] | None = None) -> dict[str, Array]:
        """The targets of a detection task: `boxes`, `classes` and `crowd`.

        Args:
            size: height and width of the images that the model is given, whatever their own were;
                boxes are stretched as the images were. If not given, they are as they are.
        """
        boxes = self.boxes
        if size is not None:
            height, width = (np.asarray(size) / self.sizes).T[..., np.newaxis]
            boxes = boxes * np.stack([width, height, width, height], axis=-1)
        return {"boxes": boxes.astype(np.float32), "classes": self.classes, "crowd": self.crowd}


def coco_annotations(
    path: Path | str, first_class: Literal[0, 1] | None = None, largest: int = LARGEST
) -> Annotations:
    """Read a COCO file of annotated objects.

    Boxes that reach out of their image by more than a pixel are cut, and those without area left
    out; both are said in `notes`. A box that lies outside its image is refused.

    Args:
        path: the JSON file.
        first_class: the number of the category that is class 0: classes are then the file's
            category numbers less this one, gaps and all, as models count that were trained on
            these (COCO's numbers run from 1 to 90, with gaps). None: categories in order of their
            numbers, without gaps (COCO's 80).
        largest: bytes above which a file is not read.

    Raises:
        WeighinError: naming the file, the entry, what is wrong and the way out.
    """
    path = Path(path)
    content = _content(path, largest)
    tables = {key: _table(content, key, path) for key in ("images", "categories", "annotations")}
    if not tables["images"]:
        raise WeighinError(f"{path} lists no images.")
    numbers, names = _categories(tables["categories"], first_class, path)
    places: dict[int, int] = {}
    files: list[str] = []
    sizes = np.zeros((len(tables["images"]), 2), np.int64)
    for at, row in enumerate(tables["images"]):
        where = f"{path}: images[{at}]"
        places[_new_number(row, "id", places, where)] = at
        files.append(_file_name(row, where))
        sizes[at] = [_whole(row, side, where, 1, SIDE) for side in ("height", "width")]
    _check_twice(files, path)
    return _placed(path, tables["annotations"], places, numbers, tuple(files), sizes, names)


def _placed(
    path: Path,
    rows: list[Row],
    places: Mapping[int, int],
    numbers: Mapping[int, int],
    files: tuple[str, ...],
    sizes: npt.NDArray[np.int64],
    names: tuple[str, ...],
) -> Annotations:
    """Boxes of each image, from rows in any order."""
    seen: set[int] = set()
    image, kinds, crowds = [], [], []
    boxes = np.zeros((len(rows), 4))
    for at, row in enumerate(rows):
        where = f"{path}: annotations[{at}]"
        seen.add(_new_number(row, "id", seen, where))
        image.append(places[_known(row, "image_id", places, where)])
        kinds.append(numbers[_known(row, "category_id", numbers, where)])
        crowds.append(bool(_whole(row, "iscrowd", where, 0, 1) if "iscrowd" in row else 0))
        boxes[at] = _box(row, where)
    of = np.asarray(image, np.int64)
    boxes, empty, notes = _inside(path, rows, boxes, sizes[of][:, ::-1])
    kept = np.flatnonzero(~empty)
    kept = kept[np.argsort(of[kept], kind="stable")]
    of = of[kept]
    fullest = int(np.bincount(of, minlength=1).max())
    if len(files) * fullest > PLACES:
        raise WeighinError(
            f"{path}: one image has {fullest:,} boxes, which for {len(files):,} images is more "
            f"than memory should hold ({PLACES:,}). Leave that image out."
        )
    shape = (len(files), fullest)
    place = np.arange(len(of)) - np.searchsorted(of, of)
    answer = Annotations(
        files,
        sizes,
        np.zeros((*shape, 4)),
        np.full(shape, -1, np.int64),
        np.zeros(shape, bool),
        names,
        notes,
    )
    answer.boxes[of, place] = boxes[kept]
    answer.classes[of, place] = np.asarray(kinds, np.int64)[kept]
    answer.crowd[of, place] = np.asarray(crowds, bool)[kept]
    return answer


def _inside(
    path: Path, rows: list[Row], boxes: npt.NDArray[np.float64], limits: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], tuple[str, ...]]:
    """Boxes cut to their images, which of them have no area, and what was done."""
    notes = []
    empty = (boxes[:, 2:] == 0).any(axis=1)
    starts, ends = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    outside = ~empty & ((ends <= 0) | (starts >= limits)).any(axis=1)
    if outside.any():
        at = int(outside.argmax())
        raise WeighinError(
            f"{path}: annotations[{at}] (id {rows[at]['id']}) has the box "
            f"{_written(boxes[at])} outside its image of {limits[at][0]} × {limits[at][1]} pixels "
            f"(width × height); {int(outside.sum()):,} of {len(boxes):,} boxes are. Boxes are [x, "
            f"y, width, height]: are x and y exchanged, or the images of another size?"
        )
    reach = np.maximum(-starts, ends - limits).max(axis=1)
    cut = ~empty & (reach > ROUNDING)
    if cut.any():
        at = int(cut.argmax())
        notes.append(
            f"{int(cut.sum()):,} of {len(boxes):,} boxes reach out of their images and were cut, "
            f"the first that of annotation {rows[at]['id']}, {_written(boxes[at])}, by "
            f"{reach[at]:g} pixels."
        )
        starts = np.where(cut[:, np.newaxis], np.clip(starts, 0, limits), starts)
        ends = np.where(cut[:, np.newaxis], np.clip(ends, 0, limits), ends)
        boxes = np.where(cut[:, np.newaxis], np.hstack([starts, ends - starts]), boxes)
    if empty.any():
        at = int(empty.argmax())
        notes.append(
            f"{int(empty.sum()):,} of {len(boxes):,} boxes have no area and were left out, the "
            f"first that of annotation {rows[at]['id']}, {_written(boxes[at])}."
        )
    return boxes, empty, tuple(notes)


def _content(path: Path, largest: int) -> Row:
    try:
        size = path.stat().st_size
        if size > largest:
            raise WeighinError(
                f"{path} has {size:,} bytes, more than {largest:,}: weighin does not read so large "
                f"a file of annotations. Keep those of the images that you test on."
            )
        content = json.loads(path.read_bytes(), parse_constant=_no_constant)
    except OSError as error:
        raise WeighinError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise WeighinError(
            f"{path} is no JSON ({type(error).__name__}: {error}). Is it cut off, or of another "
            f"kind? Wanted COCO's instances.json."
        ) from error
    if not isinstance(content, dict):
        raise WeighinError(
            f"{path} holds {_kind(content)}, not COCO's object with images, categories and "
            f"annotations. Is it a file of detections?"
        )
    return content


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _table(content: Row, key: str, path: Path) -> list[Row]:
    if key not in content:
        keys = ", ".join(sorted(content)[:9]) or "nothing"
        raise WeighinError(f"{path} has no {key!r}; it holds {keys}. Wanted COCO's instances.json.")
    rows = content[key]
    if not isinstance(rows, list):
        raise WeighinError(f"{path}: {key} is {_kind(rows)}, not a list.")
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            raise WeighinError(f"{path}: {key}[{at}] is {_kind(row)}, not an object.")
    return rows


def _categories(
    rows: list[Row], first_class: int | None, path: Path
) -> tuple[dict[int, int], tuple[str, ...]]:
    """Class number of each category, and the names of classes."""
    by_number: dict[int, str] = {}
    names: set[str] = set()
    for at, row in enumerate(rows):
        where = f"{path}: categories[{at}]"
        number = _new_number(row, "id", by_number, where)
        name = row.get("name")
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise WeighinError(f"{where} has no name that can be printed: {name!r:.99}.")
        if name in names:
            raise WeighinError(f"{where} has the name {name!r}, which another category has, too.")
        by_number[number] = name
        names.add(name)
    if not by_number:
        raise WeighinError(f"{path} lists no categories.")
    ordered = sorted(by_number)
    if first_class is None:
        return {number: at for at, number in enumerate(ordered)}, tuple(
            by_number[number] for number in ordered
        )
    if first_class not in (0, 1):
        raise WeighinError(f"first_class={first_class}: the first class is number 0 or 1.")
    if ordered[0] < first_class or ordered[-1] >= SIDE:
        raise WeighinError(
            f"{path}: categories have numbers from {ordered[0]} to {ordered[-1]}; counted from "
            f"first_class={first_class}, these are no class numbers. Leave first_class out to "
            f"count categories in their order."
        )
    classes = range(first_class, ordered[-1] + 1)
    return (
        {number: number - first_class for number in ordered},
        tuple(by_number.get(number, "") for number in classes),
    )


def _whole(row: Row, key: str, where: str, low: int = 0, high: int = NUMBER) -> int:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        told = f"is {_kind(value)}" if key in row else "is missing"
        raise WeighinError(f"{where}: {key} {told}; wanted a whole number.")
    if not low <= value <= high:
        # a number of thousands of digits is not printed
        told = str(value) if abs(value) <= NUMBER else "too large"
        raise WeighinError(f"{where}: {key} is {told}; wanted {low} to {high}.")
    return value


def _new_number(row: Row, key: str, taken: Any, where: str) -> int:
    number = _whole(row, key, where)
    if number in taken:
        raise WeighinError(f"{where} has the {key} {number}, which an earlier one has, too.")
    return number


def _known(row: Row, key: str, known: Mapping[int, int], where: str) -> int:
    number = _whole(row, key, where)
    if number not in known:
        raise WeighinError(f"{where} has the {key} {number}, which this file does not list.")
    return number


def _file_name(row: Row, where: str) -> str:
    """The name of an image's file, which leads to nowhere else than below their folder."""
    name = row.get("file_name")
    if not isinstance(name, str) or not name:
        raise WeighinError(f"{where} has no file_name.")
    parts = PurePosixPath(name).parts
    drive = ":" in parts[0] if parts else True
    surrogates = any("\ud800" <= letter <= "\udfff" for letter in name)  # in no file's name
    if surrogates or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or drive:
        raise WeighinError(
            f"{where} has the file_name {name!r}, which is no name below the images' folder: "
            f"write it relative to that folder."
        )
    return name


def _check_twice(files: list[str], path: Path) -> None:
    first: dict[str, int] = {}
    for at, name in enumerate(files):
        if first.setdefault(name, at) != at:
            raise WeighinError(
                f"{path}: images[{first[name]}] and images[{at}] have the same file_name {name!r}."
            )


def _box(row: Row, where: str) -> list[float]:
    box = row.get("bbox")
    numbers = isinstance(box, list) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in box
    )
    if not isinstance(box, list) or not numbers or len(box) != 4:
        raise WeighinError(f"{where} has no bbox of four numbers [x, y, width, height].")
    if not all(abs(value) <= NUMBER for value in box):  # also what overflows, or became infinite
        raise WeighinError(f"{where}: its bbox holds a number that is infinite or too large.")
    values = [float(value) for value in box]
    if values[2] < 0 or values[3] < 0:
        raise WeighinError(
            f"{where}: its bbox {_written(values)} has a negative width or height. Boxes are [x, "
            f"y, width, height]: are these two corners?"
        )
    return values


def _written(box: Any) -> str:
    return f"[{', '.join(f'{value:g}' for value in box)}]"


def _kind(value: Any) -> str:
    """What a value is, in JSON's words."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return kinds.get(type(value), "null" if value is None else "a number")
