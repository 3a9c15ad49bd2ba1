"""Average precision of boxes: COCO's definition, by hand and by its evaluator."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest
from helpers.boxes import chosen_of, detections, official, random_boxes, truth
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.tasks._boxes import Detections, Truth, check_detections, check_truth, joined
from weighin.tasks._precision import IGNORED, RIGHT, WRONG, average_precision, matches

BOX = [10.0, 10.0, 20.0, 40.0]
OTHER = [60.0, 15.0, 30.0, 25.0]
EXPECTED = truth([[0, *BOX], [1, *OTHER]], [[0, *OTHER]])
ANSWERED = detections([[0, 0.9, *BOX], [1, 0.8, *OTHER]], [[0, 0.7, *OTHER]])

needs_evaluator = pytest.mark.usefixtures("_evaluator")


@pytest.fixture
def _evaluator() -> None:
    pytest.importorskip("faster_coco_eval", reason="pip install -e '.[detection]'")


def changed(arrays: Any, **values: Any) -> Any:
    """The same truth or detections but for some arrays."""
    return dataclasses.replace(arrays, **values)


@needs_evaluator
def test_all_found_is_one() -> None:
    """Each box answered as it is, of its class: precision is 1 at every threshold."""
    matched = matches(EXPECTED, ANSWERED)

    assert (matched.outcome == RIGHT).all()
    assert 1.0 == average_precision(matched) == average_precision(matched, None, 0.5)


@needs_evaluator
def test_precision_is_interpolated_at_101_recalls() -> None:
    """COCO's definition by hand: two of three boxes found, one answer wrong.

    In falling order of score the answers are right, wrong, right: recalls 1/3, 1/3, 2/3 with
    precisions 1, 1/2, 2/3. Interpolated, precision is 1 at recalls 0.00 to 0.33 (34 of 101), 2/3
    at 0.34 to 0.66 (33), and 0 from 0.67 (34): (34 × 1 + 33 × 2/3) / 101 = 56 / 101.
    """
    expected = truth([[0, *BOX], [0, *OTHER]], [[0, *BOX]])
    answered = detections([[0, 0.9, *BOX], [0, 0.8, 90, 90, 5, 5], [0, 0.7, *OTHER]], [])

    assert average_precision(matches(expected, answered)) == pytest.approx(56 / 101, abs=1e-12)


@needs_evaluator
def test_a_shifted_box_is_found_at_low_thresholds_only() -> None:
    """20 wide and shifted by 5: 15 shared of 25 is 0.6, so at 0.5, 0.55 and 0.6 of ten."""
    answered = detections([[0, 0.9, 15, 10, 20, 40]])

    matched = matches(truth([[0, *BOX]]), answered)

    assert [RIGHT] * 3 + [WRONG] * 7 == matched.outcome[:, 0].tolist()
    assert average_precision(matched) == pytest.approx(0.3)
    assert 1.0 == average_precision(matched, iou=0.5)


@needs_evaluator
@pytest.mark.parametrize(
    ("fault", "right"),
    [
        # class 0: right, wrong, right, so 51 recalls at precision 1 and 50 at 2/3; class 1: none
        (changed(ANSWERED, classes=np.asarray([[0, 0], [0, -1]])), 0.5 * (51 + 50 * 2 / 3) / 101),
        (changed(ANSWERED, boxes=ANSWERED.boxes[..., [1, 0, 3, 2]]), 0.0),
        (changed(ANSWERED, boxes=ANSWERED.boxes[::-1]), 0.0),
    ],
    ids=["a wrong class", "x and y exchanged", "another image's"],
)
def test_faults_lower_precision(fault: Detections, right: float) -> None:
    """What a mistaken decoder would answer is no longer right."""
    assert average_precision(matches(EXPECTED, fault)) == pytest.approx(right)


@needs_evaluator
def test_a_box_answered_twice_is_once_wrong() -> None:
    """Right, wrong, right of two boxes: 51 recalls at precision 1 and 50 at 2/3."""
    expected = truth([[0, *BOX], [0, *OTHER]])
    answered = detections([[0, 0.9, *BOX], [0, 0.8, *BOX], [0, 0.7, *OTHER]])

    matched = matches(expected, answered)

    assert [RIGHT, WRONG, RIGHT] == matched.outcome[0].tolist()
    assert average_precision(matched) == pytest.approx((51 + 50 * 2 / 3) / 101)


@needs_evaluator
def test_answers_in_a_crowd_do_not_count() -> None:
    """A crowd need not be found, and boxes in it are ignored, however many."""
    crowd = np.asarray([[False, True]])
    expected = truth([[0, *BOX], [0, *OTHER]], crowd=crowd)
    inside = [[0, 0.95, 62, 17, 5, 5], [0, 0.94, 70, 20, 6, 6]]
    matched = matches(expected, detections([*inside, [0, 0.9, *BOX]]))

    assert [IGNORED, IGNORED, RIGHT] == matched.outcome[9].tolist()
    assert 1 == matched.wanted.sum()
    assert 1.0 == average_precision(matched)


@needs_evaluator
@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32),
    images=st.integers(1, 12),
    most=st.integers(1, 6),
    answers=st.integers(0, 12),
    classes=st.integers(1, 4),
    levels=st.sampled_from([2, 10, 10**6]),
    crowded=st.sampled_from([0, 0.3]),
)
def test_precision_is_the_evaluators_own(seed: int, crowded: float, **sizes: int) -> None:
    """Of any boxes: crowded images, empty ones, no answers, equal scores."""
    expected, answered = random_boxes(seed, crowded=crowded, **sizes)
    whole, at_half = official(expected, answered)
    if whole == -1:  # the evaluator's word for: there is no box
        with pytest.raises(WeighinError, match="there is no box"):
            matches(expected, answered)
        return

    matched = matches(expected, answered)

    everyone = np.arange(len(expected))
    assert average_precision(matched, everyone) == pytest.approx(whole, abs=1e-9)
    assert average_precision(matched, everyone, 0.5) == pytest.approx(at_half, abs=1e-9)


@needs_evaluator
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), crowded=st.sampled_from([0, 0.3]))
def test_precision_of_a_resample_is_the_evaluators_for_these_images(
    seed: int, crowded: float
) -> None:
    """Images drawn several times or never: as if they were a data set of their own."""
    expected, answered = random_boxes(
        seed, images=8, most=5, answers=9, classes=3, levels=10**9, crowded=crowded
    )
    expected.classes[0, 0], expected.crowd[0, 0] = 0, False
    chosen = np.random.default_rng(seed).integers(0, 8, 8)
    whole, at_half = official(chosen_of(expected, chosen), chosen_of(answered, chosen))
    matched = matches(expected, answered)

    if whole == -1:
        assert np.isnan(average_precision(matched, chosen))
    else:
        assert average_precision(matched, chosen) == pytest.approx(whole, abs=1e-9)
        assert average_precision(matched, chosen, 0.5) == pytest.approx(at_half, abs=1e-9)


@needs_evaluator
def test_a_hundred_answers_of_an_image_and_class_count() -> None:
    """The 101st, by score, counts neither for nor against, as in COCO's figure."""
    wrong = [[0, 0.9, 200, 200, 5, 5]] * 100
    another = matches(truth([], [[0, *BOX]]), detections([*wrong, wrong[0]], [[0, 0.5, *BOX]]))

    assert 0 == average_precision(matches(truth([[0, *BOX]]), detections([*wrong, [0, 0.5, *BOX]])))
    assert 0 < average_precision(
        matches(truth([[0, *BOX]]), detections([*wrong[:99], [0, 0.5, *BOX]]))
    )
    assert average_precision(another) == pytest.approx(1 / 101)


