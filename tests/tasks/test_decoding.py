"""From outputs to detections: functions of users, and TFLite_Detection_PostProcess."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.tasks._decoding import decoded, overlaps, suppressed
from weighin.tasks._postprocess import postprocessed, roles

SIZES = np.asarray([[100, 200], [50, 80]])  # height, width
OUTPUTS = {"raw": np.zeros((2, 7))}

# Two images with two and one detections of three places, as [ymin, xmin, ymax, xmax].
BOXES = np.zeros((2, 3, 4), np.float32)
BOXES[0, :2] = [[0.1, 0.2, 0.5, 0.6], [-0.01, 0.5, 1.0, 1.0]]
BOXES[1, 0] = [0.5, 0.25, 1.0, 0.75]
CLASSES = np.asarray([[1, 0, 0], [2, 0, 0]], np.float32)
SCORES = np.asarray([[0.9, 0.6, 0], [0.7, 0, 0]], np.float32)
COUNT = np.asarray([2, 1], np.float32)
PIXELS = [[[40, 10, 80, 40], [100, -1, 100, 101], [0] * 4], [[20, 25, 40, 25], [0] * 4, [0] * 4]]

TF1 = "TFLite_Detection_PostProcess"
TF2 = "StatefulPartitionedCall"
NAMES = {
    "TensorFlow 1": (TF1, f"{TF1}:1", f"{TF1}:2", f"{TF1}:3"),
    "TensorFlow 2": (f"{TF2}:3", f"{TF2}:2", f"{TF2}:1", f"{TF2}:0"),
    "Model Maker": (f"{TF2}:31", f"{TF2}:32", f"{TF2}:33", f"{TF2}:34"),
    "words": ("detection_boxes", "detection_classes", "detection_scores", "num_detections"),
    "signature": ("output_3", "output_2", "output_1", "output_0"),
}


def answered(names: tuple[str, ...], **changed: Any) -> dict[str, Any]:
    """The operator's outputs by names for boxes, classes, scores and count."""
    arrays = {"boxes": BOXES, "classes": CLASSES, "scores": SCORES, "count": COUNT} | changed
    return dict(zip(names, arrays.values(), strict=True))


def boxes_of(image: Any) -> tuple[Any, Any, Any]:
    """One detection in each image, in pixels."""
    del image
    return np.full((2, 1, 4), 20.0), np.ones((2, 1)), np.full((2, 1), 0.5)


def with_array(at: int, array: Any) -> Any:
    """A decode function that answers otherwise in one of the three."""

    def decode(outputs: Any) -> Any:
        answer = list(boxes_of(outputs))
        answer[at] = array
        return answer

    return decode


def test_a_decode_function_is_called() -> None:
    """It is given the outputs by name; whole floats become class numbers from 0."""
    came: list[Any] = []

    def decode(outputs: Any) -> Any:
        came.append(outputs)
        return boxes_of(outputs)

    detections = decoded(decode, OUTPUTS, SIZES, classes=3, first_class=1)

    assert [OUTPUTS] == came
    assert [[0], [0]] == detections.classes.tolist()
    assert detections.classes.dtype.kind == "i"


def test_a_decode_function_may_answer_lists() -> None:
    """Images differ in how many boxes they have; none is fine, too."""
    boxes = [np.full((2, 4), 30.0), []]

    detections = decoded(lambda _: (boxes, [[0, 2], []], [[0.5, 0.25], []]), OUTPUTS, SIZES, 3)

    assert [[0, 2], [-1, -1]] == detections.classes.tolist()
    assert [[0.5, 0.25], [0, 0]] == detections.scores.tolist()


