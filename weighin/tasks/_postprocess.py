"""The four outputs of TFLite_Detection_PostProcess, whatever they are called, as detections.

The operator answers boxes as [ymin, xmin, ymax, xmax], each a share of the image, class numbers
as float32, scores, and how many of them count. Which output is which differs: files of TensorFlow 1
call them TFLite_Detection_PostProcess, :1, :2 and :3 for boxes, classes, scores and count, files of
TensorFlow 2 StatefulPartitionedCall:3, :2, :1 and :0 (tensorflow/models, issue 10970), and others
in other ways. Shapes tell boxes and count; of the other two, values tell which are class numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.tasks._boxes import NO_BOX, Detections, Integers, check_detections
from weighin.tasks._decoding import Outputs, check_pixels, class_numbers

ROLES = ("boxes", "classes", "scores", "count")
SHARES = 2.0  # the middle of all coordinates is below it, unless they are pixels
_WHERE = "TFLite_Detection_PostProcess"
_WORDS = {"classes": re.compile("class|categor|label", re.I), "scores": re.compile("score", re.I)}
_CALLED = {  # by the names that converters give
    re.compile(r"TFLite_Detection_PostProcess(?::(\d))?"): {1: "classes", 2: "scores"},
    re.compile(r"StatefulPartitionedCall(?::(\d))?"): {2: "classes", 1: "scores"},
}


def postprocessed(
    outputs: Outputs,
    sizes: npt.NDArray[Any],
    classes: int,
    first_class: Literal[0, 1] = 0,
) -> Detections:
    """Detections in pixels, of the outputs for many images or for one.

    Boxes are not cut at the image's edge: what a file answers is what is weighed.

    Args:
        outputs: the four, by whatever names: `(n, m, 4)`, `(n, m)`, `(n, m)` and `(n,)`. Give
            those of all images at once, since values tell which is which.
        sizes: `(n, 2)`, height and width of each image in pixels.
        classes: how many classes there are.
        first_class: the number that the model gives to the first class.

    Raises:
        WeighinError: if these are no such outputs, or it cannot be told which is which; it lists
            what came.
    """
    names = roles(outputs)
    boxes, kinds, scores, _ = (outputs[names[role]] for role in ROLES)
    images, places = scores.shape
    if images != len(sizes):
        raise WeighinError(f"{_WHERE}: answers for {images} images, but {len(sizes)} sizes.")
    there = _there(_counts(outputs[names["count"]], images), places)
    if there.any():
        _check_shares(boxes[there], names["boxes"])
    sizes = np.asarray(sizes, np.float64)
    height, width = sizes[:, :1], sizes[:, 1:]
    top, left, bottom, right = np.moveaxis(boxes.astype(np.float64), -1, 0)
    pixels = np.stack(
        [left * width, top * height, (right - left) * width, (bottom - top) * height], axis=-1
    )
    numbers = np.where(there, kinds, NO_BOX)
    detections = Detections(
        np.where(there[..., np.newaxis], pixels, 0.0),
        class_numbers(numbers, classes, first_class, _WHERE),
        np.where(there, scores, 0.0),
    )
    check_detections(detections, _WHERE)
    check_pixels(detections, sizes, _WHERE)
    return detections


def roles(outputs: Outputs) -> dict[str, str]:
    """Which output is what: boxes, classes, scores and count → name.

    Raises:
        WeighinError: if it cannot be told; it lists the outputs.
    """
    listing = "; ".join(
        f"{name} {array.dtype} {array.shape}{_range(array)}" for name, array in outputs.items()
    )
    boxes = [name for name, array in outputs.items() if array.ndim == 3 and array.shape[2] == 4]
    tables = [name for name, array in outputs.items() if array.ndim == 2]
    counts = [name for name, array in outputs.items() if array.ndim <= 1]
    if len(outputs) == 4 and len(tables) == 3 and not counts:  # a count of shape (n, 1)
        counts = [name for name in tables if outputs[name].shape[1] == 1]
        tables = [name for name in tables if name not in counts]
    if (len(outputs), len(boxes), len(tables), len(counts)) != (4, 1, 2, 1) or any(
        outputs[name].shape != outputs[boxes[0]].shape[:2] for name in tables
    ):
        raise WeighinError(
            f"These are not the four outputs of {_WHERE}: {listing or 'no outputs'}. Wanted boxes "
            f"(n, m, 4), classes (n, m), scores (n, m) and count (n,); for other outputs, state a "
            f"decode function."
        )
    images, places = outputs[tables[0]].shape
    there = _there(_counts(outputs[counts[0]], images), places)
    classes = _classes({name: outputs[name][there] for name in tables}, listing)
    scores = next(name for name in tables if name != classes)
    return {"boxes": boxes[0], "classes": classes, "scores": scores, "count": counts[0]}


def _classes(tables: dict[str, npt.NDArray[Any]], listing: str) -> str:
    """Which of two outputs are class numbers, by their values, else by their names."""
    one, two = tables
    ways = ((one, two), (two, one))  # class numbers first, then scores
    fitting = [name for name, other in ways if _whole(tables[name]) and _shares(tables[other])]
    said = {
        name
        for name, other in ways
        if _WORDS["classes"].search(name) or _WORDS["scores"].search(other)
    }
    if not fitting or (len(said) == 1 and not said & set(fitting)):
        raise WeighinError(
            f"{_WHERE}: it cannot be told which output holds class numbers, whole from 0, and "
            f"which scores, from 0 to 1: {listing}. State a decode function."
        )
    if len(fitting) == 1:
        return fitting[0]
    if len(said) == 1:
        return said.pop()
    called = _called(tables)
    if called is not None:
        return called
    if not tables[one].size:
        return one  # nothing was detected in any image: both say nothing
    raise WeighinError(
        f"{_WHERE}: the values of two outputs could be class numbers or scores alike, and their "
        f"names do not tell: {listing}. Give the answers for more images, or state a decode "
        f"function."
    )


def _called(names: Iterable[str]) -> str | None:
    """Which output is called as converters call class numbers, if the other one is, too."""
    for pattern, meaning in _CALLED.items():
        numbers = {name: pattern.fullmatch(name) for name in names}
        called = {meaning.get(int(match[1] or 0)): name for name, match in numbers.items() if match}
        if {"classes", "scores"} == set(called):
            return called["classes"]
    return None


def _whole(values: npt.NDArray[Any]) -> bool:
    finite = np.isfinite(values).all() and (values >= 0).all()
    return bool(finite and (values == np.rint(values)).all())


def _shares(values: npt.NDArray[Any]) -> bool:
    return bool(np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all())


def _counts(count: npt.NDArray[Any], images: int) -> npt.NDArray[Any]:
    """`(n,)`, how many detections of each image count."""
    if count.size != images or not _whole(count):
        raise WeighinError(
            f"{_WHERE}: the count of detections has shape {count.shape}{_range(count)}; wanted one "
            f"whole number for each of {images} images."
        )
    return count.reshape(-1)


def _there(counts: npt.NDArray[Any], places: int) -> npt.NDArray[np.bool_]:
    """`(n, m)`, which detections count."""
    if len(counts) and counts.max() > places:
        raise WeighinError(
            f"{_WHERE}: an image has {counts.max():g} detections in {places} places."
        )
    order: Integers = np.arange(places)
    there: npt.NDArray[np.bool_] = order[np.newaxis] < counts[:, np.newaxis]
    return there


def _check_shares(boxes: npt.NDArray[Any], name: str) -> None:
    """Refuse what are no shares of an image, or no [ymin, xmin, ymax, xmax]."""
    middle = float(np.median(np.abs(boxes)))
    if middle > SHARES:
        raise WeighinError(
            f"{_WHERE}: boxes ({name}) are in the middle {middle:g}, no shares of the image from 0 "
            f"to 1. If they are in pixels, state a decode function."
        )
    inverted = int((boxes[:, 2:] < boxes[:, :2]).any(axis=1).sum())
    if inverted:
        raise WeighinError(
            f"{_WHERE}: of {inverted:,} of {len(boxes):,} boxes ({name}) the end comes before the "
            f"beginning: they are no [ymin, xmin, ymax, xmax]. State a decode function."
        )


def _range(array: npt.NDArray[Any]) -> str:
    return f" from {array.min():g} to {array.max():g}" if array.size else ""