@needs_evaluator
@pytest.mark.parametrize(
    "box", [[10, 10, 0, 40], [0, 0, 1e6, 1e6], [0, 0, 1e300, 1e300]], ids=["flat", "huge", "vast"]
)
def test_an_answer_of_any_size_is_wrong(box: list[float]) -> None:
    """Boxes without area and such as exceed COCO's largest range are answers, and wrong."""
    matched = matches(truth([[0, *BOX]]), detections([[0, 0.9, *box], [0, 0.8, *BOX]]))

    assert [WRONG, RIGHT] == matched.outcome[0].tolist()
    assert average_precision(matched) == pytest.approx(0.5)


@needs_evaluator
def test_no_answers_are_zero() -> None:
    """A model that answers nothing has precision 0, not none."""
    nothing = Detections(np.zeros((2, 0, 4)), np.zeros((2, 0), int), np.zeros((2, 0)))

    assert 0.0 == average_precision(matches(EXPECTED, nothing))


@needs_evaluator
def test_images_without_boxes_have_no_precision() -> None:
    """A choice of images with nothing in them is not a number, and an unknown image is refused."""
    expected = truth([[0, *BOX]], [])
    matched = matches(expected, detections([[0, 0.9, *BOX]], [[0, 0.99, *BOX]]))

    assert np.isnan(average_precision(matched, np.asarray([1, 1])))
    with pytest.raises(ValueError, match="image 2 of 2"):
        average_precision(matched, np.asarray([0, 2]))
    with pytest.raises(ValueError, match=r"0\.51 is none"):
        average_precision(matched, iou=0.51)


