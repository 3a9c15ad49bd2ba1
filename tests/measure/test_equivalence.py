"""Sessions that answer wrongly are found out before anything of theirs is timed or counted."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.answering import (
    CLASSES,
    CLASSIFICATION,
    Answering,
    Session,
    artifact,
    guessing,
    right,
    shifted,
)

from weighin import registry
from weighin.core import Array, Artifact, Dataset, Format, WeighinError
from weighin.measure import equivalence
from weighin.measure.closeness import EXACT, EXACT_UNTRAINED, FLOAT, coarse_share, rounding
from weighin.outcomes import Fidelity


def never(path: Path) -> Any:
    """Stands in for what reads a file."""
    raise AssertionError("there is no file to be read")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format without a graph, whose files are exported: nothing but answers can be held."""
    bare = Format("bare", (".bare",), never, plain="float32")
    list(registry.formats)  # loads weighin's own first
    monkeypatch.setitem(registry.formats._objects, "bare", bare)


def check_session(session: Session, made: Artifact, data: Dataset) -> Fidelity:
    """Hold a session that is asked for classes against its Keras model."""
    return equivalence.check_session(session, made, data, CLASSIFICATION)


def asked(data: Dataset) -> Array:
    """The images by which sessions are checked."""
    return data.test.inputs(0, 20)["x"]


def most(share: float, data: Dataset) -> float:
    """How far a score may lie from that of the Keras model."""
    return rounding(share, right(asked(data)))


def test_a_right_session_passes(tmp_path: Path, data: Dataset) -> None:
    """Answers that are the Keras model's own are told to be all the same."""
    found = check_session(Session(right), artifact(tmp_path, data), data)

    assert (20, 20, 0.0) == (found.same, found.n, found.furthest)


def test_fidelity_is_counted(tmp_path: Path, data: Dataset) -> None:
    """How many of the images get the Keras model's class, and the largest difference."""

    def three_wrong(images: Array) -> Array:
        scores = right(images).copy()
        scores[3:6] = np.roll(scores[3:6], 1, axis=1)
        scores[7, 0] += 1.25 - scores[7, 0] + right(images)[7, 0]
        return scores

    made = artifact(tmp_path, data, stage="int8", format="bare")
    found = check_session(Session(three_wrong, right), made, data)

    wanted = right(asked(data))
    same = (three_wrong(asked(data)).argmax(1) == wanted.argmax(1)).sum()
    assert (same, 20) == (found.same, found.n)
    assert same in (16, 17)
    assert 1.25 == pytest.approx(found.furthest)


def test_one_score_agrees_by_its_side_of_a_half(tmp_path: Path, data: Dataset) -> None:
    """Of two classes, told by one probability: those that cross a half are not the same."""

    def one(images: Array) -> Array:
        return right(images)[:, 1:2]

    def crossing(images: Array) -> Array:
        scores = one(images).copy()
        scores[1] = 0.45  # of class 1, which has the highest
        return scores

    made = artifact(tmp_path, data, stage="int8", format="bare", answers=one)
    found = check_session(Session(crossing, one), made, dataclasses.replace(data, classes=2))

    assert (19, 20) == (found.same, found.n)


@pytest.mark.parametrize(
    "answers",
    [
        lambda images: np.zeros((len(images), CLASSES), np.float32),
        lambda images: np.full((len(images), CLASSES), 1 / CLASSES, np.float32),
        lambda images: np.random.default_rng(1).random((len(images), CLASSES), dtype=np.float32),
        lambda images: right(images)[::-1],
        lambda images: np.roll(right(images), 1, axis=1),
        lambda images: np.repeat(right(images)[:1], len(images), axis=0),
    ],
    ids=["zeros", "even", "noise", "another order", "another class", "the first one's"],
)
def test_garbage_is_refused(tmp_path: Path, data: Dataset, answers: Answering) -> None:
    """A session that computes nothing is fast, and is found out."""
    with pytest.raises(WeighinError, match="from the Keras model's; a float file may differ"):
        check_session(Session(answers), artifact(tmp_path, data), data)


def test_coarse_floats_are_held_to_their_own_rounding(tmp_path: Path, data: Dataset) -> None:
    """What a runtime says of its floats widens the bound, and not for garbage."""
    generator = np.random.default_rng(0)

    def noisy(images: Array) -> Array:
        wanted = right(images)
        share = coarse_share(2**-8, None)
        return wanted + (0.5 * share * wanted.std() * generator.normal(size=wanted.shape))

    fixed = noisy(asked(data))

    def coarse(images: Array) -> Array:
        return fixed[: len(images)].astype(np.float32)

    made = artifact(tmp_path, data)
    with pytest.raises(WeighinError, match="a float file may differ by"):
        check_session(Session(coarse), made, data)
    found = equivalence.check_session(Session(coarse), made, data, CLASSIFICATION, 2**-8)
    assert found is not None
    assert 20 == found.n
    turned = Session(lambda images: np.roll(right(images), 1, axis=1))
    with pytest.raises(WeighinError, match="would be rounding by coarse floats"):
        equivalence.check_session(turned, made, data, CLASSIFICATION, 2**-8)


