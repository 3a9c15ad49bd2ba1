"""COCO's average precision: matched once by faster-coco-eval, then taken over any choice of images.

Which detection matches which box is decided within one image. So the evaluator is asked once, and
what it matched is kept: precision over a resample of images is then a few sums, which is what a
bootstrap over images needs.

Definition: cocodataset.org/#detection-eval; Lin et al. 2014, "Microsoft COCO: Common Objects in
Context". Precision is interpolated at 101 recalls, for each class and each of ten thresholds of
intersection over union; the figure is their mean. Per image and class the 100 surest detections
count, of any area.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError
from weighin.tasks._boxes import (
    NO_BOX,
    Detections,
    Floats,
    Integers,
    Truth,
    check_detections,
    check_truth,
    crowds,
)

INSTALL = "pip install 'weighin[detection]'"
MOST = 100  # detections per image and class
IOUS: Floats = np.linspace(0.5, 0.95, 10)  # the evaluator's own, to the last bit
RECALLS: Floats = np.linspace(0.0, 1.0, 101)
WRONG, RIGHT, IGNORED = 0, 1, 2  # what becomes of a detection; ignored if it lies in a crowd


@dataclass(frozen=True)
class Matches:
    """Which detections are right, image by image. `d` detections, `c` classes, `n` images.

    Detections are in order of class, then falling score, then image; of classes that no box of
    the truth has, there are none, since COCO's mean leaves those classes out.

    Attributes:
        classes: `(c,)`, the class numbers of the truth, ascending.
        wanted: `(n, c)`, how many boxes of each class there are to find; crowds are none.
        image: `(d,)`, the image of each detection.
        column: `(d,)`, its class, as an index into `classes`.
        scores: `(d,)`.
        outcome: `(10, d)`, WRONG, RIGHT or IGNORED, at each of `IOUS`.
    """

    classes: Integers
    wanted: Integers
    image: Integers
    column: Integers
    scores: Floats
    outcome: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.wanted)

    @cached_property
    def _hits(self) -> _Hits:
        return _hits(self)


@dataclass(frozen=True)
class _Hits:
    """The right detections alone, since precision need be known only where recall rises.

    `h` of them at all thresholds together, in order of threshold, class and score; a *curve* is
    one threshold and one class.

    Attributes:
        image: `(h,)`, their images.
        column: `(h,)`, their classes, as indices.
        curve: `(h,)`, threshold × c + class.
        starts: `(10 × c + 1,)`, where each curve begins, and the end.
        place: `(h,)`, their places among all detections.
        first: `(h,)`, the place of the first detection of their class.
        ignored_image: the images of ignored detections, in the same order.
        ignored_before: `(h,)`, how many ignored ones come before each, of all curves.
        ignored_first: `(h,)`, how many before the first of its curve.
    """

    image: Integers
    column: Integers
    curve: Integers
    starts: Integers
    place: Integers
    first: Integers
    ignored_image: Integers
    ignored_before: Integers
    ignored_first: Integers


def matches(truth: Truth, detections: Detections) -> Matches:
    """Match detections with the boxes that are there, by the COCO evaluator.

    Raises:
        WeighinError: if either is not what it should be, if they are not of the same images, or if
            faster-coco-eval is not installed.
    """
    check_truth(truth)
    check_detections(detections)
    if len(truth) != len(detections):
        raise WeighinError(
            f"Detections are of {len(detections):,} images, the truth of {len(truth):,}: they "
            f"must be of the same images in the same order."
        )
    real = truth.classes != NO_BOX
    classes = np.unique(truth.classes[real]).astype(np.int64)
    columns = np.searchsorted(classes, truth.classes)
    wanted = np.zeros((len(truth), len(classes)), np.int64)
    rows, places = np.nonzero(real & ~crowds(truth))
    np.add.at(wanted, (rows, columns[rows, places]), 1)

    image, place = np.nonzero(np.isin(detections.classes, classes))
    column = np.searchsorted(classes, detections.classes[image, place])
    scores = detections.scores[image, place].astype(np.float64)
    order = _surest(image, column, scores)
    image, place, column, scores = image[order], place[order], column[order], scores[order]
    outcome = _outcomes(truth, classes, image, column, detections.boxes[image, place], scores)
    order = np.lexsort((image, -scores, column))  # stable: ties stay in the order of answers
    return Matches(classes, wanted, image[order], column[order], scores[order], outcome[:, order])


def average_precision(
    matched: Matches, chosen: npt.NDArray[Any] | None = None, iou: float | None = None
) -> float:
    """COCO's mean average precision over chosen images.

    Over all images, once each, it is the evaluator's own figure. Detections of equal score are
    counted in the order of images, as there.

    Args:
        matched: what `matches` gave.
        chosen: indices of images, any number of times each, as a bootstrap draws them; None for
            all images.
        iou: one of `IOUS`, such as 0.5 for mAP@0.5; None for the mean over all, mAP@[.5:.95].

    Returns:
        From 0 to 1; NaN where the chosen images have no box at all.
    """
    count = len(matched.classes)
    times = np.ones(len(matched))
    if chosen is not None:
        times = np.bincount(chosen, minlength=len(matched)).astype(np.float64)
        if len(times) != len(matched):
            raise ValueError(f"image {int(max(chosen))} of {len(matched)} was chosen")
    wanted = times @ matched.wanted
    if not wanted.any():
        return float("nan")
    precisions = _areas(matched, times, wanted).reshape(len(IOUS), count)
    if iou is not None:
        level = np.flatnonzero(np.isclose(IOUS, iou))
        if not len(level):
            raise ValueError(f"{iou} is none of the thresholds {', '.join(f'{x:g}' for x in IOUS)}")
        precisions = precisions[level]
    return float(precisions[:, wanted > 0].mean())


def _areas(matched: Matches, times: Floats, wanted: Floats) -> Floats:
    """`(10 × c,)`, average precision of each curve, where images count `times` `(n,)`.

    Copies of an image give copies of its detections, which follow each other and so only lengthen
    a step of the curve; all sums are of whole numbers, thus exact.
    """
    hits = matched._hits
    answered = _sums(times[matched.image])
    ignored = _sums(times[hits.ignored_image])
    right = _sums(times[hits.image])
    right_here = right[1:] - right[hits.starts[hits.curve]]
    answered_here = answered[hits.place + 1] - answered[hits.first]
    answered_here -= ignored[hits.ignored_before] - ignored[hits.ignored_first]
    precision = right_here / np.maximum(answered_here, 1)
    for start, stop in zip(hits.starts[:-1], hits.starts[1:], strict=True):
        backwards = precision[start:stop][::-1]
        np.maximum.accumulate(backwards, out=backwards)  # the best at this recall or a higher one
    recall = right_here / np.maximum(wanted[hits.column], 1)
    reached = np.searchsorted(RECALLS, recall, side="right")
    passed = np.diff(reached, prepend=0)  # of the 101 recalls, first here
    begins = hits.starts[:-1][np.diff(hits.starts) > 0]
    passed[begins] = reached[begins]
    sums = np.bincount(hits.curve, precision * passed, minlength=len(hits.starts) - 1)
    return sums / len(RECALLS)


def _sums(values: Floats) -> Floats:
    """`(n + 1,)`, the sum of what comes before each place, and of all."""
    sums = np.zeros(len(values) + 1)
    np.cumsum(values, out=sums[1:])
    return sums


def _hits(matched: Matches) -> _Hits:
    count, total = len(matched.classes), len(matched.image)
    level, place = np.nonzero(matched.outcome == RIGHT)
    curve = level * count + matched.column[place]
    firsts = np.searchsorted(matched.column, np.arange(count))
    ignored_level, ignored_place = np.nonzero(matched.outcome == IGNORED)
    ignored = ignored_level * total + ignored_place
    return _Hits(
        image=matched.image[place],
        column=matched.column[place],
        curve=curve,
        starts=np.searchsorted(curve, np.arange(len(IOUS) * count + 1)),
        place=place,
        first=firsts[matched.column[place]],
        ignored_image=matched.image[ignored_place],
        ignored_before=np.searchsorted(ignored, level * total + place),
        ignored_first=np.searchsorted(ignored, level * total + firsts[matched.column[place]]),
    )


def _surest(image: Integers, column: Integers, scores: Floats) -> Integers:
    """Which detections count: the surest of each image and class, by image, class and score."""
    order = np.lexsort((-scores, column, image))
    group = image[order] * (int(column.max(initial=0)) + 1) + column[order]
    rank = np.arange(len(order)) - np.searchsorted(group, group)
    return order[rank < MOST]


def _outcomes(
    truth: Truth, classes: Integers, image: Integers, column: Integers, boxes: Any, scores: Floats
) -> npt.NDArray[np.int8]:
    """`(10, d)`, what becomes of each detection by the evaluator.

    It matches within an image and a class, so each such pair is given to it as an image of its
    own, of one class: it walks through all images times all classes, most of which are empty.
    """
    coco, evaluation = _evaluator()
    crowd = crowds(truth)
    rows, places = np.nonzero(truth.classes != NO_BOX)
    pairs = rows * len(classes) + np.searchsorted(classes, truth.classes[rows, places])
    answered = image * len(classes) + column
    shared = np.intersect1d(pairs, answered)
    known = [
        {
            "id": number,  # from 1: the evaluator takes 0 for "matched by nothing"
            "image_id": int(pair),
            "category_id": 1,
            "bbox": (box := [float(value) for value in truth.boxes[row, place]]),
            "area": box[2] * box[3],
            "iscrowd": int(crowd[row, place]),
        }
        for number, (pair, row, place) in enumerate(zip(pairs, rows, places, strict=True), 1)
    ]
    matchable = np.flatnonzero(np.isin(answered, shared))
    answers = [
        {
            "image_id": int(answered[at]),
            "category_id": 1,
            "bbox": [float(value) for value in boxes[at]],
            "score": float(scores[at]),
        }
        for at in matchable
    ]
    expected = coco(
        {
            "images": [{"id": int(pair)} for pair in shared],
            "categories": [{"id": 1}],
            "annotations": known,
        }
    )
    evaluator = evaluation(
        expected, expected.loadRes(answers), iouType="bbox", print_function=_silent
    )
    evaluator.computeIoU = cache(evaluator.computeIoU)  # the same at every threshold
    # One range of areas, which excludes nothing: what is matched in COCO's others, where boxes of
    # another size are ignored, would be among the matches.
    evaluator.params.areaRng, evaluator.params.areaRngLbl = [[0.0, np.inf]], ["all"]
    evaluator.params.maxDets = [MOST]
    outcome = np.zeros((len(IOUS), len(scores)), np.int8)
    if not len(shared):
        return outcome
    for level, threshold in enumerate(IOUS):
        evaluator.params.iouThrs = np.asarray([threshold])
        evaluator.evaluate()
        evaluator.accumulate()
        for names in evaluator.eval["matched"]:  # "detection_box", numbers from 1
            answer, real = map(int, names.split("_"))
            outcome[level, matchable[answer - 1]] = IGNORED if known[real - 1]["iscrowd"] else RIGHT
    return outcome


def _evaluator() -> tuple[Any, Any]:
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError as error:
        raise WeighinError(
            f"Average precision of boxes needs faster-coco-eval, which is not installed: {INSTALL}"
        ) from error
    return COCO, COCOeval_faster


def _silent(*_: object) -> None:
    """The evaluator's progress is not the user's."""