def test_a_missing_evaluator_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "faster_coco_eval", None)

    with pytest.raises(WeighinError, match=r"pip install 'weighin\[detection\]'"):
        matches(EXPECTED, ANSWERED)


def test_batches_are_joined() -> None:
    """Detections of batches with different numbers of them are those of all images."""
    together = joined([ANSWERED, detections([[1, 0.5, *BOX]] * 3)])

    assert (3, 3, 4) == together.boxes.shape
    assert [[0, 1, -1], [0, -1, -1], [1, 1, 1]] == together.classes.tolist()
    assert 0 == len(joined([]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"boxes": EXPECTED.boxes[0]}, r"boxes have shape \(2, 4\); wanted \(images, boxes, 4\)"),
        ({"classes": EXPECTED.classes[:1]}, r"classes have shape \(1, 2\), boxes \(2, 2, 4\)"),
        ({"classes": EXPECTED.classes * 1.0}, "classes are float64, not whole numbers"),
        ({"classes": EXPECTED.classes - 1}, "there is a class -2"),
        ({"classes": np.full((2, 2), -1)}, "no box in any of 2 images"),
        ({"boxes": EXPECTED.boxes * np.nan}, r"box 0 of image 0, \[nan, .*\], is not finite; 3 of"),
        ({"boxes": EXPECTED.boxes * [1, 1, 1, 0]}, r"\[10, 10, 20, 0\], has no area"),
        ({"boxes": EXPECTED.boxes.astype(str)}, "boxes are <U.*, not numbers"),
        ({"crowd": np.ones((2, 2), bool)}, "no box in any of 2 images"),
        ({"crowd": np.full((2, 2), 2)}, "crowd holds other values than 0 and 1"),
        ({"crowd": np.zeros(2)}, r"crowd have shape \(2,\)"),
    ],
)
def test_truth_that_makes_no_sense_is_refused(wrong: dict[str, Any], message: str) -> None:
    """Each by a message that names what came."""
    with pytest.raises(WeighinError, match=f"^Truth: .*{message}"):
        check_truth(changed(EXPECTED, **wrong))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scores": ANSWERED.scores[:, :1]}, r"scores have shape \(2, 1\)"),
        ({"scores": ANSWERED.scores + np.inf}, "the score of box 0 of image 0 is inf; 3 of 3"),
        ({"scores": ANSWERED.scores.astype(str)}, "scores are <U"),
        ({"boxes": ANSWERED.boxes + np.inf}, "3 of 3 boxes are not"),
        ({"boxes": ANSWERED.boxes * [1, 1, -1, 1]}, "negative width or height .3 of 3.*corners"),
    ],
)
def test_answers_that_are_no_boxes_are_refused(wrong: dict[str, Any], message: str) -> None:
    """NaN and infinite answers are a failure with their share, not a low precision."""
    with pytest.raises(WeighinError, match=f"^Detections: .*{message}"):
        check_detections(changed(ANSWERED, **wrong))


def test_padding_may_hold_anything() -> None:
    """What stands where there is no box is not looked at."""
    holes = ANSWERED.classes == -1
    boxes, scores = ANSWERED.boxes.copy(), ANSWERED.scores.copy()
    boxes[holes], scores[holes] = np.nan, np.nan

    check_detections(Detections(boxes, ANSWERED.classes, scores))
    check_truth(Truth(boxes, ANSWERED.classes))


def test_answers_for_other_images_are_refused() -> None:
    """As many images of answers as of truth."""
    with pytest.raises(WeighinError, match="Detections are of 1 images, the truth of 2"):
        matches(EXPECTED, chosen_of(ANSWERED, [0]))