@pytest.mark.parametrize(("by", "passes"), [(0.9, True), (1.1, False)])
def test_float_files_may_differ_by_rounding_only(
    tmp_path: Path, data: Dataset, by: float, passes: bool
) -> None:
    """Just below the bound is rounding, just above is another computation."""
    try:
        by *= most(EXACT, data)
        check_session(Session(shifted(by)), artifact(tmp_path, data), data)
    except WeighinError:
        assert not passes
    else:
        assert passes


@pytest.mark.parametrize(
    ("stage", "export", "passes"),
    [
        ("sparse", "float32", False),
        ("compact(float32)", "float32", False),
        ("compact(int8)", "int8", True),
        ("sparse(export=float16)", "float16", True),
    ],
)
def test_a_float_file_is_one_however_it_is_stored(
    tmp_path: Path, data: Dataset, stage: str, export: str, passes: bool
) -> None:
    """Float scores are held to rounding where an export inside another one is float32."""
    made = artifact(tmp_path, data, stage=stage, format="bare")
    made = dataclasses.replace(made, provenance={"stage": stage, "arguments": {"export": export}})
    try:
        check_session(Session(shifted(1.1 * most(EXACT, data))), made, data)
    except WeighinError:
        assert not passes
    else:
        assert passes


@pytest.mark.parametrize(
    "answers",
    [
        lambda images: right(images)[:-1],
        lambda images: right(images)[:, :-1],
        lambda images: right(images)[:, :, np.newaxis],
        lambda images: right(images).reshape(-1),
        lambda images: np.where(np.arange(CLASSES) == 2, np.nan, right(images)),
        lambda images: np.where(np.arange(CLASSES) == 2, np.inf, right(images)),
    ],
    ids=["one less", "a class less", "a dimension more", "flat", "NaN", "infinite"],
)
@pytest.mark.parametrize("stage", ["float32", "int8"])
def test_scores_of_another_shape_are_refused(
    tmp_path: Path, data: Dataset, answers: Answering, stage: str
) -> None:
    """One finite score for each image and class, of float files and of others."""
    with pytest.raises(WeighinError, match=r"session answer(s \[|ed NaN or infinite values to 20)"):
        check_session(Session(answers), artifact(tmp_path, data, stage=stage), data)


def test_a_call_that_raises_is_not_hidden(tmp_path: Path, data: Dataset) -> None:
    """What a runtime says when it fails is what the reader gets."""

    def fails(images: Array) -> Array:
        raise RuntimeError("failed to prepare")

    with pytest.raises(RuntimeError, match="failed to prepare"):
        check_session(Session(fails), artifact(tmp_path, data), data)
    with pytest.raises(RuntimeError, match="failed to prepare"):
        check_session(Session(right, fails), artifact(tmp_path, data), data)


@pytest.mark.parametrize(
    "alone",
    [
        lambda images: np.zeros((1, CLASSES), np.float32),
        lambda images: np.roll(right(images), 1, axis=1),
        lambda images: np.full((1, CLASSES), np.nan, np.float32),
        shifted(1.1 * FLOAT),
    ],
    ids=["zeros", "another class", "NaN", "off"],
)
def test_a_session_that_is_wrong_alone_is_refused(
    tmp_path: Path, data: Dataset, alone: Answering
) -> None:
    """Accuracy is of batches and latency of single images: they must be of one computation."""
    with pytest.raises(WeighinError, match="from the same example's answer in a batch"):
        check_session(Session(right, alone), artifact(tmp_path, data), data)


def test_a_single_answer_of_another_shape_is_refused(tmp_path: Path, data: Dataset) -> None:
    """One number would be broadcast over all classes, and be close to none of them."""
    with pytest.raises(WeighinError):
        check_session(
            Session(shifted(0), lambda images: np.zeros((1, CLASSES + 1), np.float32)),
            artifact(tmp_path, data),
            data,
        )


@pytest.mark.parametrize("unlabelled", ["", "noise"])
@pytest.mark.parametrize("trained", [True, False])
def test_agreement_is_asked_for_where_scores_mean_something(
    tmp_path: Path, data: Dataset, trained: bool, unlabelled: str
) -> None:
    """Nearly even scores of an untrained model agree by chance; far ones are refused ever.

    A trained one's mean something, whether or not labels do.
    """
    data = dataclasses.replace(data, unlabelled=unlabelled)
    made = artifact(tmp_path, data, stage="int8", format="bare", trained=trained)
    if trained:
        with pytest.raises(WeighinError, match="no better than guessing"):
            check_session(Session(guessing), made, data)
    else:
        assert 0 == check_session(Session(guessing), made, data).same
    with pytest.raises(WeighinError, match="from the Keras model's"):
        check_session(Session(guessing), artifact(tmp_path, data, trained=trained), data)