@pytest.mark.parametrize(
    ("decode", "message"),
    [
        (lambda outputs: outputs["head"], r"failed with KeyError: 'head'.*outputs raw \(2, 7\)"),
        (lambda outputs: None, "answered <class 'NoneType'>; wanted .boxes, classes, scores"),
        (lambda outputs: (1, 2), "answered 2 of them; wanted"),
        (lambda outputs: (1, 2, 3), "answered <class 'int'> for boxes"),
        (with_array(0, np.zeros((2, 4))), r"boxes have shape \(2, 4\)"),
        (with_array(0, np.zeros(())), r"boxes have shape \(\)"),
        (with_array(2, np.zeros((2, 5))), r"scores have shape \(2, 5\)"),
        (lambda outputs: [part[:1] for part in boxes_of(outputs)], "for 1 images .* asked for 2"),
        (with_array(1, np.full((2, 1), 0.5)), "a class is 0.5, no whole number .2 of 2.*scores"),
        (with_array(1, np.full((2, 1), np.nan)), "a class is nan"),
        (with_array(1, np.full((2, 1), 3)), "from 3 to 3, outside the 3 .*state first_class=1"),
        (with_array(1, np.full((2, 1), 90)), "from 90 to 90, outside the 3 .*gaps of COCO's"),
        (with_array(1, np.full((2, 1), "cat")), "classes are <U3, not numbers"),
        (with_array(0, np.full((2, 1, 4), np.inf)), "not finite; 2 of 2 boxes"),
        (with_array(0, np.full((2, 1, 4), -20.0)), "negative width or height"),
        (with_array(0, np.full((2, 1, 4), 0.5)), "shares of the image"),
        (with_array(0, np.full((2, 1, 4), 190.0)), "2 of 2 boxes reach far out"),
        (with_array(2, np.full((2, 1), np.nan)), "the score of box 0 of image 0 is nan"),
        (with_array(0, [np.zeros((1, 4))]), "answered 1, 2 and 2 images"),
        (with_array(0, [np.zeros((1, 5)), []]), r"for image 0, boxes \(1, 5\)"),
        (with_array(2, [[0.5], [0.5, 0.5]]), r"for image 1, .*scores \(2,\)"),
        (with_array(1, [["cat"], ["dog"]]), "answered <U3 as classes of an image"),
        (with_array(0, [[[1], [2, 3]], []]), "boxes of an image that make no array"),
        (with_array(1, [[1.5], [0]]), "a class is 1.5"),
    ],
)
def test_what_is_no_detection_is_refused(decode: Any, message: str) -> None:
    """By a message that names what came and what was wanted."""
    with pytest.raises(WeighinError, match=f"^The decode function '.*{message}"):
        decoded(decode, OUTPUTS, SIZES, classes=3)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_the_operators_outputs_are_told_apart(names: tuple[str, ...], order: Any) -> None:
    """By whatever names and in whatever order, they become boxes in pixels of each image."""
    outputs = list(answered(names).items())

    detections = postprocessed(dict(outputs[at] for at in order), SIZES, classes=3)

    np.testing.assert_allclose(detections.boxes, PIXELS, atol=1e-4)
    assert [[1, 0, -1], [2, -1, -1]] == detections.classes.tolist()
    np.testing.assert_allclose(detections.scores, SCORES)


def test_values_outrank_customary_names() -> None:
    """Where scores are called as class numbers usually are, the values tell."""
    names = (f"{TF2}:3", f"{TF2}:1", f"{TF2}:2", f"{TF2}:0")

    assert f"{TF2}:1" == roles(answered(names))["classes"]


@pytest.mark.parametrize("kind", ["TensorFlow 1", "TensorFlow 2", "words"])
def test_names_tell_what_values_do_not(kind: str) -> None:
    """Scores of 1 and class numbers of 0 and 1 could be either."""
    outputs = answered(NAMES[kind], classes=CLASSES * 0 + 1, scores=SCORES * 0 + 1)

    assert NAMES[kind][1] == roles(outputs)["classes"]


def test_what_cannot_be_told_apart_is_refused() -> None:
    """Neither values nor names tell: all is listed. Without detections, it is no matter."""
    names = NAMES["signature"]
    ones = np.ones_like(SCORES)

    with pytest.raises(WeighinError, match=r"alike.*output_2 float32 \(2, 3\) from 1 to 1.*decode"):
        roles(answered(names, classes=ones, scores=ones))
    with pytest.raises(WeighinError, match="cannot be told which output holds class numbers"):
        roles(answered(names, classes=SCORES))
    with pytest.raises(WeighinError, match="cannot be told"):
        roles(answered(NAMES["words"], classes=SCORES, scores=CLASSES))  # words against values
    assert (postprocessed(answered(names, count=COUNT * 0), SIZES, 3).classes == -1).all()


def test_what_lies_past_the_count_is_not_looked_at() -> None:
    """Places that do not count may hold anything."""
    rest = np.arange(3) >= COUNT[:, np.newaxis]
    changed = {"classes": np.where(rest, 7.5, CLASSES), "scores": np.where(rest, np.nan, SCORES)}
    boxes = np.where(rest[..., np.newaxis], np.nan, BOXES)

    detections = postprocessed(answered(NAMES["words"], boxes=boxes, **changed), SIZES, 3)

    np.testing.assert_allclose(detections.boxes, PIXELS, atol=1e-4)


