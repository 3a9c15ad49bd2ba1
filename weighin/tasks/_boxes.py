"""Boxes in images: those that are there, those that a model answers, and what is refused of both.

Boxes are COCO's: [x, y, width, height] in pixels, x and y of the upper left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NO_BOX = -1  # the class where an image has fewer boxes than there are places for


@dataclass(frozen=True)
class Truth:
    """The boxes that are in images.

    Attributes:
        boxes: `(n, k, 4)`, [x, y, width, height] in pixels.
        classes: `(n, k)`, class numbers from 0; −1 where there is no box.
        crowd: `(n, k)`, True for a box around many objects of a class (COCO's `iscrowd`), which
            need not be found, and in which further answers count neither for nor against.
    """

    boxes: npt.NDArray[Any]
    classes: npt.NDArray[Any]
    crowd: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True)
class Detections:
    """The boxes that a model answers.

    Attributes:
        boxes: `(n, m, 4)`, [x, y, width, height] in pixels.
        classes: `(n, m)`, class numbers from 0; −1 where there is no answer.
        scores: `(n, m)`, the higher the surer.
    """

    boxes: npt.NDArray[Any]
    classes: npt.NDArray[Any]
    scores: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.boxes)


def check_truth(truth: Truth, where: str = "Truth") -> None:
    """Refuse truth that no detection can be held against.

    Raises:
        WeighinError: beginning with `where`, naming the image and the box.
    """
    _check_shapes(truth.boxes, {"classes": truth.classes}, where)
    if truth.crowd is not None:
        _check_shape(truth.crowd, truth.boxes, "crowd", where)
        if not np.isin(truth.crowd, (0, 1)).all():
            raise WeighinError(f"{where}: crowd holds other values than 0 and 1.")
    there = check_classes(truth.classes, where)
    _check_boxes(truth.boxes, there, where)
    flat = there & (truth.boxes[..., 2:] <= 0).any(axis=-1)
    if flat.any():
        raise WeighinError(
            f"{where}: {_first(truth.boxes, flat)} has no area. Boxes are [x, y, width, height]: "
            f"mend it, or leave it out by class −1."
        )
    if not (there & ~crowds(truth)).any():
        raise WeighinError(
            f"{where}: there is no box in any of {len(truth):,} images, so that precision is not "
            f"defined. Is class −1 given to all of them?"
        )


def check_detections(detections: Detections, where: str = "Detections") -> None:
    """Refuse answers that are no boxes. One without area is an answer, and a wrong one.

    Raises:
        WeighinError: beginning with `where`, naming the image and the box.
    """
    check_shapes(detections, where)
    there = check_classes(detections.classes, where)
    if detections.scores.dtype.kind not in "iuf":
        raise WeighinError(f"{where}: scores are {detections.scores.dtype}, not numbers.")
    wrong = there & ~np.isfinite(detections.scores)
    if wrong.any():
        image, place = _place(wrong)
        raise WeighinError(
            f"{where}: the score of box {place} of image {image} is "
            f"{detections.scores[image, place]}; {int(wrong.sum()):,} of {int(there.sum()):,} "
            f"scores are not finite."
        )
    _check_boxes(detections.boxes, there, where)
    inverted = there & (detections.boxes[..., 2:] < 0).any(axis=-1)
    if inverted.any():
        raise WeighinError(
            f"{where}: {_first(detections.boxes, inverted)} has a negative width or height "
            f"({int(inverted.sum()):,} of {int(there.sum()):,}). Boxes are [x, y, width, height] "
            f"with the upper left corner: are these two corners, or x and y exchanged?"
        )


def check_shapes(detections: Detections, where: str) -> None:
    """Refuse answers whose arrays do not belong together.

    Raises:
        WeighinError: beginning with `where`.
    """
    arrays = {"classes": detections.classes, "scores": detections.scores}
    _check_shapes(detections.boxes, arrays, where)


def check_classes(classes: npt.NDArray[Any], where: str) -> npt.NDArray[np.bool_]:
    """Refuse class numbers that are no whole numbers from 0, or −1 for no box.

    Returns:
        Where there is a box, in the shape of `classes`.

    Raises:
        WeighinError: beginning with `where`.
    """
    if classes.dtype.kind not in "iu":
        raise WeighinError(f"{where}: classes are {classes.dtype}, not whole numbers.")
    if classes.size and int(classes.min()) < NO_BOX:
        raise WeighinError(
            f"{where}: there is a class {int(classes.min())}; classes count from 0, and −1 is no "
            f"box."
        )
    there: npt.NDArray[np.bool_] = classes != NO_BOX
    return there


def crowds(truth: Truth) -> npt.NDArray[np.bool_]:
    """`(n, k)`, True where a box is a crowd's."""
    if truth.crowd is None:
        return np.zeros(truth.classes.shape, bool)
    return truth.crowd.astype(bool)


def padded(
    boxes: Sequence[npt.NDArray[Any]],
    classes: Sequence[npt.NDArray[Any]],
    scores: Sequence[npt.NDArray[Any]],
) -> Detections:
    """Detections of images that differ in how many they have.

    Args:
        boxes: `(m, 4)` of each image, m its own.
        classes: `(m,)` of each.
        scores: `(m,)` of each.
    """
    shape = (len(boxes), max(map(len, boxes), default=0))
    numbers = [kinds for kinds in classes if kinds.size]
    kind = np.result_type(*numbers) if numbers else np.int64  # no fraction is cut off unseen
    together = Detections(np.zeros((*shape, 4)), np.full(shape, NO_BOX, kind), np.zeros(shape))
    for image, (some, kinds, sure) in enumerate(zip(boxes, classes, scores, strict=True)):
        together.boxes[image, : len(some)] = some.reshape(-1, 4)
        together.classes[image, : len(some)] = kinds
        together.scores[image, : len(some)] = sure
    return together


def joined(parts: Sequence[Detections]) -> Detections:
    """Detections of several batches of images as those of all, in this order."""
    images = [
        (part.boxes[image], part.classes[image], part.scores[image])
        for part in parts
        for image in range(len(part))
    ]
    boxes, classes, scores = zip(*images, strict=True) if images else ((), (), ())
    return padded(boxes, classes, scores)


def _check_shapes(boxes: npt.NDArray[Any], others: dict[str, npt.NDArray[Any]], where: str) -> None:
    if boxes.ndim != 3 or boxes.shape[-1] != 4:
        raise WeighinError(
            f"{where}: boxes have shape {boxes.shape}; wanted (images, boxes, 4), the last "
            f"[x, y, width, height] in pixels."
        )
    if boxes.dtype.kind not in "iuf":
        raise WeighinError(f"{where}: boxes are {boxes.dtype}, not numbers.")
    for name, array in others.items():
        _check_shape(array, boxes, name, where)


def _check_shape(array: npt.NDArray[Any], boxes: npt.NDArray[Any], name: str, where: str) -> None:
    if array.shape != boxes.shape[:2]:
        raise WeighinError(
            f"{where}: {name} have shape {array.shape}, boxes {boxes.shape}; wanted "
            f"{boxes.shape[:2]}, one for each box."
        )


def _check_boxes(boxes: npt.NDArray[Any], there: npt.NDArray[np.bool_], where: str) -> None:
    wrong = there & ~np.isfinite(boxes).all(axis=-1)
    if wrong.any():
        raise WeighinError(
            f"{where}: {_first(boxes, wrong)} is not finite; {int(wrong.sum()):,} of "
            f"{int(there.sum()):,} boxes are not."
        )


def _place(wrong: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Image and place of the first box that is wrong."""
    image, place = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return int(image), int(place)


def _first(boxes: npt.NDArray[Any], wrong: npt.NDArray[np.bool_]) -> str:
    image, place = _place(wrong)
    values = ", ".join(f"{value:g}" for value in boxes[image, place])
    return f"box {place} of image {image}, [{values}],"