@pytest.mark.parametrize("unlabelled", ["", "noise"])
@pytest.mark.parametrize("trained", [True, False])
def test_untrained_float_files_may_round_further(
    tmp_path: Path, data: Dataset, trained: bool, unlabelled: str
) -> None:
    """No training has damped what rounding does; what is no rounding is refused there too."""
    data = dataclasses.replace(data, unlabelled=unlabelled)
    share = EXACT if trained else EXACT_UNTRAINED
    by, made = most(share, data), artifact(tmp_path, data, trained=trained)

    check_session(Session(shifted(by * 0.9)), made, data)
    said = f"a float file may differ by {by:.2g}, {share:g} of their spread"
    with pytest.raises(WeighinError, match=said):
        check_session(Session(shifted(by * 1.1)), made, data)


def two(images: Array) -> dict[str, Array]:
    """Two outputs of one shape: scores, and the scores of the next class."""
    return {"a": right(images), "b": np.roll(right(images), 1, axis=1)}


def held(session: Session, made: Artifact, data: Dataset) -> Fidelity:
    """Hold a session of several outputs against its Keras model."""
    return equivalence.check_session(session, made, data, registry.tasks["unlabelled"])


@pytest.mark.parametrize("stage", ["float32", "int8"])
def test_several_outputs_are_held_by_their_names(tmp_path: Path, data: Dataset, stage: str) -> None:
    """In whatever order they come; two of one shape that are swapped are found out."""
    made = artifact(tmp_path, data, stage=stage, format="bare", answers=two)
    reordered = Session(lambda images: dict(reversed(two(images).items())))
    swapped = Session(lambda images: dict(zip("ba", two(images).values(), strict=True)))

    assert (20, 20, 0.0) == (held(reordered, made, data).same, 20, 0.0)
    with pytest.raises(WeighinError, match="from the Keras model's"):
        held(swapped, made, data)


def test_an_output_too_few_is_told(tmp_path: Path, data: Dataset) -> None:
    """Which came, and which were wanted."""
    made = artifact(tmp_path, data, answers=two)
    one = Session(lambda images: {"a": right(images)})

    with pytest.raises(WeighinError, match=r"session answers a \[20, 6\]; the model a \(6,\).*, b"):
        held(one, made, data)


def chosen(images: Array) -> dict[str, Array]:
    """Scores, and the class that the graph itself has chosen: one whole number for each example."""
    return {"scores": right(images), "class": right(images).argmax(axis=1)}


@pytest.mark.parametrize("stage", ["float32", "int8"])
@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_whole_numbers_are_held_too(tmp_path: Path, data: Dataset, stage: str, dtype: str) -> None:
    """Scalars, unsigned ones and truths: those that are the same pass, others do not."""

    def answers(images: Array, off: int = 0) -> dict[str, Array]:
        given = chosen(images)
        return {**given, "class": ((given["class"] + off) % CLASSES % 2).astype(dtype)}

    made = artifact(tmp_path, data, stage=stage, format="bare", answers=answers)

    assert 0.0 == held(Session(answers), made, data).furthest
    if stage == "float32":
        with pytest.raises(WeighinError, match="'class' differ in 20 of 20 whole numbers"):
            held(Session(lambda images: answers(images, 1)), made, data)
    with pytest.raises(WeighinError, match="'class' differ in 1 of 1 whole numbers"):
        held(Session(answers, lambda images: answers(images, 1)), made, data)


def test_bare_arrays_are_refused_before_they_are_held(tmp_path: Path, data: Dataset) -> None:
    """Of a single example too."""

    class Bare(Session):
        def answer(self) -> Any:
            return right(asked(data)[:1])

    with pytest.raises(WeighinError, match=r"a bare ndarray \[1, 6\]: predict\(\) and answer\(\)"):
        check_session(Bare(right), artifact(tmp_path, data), data)


def test_infinite_answers_are_told_with_their_share(tmp_path: Path, data: Dataset) -> None:
    """How many of the examples that were asked."""

    def overflowing(images: Array) -> Array:
        return np.where(np.arange(len(images))[:, np.newaxis] < 5, np.inf, right(images))

    with pytest.raises(WeighinError, match="infinite values to 5 of 20 examples, 25 %"):
        check_session(Session(overflowing), artifact(tmp_path, data), data)


def test_an_output_that_hardly_varies_is_rounded_flat(tmp_path: Path, data: Dataset) -> None:
    """Eight bits from 0 to 0.5 have steps of 0.002: what is finer is lost, and no fault."""

    def answers(images: Array, varied: float = 1e-4) -> dict[str, Array]:
        return {"a": right(images), "b": 0.5 + varied * images[:, 0, 0, :1]}

    made = artifact(tmp_path, data, stage="int8", format="bare", answers=answers)
    flat = Session(lambda images: answers(images, 0))

    assert held(flat, made, data).furthest < 0.001
    varied = artifact(
        tmp_path, data, stage="int8", format="bare", answers=lambda images: answers(images, 1)
    )
    upside_down = Session(lambda images: answers(images, -1))
    with pytest.raises(WeighinError, match="it does not compute the same"):
        held(upside_down, varied, data)