@pytest.mark.parametrize("shape", [(1,), (), (1, 1)])
def test_one_image_is_answered(shape: tuple[int, ...]) -> None:
    """The operator's outputs as they come for one image."""
    first = {key: array[:1] for key, array in answered(NAMES["words"]).items()}

    first["num_detections"] = first["num_detections"].reshape(shape)

    assert [[1, 0, -1]] == postprocessed(first, SIZES[:1], classes=3).classes.tolist()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"boxes": BOXES * 100}, "no shares of the image"),
        ({"boxes": BOXES[..., [2, 3, 0, 1]]}, "3 of 3 boxes .* end comes before the beginning"),
        ({"boxes": BOXES[:, :2]}, "not the four outputs"),
        ({"count": COUNT + 2}, "an image has 4 detections in 3 places"),
        ({"count": COUNT[:1]}, r"count of detections has shape \(1,\)"),
        ({"count": COUNT - 0.5}, "count of detections .* from 0.5 to 1.5"),
        ({"classes": CLASSES + 1}, "from 1 to 3, outside the 3 classes 0 to 2.*first_class=1"),
        ({"boxes": BOXES * np.nan}, "not finite"),
    ],
)
def test_other_outputs_are_refused(changed: Any, message: str) -> None:
    """Outputs that are not the operator's, or not of these classes."""
    with pytest.raises(WeighinError, match=message):
        postprocessed(answered(NAMES["words"], **changed), SIZES, classes=3)


def test_raw_outputs_are_listed() -> None:
    """A file without the operator wants a decode function."""
    with pytest.raises(WeighinError, match=r"raw float64 \(2, 7\) from 0 to 0.*decode function"):
        postprocessed(OUTPUTS, SIZES, classes=3)
    with pytest.raises(WeighinError, match="2 images, but 1 sizes"):
        postprocessed(answered(NAMES["words"]), SIZES[:1], classes=3)


def test_a_models_first_class_is_stated() -> None:
    """Class numbers of a model that counts from 1 are those of the truth, which counts from 0."""
    outputs = answered(NAMES["words"], classes=CLASSES + 1)

    assert [1, 0] == postprocessed(outputs, SIZES, 3, first_class=1).classes[0, :2].tolist()
    with pytest.raises(WeighinError, match="first_class=2"):
        postprocessed(outputs, SIZES, 3, first_class=2)  # type: ignore[arg-type]


def plainly_suppressed(boxes: Any, scores: Any, classes: Any, iou: float, most: int) -> list[int]:
    """Greedy suppression, written as it is defined."""
    kept: list[int] = []
    for at in sorted(range(len(boxes)), key=lambda number: -scores[number]):
        if len(kept) < most and all(
            classes[at] != classes[other] or plain_iou(boxes[at], boxes[other]) <= iou
            for other in kept
        ):
            kept.append(at)
    return kept


def plain_iou(one: Any, other: Any) -> float:
    """Intersection over union, corner by corner."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    union = one[2] * one[3] + other[2] * other[3] - shared
    return shared / union if union else 0.0


@settings(max_examples=50)
@given(
    rows=st.lists(st.tuples(*[st.integers(0, 12)] * 4, st.integers(0, 4), st.integers(0, 1))),
    iou=st.sampled_from([0, 0.3, 0.5, 1]),
    most=st.sampled_from([1, 3, 100]),
)
def test_suppression_is_greedy_within_classes(rows: Any, iou: float, most: int) -> None:
    """The same as the plain loop, with equal scores and boxes without area."""
    table = np.asarray(rows, float).reshape(-1, 6)
    boxes, scores, classes = table[:, :4], table[:, 4], table[:, 5]

    kept = suppressed(boxes, scores, classes, iou, most)

    assert plainly_suppressed(boxes, scores, classes, iou, most) == kept.tolist()


def test_overlap_is_intersection_over_union() -> None:
    """20 × 40 shifted by 5: 15 shared of 25; apart: none; the same: all."""
    box = np.asarray([10.0, 10, 20, 40])
    others = np.asarray([[15.0, 10, 20, 40], [90, 90, 5, 5], [10, 10, 20, 40], [0, 0, 0, 0]])

    np.testing.assert_allclose(overlaps(box, others), [0.6, 0, 1, 0])
