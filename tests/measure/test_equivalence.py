"""Sessions that answer wrongly are found out before anything of theirs is timed or counted."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.flatbuffer import convolution, dense, write
from helpers.processes import fake_python

from weighin import registry
from weighin.core import Artifact, Dataset, Images, Scores, Skip, Split, WeighinError
from weighin.files import sha256
from weighin.measure import equivalence
from weighin.measure.equivalence import CLOSE, EXACT, EXACT_UNTRAINED, check_session
from weighin.measure.evaluation import evaluate, refuse_guessing
from weighin.outcomes import Evaluation
from weighin.runtimes import litert
from weighin.runtimes.litert import LiteRT

CLASSES, N = 6, 60
Answering = Callable[[Images], Scores]


class Session:
    """A session that answers batches and single images by functions."""

    delegated = None

    def __init__(self, batch: Answering, alone: Answering | None = None) -> None:
        """Answer by these; single images as in a batch, if not told otherwise."""
        self._batch, self._alone = batch, alone or batch
        self._last: Any = None

    def predict(self, images: Images) -> Scores:
        """All images at once."""
        return self._batch(images)

    def inference(self, image: Images) -> Callable[[], Any]:
        """The call that answers one."""

        def call() -> None:
            self._last = self._alone(image)

        return call

    def answer(self) -> Scores:
        """Of the last call."""
        return self._last

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def data() -> Dataset:
    """Images of six classes, evenly spread."""
    generator = np.random.default_rng(0)
    images = generator.random((N, 1, 1, CLASSES), dtype=np.float32) * 0.3
    labels = np.arange(N) % CLASSES
    images[np.arange(N), 0, 0, labels] += 0.6
    split = Split(images, labels)
    return Dataset("six", CLASSES, "", split, split)


def right(images: Images) -> Scores:
    """Scores that are the images' own values: the highest is that of the right class."""
    return images.reshape(len(images), CLASSES)


def artifact(
    folder: Path, data: Dataset, format: str = "h5", stage: str = "float32", n: int = 20
) -> Artifact:
    """An artifact whose Keras model answers `right`."""
    answers, path = folder / "answers.npy", folder / f"model.{format}"
    np.save(answers, right(data.test.inputs(0, n)))
    digest = sha256(path) if path.exists() else ""
    return Artifact("k", path, format, digest, 1, answers, {"stage": stage}, 0.0)


def shifted(by: float) -> Answering:
    """Right answers, each score a little higher; the classes stay."""
    return lambda images: right(images) + np.float32(by)


def test_a_right_session_passes(tmp_path: Path, data: Dataset) -> None:
    """Answers that are the Keras model's own are told to be all the same."""
    found = check_session(Session(right), artifact(tmp_path, data), data)

    assert (20, 20, 0.0) == (found.same, found.n, found.furthest)


def test_fidelity_is_counted(tmp_path: Path, data: Dataset) -> None:
    """How many of the images get the Keras model's class, and the largest difference."""

    def three_wrong(images: Images) -> Scores:
        scores = right(images).copy()
        scores[3:6] = np.roll(scores[3:6], 1, axis=1)
        scores[7, 0] += 1.25 - scores[7, 0] + right(images)[7, 0]
        return scores

    made = artifact(tmp_path, data, stage="int8", format="keras")
    found = check_session(Session(three_wrong, right), made, data)

    wanted = right(data.test.inputs(0, 20))
    same = (three_wrong(data.test.inputs(0, 20)).argmax(1) == wanted.argmax(1)).sum()
    assert (same, 20) == (found.same, found.n)
    assert same in (16, 17)
    assert 1.25 == pytest.approx(found.furthest)


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


@pytest.mark.parametrize(("by", "passes"), [(EXACT * 0.9, True), (EXACT * 1.1, False)])
def test_float_files_may_differ_by_rounding_only(
    tmp_path: Path, data: Dataset, by: float, passes: bool
) -> None:
    """Just below the bound is rounding, just above is another computation."""
    try:
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
    made = artifact(tmp_path, data, stage=stage, format="keras")
    made = dataclasses.replace(made, provenance={"stage": stage, "arguments": {"export": export}})
    try:
        check_session(Session(shifted(EXACT * 1.1)), made, data)
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
    with pytest.raises(WeighinError, match="scores, or not finite ones"):
        check_session(Session(answers), artifact(tmp_path, data, stage=stage), data)


def test_a_call_that_raises_is_not_hidden(tmp_path: Path, data: Dataset) -> None:
    """What a runtime says when it fails is what the reader gets."""

    def fails(images: Images) -> Scores:
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
        shifted(CLOSE * 1.1),
    ],
    ids=["zeros", "another class", "NaN", "off"],
)
def test_a_session_that_is_wrong_alone_is_refused(
    tmp_path: Path, data: Dataset, alone: Answering
) -> None:
    """Accuracy is of batches and latency of single images: they must be of one computation."""
    with pytest.raises(WeighinError, match="from the same image's answer in a batch"):
        check_session(Session(right, alone), artifact(tmp_path, data), data)


def test_a_single_answer_of_another_shape_is_refused(tmp_path: Path, data: Dataset) -> None:
    """One number would be broadcast over all classes, and be close to none of them."""
    with pytest.raises(WeighinError):
        check_session(
            Session(shifted(0), lambda images: np.zeros((1, CLASSES + 1), np.float32)),
            artifact(tmp_path, data),
            data,
        )


@pytest.fixture
def quantized(tmp_path: Path, data: Dataset) -> Artifact:
    """A .tflite of int8 weights, whose Keras model is said to answer `right`."""
    write(tmp_path / "model.tflite", dense(CLASSES, CLASSES, "int8"))
    return artifact(tmp_path, data, format="tflite", stage="int8")


def flat(data: Dataset) -> Dataset:
    """The same images as vectors, as a dense layer takes them."""
    split = dataclasses.replace(data.test, images=data.test.images.reshape(N, CLASSES))
    return dataclasses.replace(data, train=split, test=split)


def test_a_quantized_files_own_answers_pass(quantized: Artifact, data: Dataset) -> None:
    """LiteRT's fast kernels answer as its reference kernels do, far as both are from Keras."""
    session = LiteRT().open(quantized.path, 1)

    found = check_session(session, quantized, flat(data))

    assert found.furthest > CLOSE


@pytest.mark.parametrize("by", [CLOSE * 0.8, CLOSE * 2, -1.0])
def test_a_quantized_file_is_held_against_the_reference_kernels(
    quantized: Artifact, data: Dataset, by: float
) -> None:
    """A delegate that computes something else is found out, though int8 may be far from Keras."""
    honest = LiteRT().open(quantized.path, 1)
    session = Session(lambda images: honest.predict(images) + np.float32(by))

    if abs(by) < CLOSE:
        assert 20 == check_session(session, quantized, flat(data)).n
        return
    with pytest.raises(WeighinError, match="from what the reference kernels answer"):
        check_session(session, quantized, flat(data))


def test_a_quantized_session_that_answers_keras_is_refused(
    quantized: Artifact, data: Dataset
) -> None:
    """Answers that are right, but not this file's, are of another file."""
    with pytest.raises(WeighinError, match="from what the reference kernels answer"):
        check_session(Session(right), quantized, flat(data))


def test_large_graphs_are_asked_for_few_images(
    tmp_path: Path, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many multiplications a file has, one image at least is held against the reference."""
    monkeypatch.setattr("weighin.measure.equivalence.REFERENCE_MACS", 40)
    write(tmp_path / "model.tflite", dense(CLASSES, CLASSES, "int8"))
    made = artifact(tmp_path, data, format="tflite", stage="int8")
    honest = LiteRT().open(made.path, 1)

    def only_first_right(images: Images) -> Scores:
        scores = honest.predict(images).copy()
        scores[1:] += 1
        return scores

    assert 20 == check_session(Session(only_first_right), made, flat(data)).n
    with pytest.raises(WeighinError, match="reference kernels"):
        check_session(Session(lambda images: honest.predict(images) + 1), made, flat(data))


def test_very_large_graphs_are_held_against_optimized_kernels(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain loops would take minutes there; other answers are found out all the same."""
    asked: list[str] = []

    def reference(path: Path, images: Images, kernels: str) -> Scores:
        asked.append(kernels)
        return litert.reference(path, images, kernels)

    monkeypatch.setattr("weighin.measure.equivalence.reference", reference)
    honest = LiteRT().open(quantized.path, 1)
    for most in (CLASSES * CLASSES, CLASSES * CLASSES - 1):
        equivalence._reference_scores.cache_clear()
        monkeypatch.setattr("weighin.measure.equivalence.LARGE_MACS", most)
        check_session(honest, quantized, flat(data))
        with pytest.raises(WeighinError, match="reference kernels"):
            check_session(Session(right), quantized, flat(data))

    assert [litert.REFERENCE, litert.OPTIMIZED] == asked


ABORTING = """#!{python}
import os, signal, sys
sys.path[:0] = {path!r}
if sys.argv[4] in os.environ["ABORTING"].split():
    os.kill(os.getpid(), signal.SIGABRT)
sys.argv = sys.argv[2:]
import runpy
runpy.run_module("weighin.runtimes._litert", run_name="__main__")
"""


@pytest.mark.parametrize("aborting", ["", "BUILTIN_REF"])
def test_kernels_that_end_the_process_end_only_their_own(
    shop: Any, tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aborting: str
) -> None:
    """Where reference kernels abort on integers, others answer; a wrong session is found out."""
    fake_python(tmp_path / "python", ABORTING, monkeypatch)
    monkeypatch.setenv("ABORTING", aborting)
    equivalence._reference_scores.cache_clear()
    made = shop.artifact("int8")
    honest = LiteRT().open(made.path, 1)

    check_session(honest, made, tiny_data)
    with pytest.raises(WeighinError, match="reference kernels"):
        check_session(Session(lambda images: honest.predict(images) - 1), made, tiny_data)


def test_a_file_that_no_kernels_answer_is_refused(
    shop: Any, tiny_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It becomes a failed row, and the run goes on."""
    fake_python(tmp_path / "python", ABORTING, monkeypatch)
    monkeypatch.setenv("ABORTING", f"{litert.REFERENCE} {litert.OPTIMIZED}")
    equivalence._reference_scores.cache_clear()
    made = shop.artifact("int8")

    with pytest.raises(
        WeighinError, match=rf"kernels {litert.OPTIMIZED} .* model\.tflite: crashed: SIGABRT"
    ):
        check_session(LiteRT().open(made.path, 1), made, tiny_data)
    equivalence._reference_scores.cache_clear()


def guessing(images: Images) -> Scores:
    """Scores that are nearly even, each highest for the wrong class."""
    return np.float32(1 / CLASSES) - right(images) / 1000


@pytest.mark.parametrize("unlabelled", ["", "noise"])
def test_agreement_is_asked_for_where_scores_mean_something(
    tmp_path: Path, data: Dataset, unlabelled: str
) -> None:
    """Nearly even scores of an untrained model agree by chance; far ones are refused ever."""
    data = dataclasses.replace(data, unlabelled=unlabelled)
    made = artifact(tmp_path, data, stage="int8", format="keras")
    if unlabelled:
        assert 0 == check_session(Session(guessing), made, data).same
    else:
        with pytest.raises(WeighinError, match="no better than guessing"):
            check_session(Session(guessing), made, data)
    with pytest.raises(WeighinError, match="from the Keras model's"):
        check_session(Session(guessing), artifact(tmp_path, data), data)


def test_a_baseline_that_guesses_is_refused_where_labels_mean_something(data: Dataset) -> None:
    """Random weights on noise know nothing, and need not."""
    refuse_guessing(evaluate(Session(guessing), dataclasses.replace(data, unlabelled="noise")), 6)

    with pytest.raises(WeighinError, match="no better than guessing"):
        refuse_guessing(evaluate(Session(guessing), data), 6)


def test_labels_that_mean_nothing_give_no_accuracy(data: Dataset) -> None:
    """What labels are needed for is not measured, and says why; the rest is."""
    found = figures(evaluate(Session(right), dataclasses.replace(data, unlabelled="noise")))
    without = [name for name, figure in found.items() if isinstance(figure, Skip)]

    for name in ("top1", "top5", "agreement", "top1_delta"):
        assert Skip("noise", "not measured") == found[name]
    assert set(without) <= {"top1", "top5", "agreement", "top1_delta", "fidelity", "furthest_score"}
    assert found["throughput"].value > 0


def test_a_file_that_does_not_open(tmp_path: Path) -> None:
    """A file that LiteRT refuses is named, with LiteRT's own first line."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"no model at all")

    with pytest.raises(WeighinError, match=r"LiteRT cannot open model\.tflite"):
        LiteRT().open(path, 1)


def test_a_file_whose_layers_do_not_fit_does_not_open(tmp_path: Path) -> None:
    """A graph that cannot be prepared is refused when it is opened, not when it is timed."""
    path = write(tmp_path / "model.tflite", convolution(4, 3, 3))

    with pytest.raises(WeighinError, match=r"LiteRT cannot open model\.tflite"):
        LiteRT().open(path, 1)


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Every figure of an evaluation, by its metric."""
    return {
        metric.name: metric.compute(evaluation)
        for metric in registry.metrics.values()
        if metric.scope == "evaluation"
    }


def test_an_evaluation_of_right_answers(data: Dataset) -> None:
    """All images are asked, and all are right."""
    found = evaluate(Session(right), data)

    assert np.array_equal(data.test.labels, found.predicted)
    assert found.top5.all()
    assert 1.0 == figures(found)["top1"].value
    assert N == figures(found)["top1"].n


def test_the_five_highest_count(data: Dataset) -> None:
    """A right class in sixth place is not among the five highest."""
    found = evaluate(Session(lambda images: -right(images)), data)

    assert 0 == found.top5.sum()
    assert 0.0 == figures(found)["top5"].value


@pytest.mark.parametrize(
    "answers",
    [
        lambda images: right(images)[:-1],
        lambda images: right(images)[:, :-1],
        lambda images: np.where(np.arange(CLASSES) == 2, np.nan, right(images)),
    ],
    ids=["one less", "a class less", "NaN"],
)
def test_an_evaluation_of_no_scores_is_refused(data: Dataset, answers: Answering) -> None:
    """No accuracy is made of answers that are missing or no numbers."""
    with pytest.raises(WeighinError, match="the session answered"):
        evaluate(Session(answers), data)


def test_answers_shuffled_by_one_are_worse(data: Dataset) -> None:
    """Answers given to the image before make top-1 collapse, and the verdict says so."""
    before = evaluate(Session(right), data)
    off = evaluate(Session(lambda images: np.roll(right(images), 1, axis=0)), data)

    found = figures(dataclasses.replace(off, baseline=before))

    assert 0.0 == found["top1"].value == found["agreement"].value
    assert (-1.0, "worse") == (found["top1_delta"].value, found["top1_delta"].verdict)
    assert (0, N) == (found["top1_delta"].gained, found["top1_delta"].lost)


def test_labels_shuffled_by_one_are_found_out(data: Dataset) -> None:
    """Labels that are one off leave nothing right, and pair with no baseline on the right ones."""
    before = evaluate(Session(right), data)
    labels = np.roll(data.test.labels, 1)
    off = dataclasses.replace(data, test=dataclasses.replace(data.test, labels=labels))

    found = evaluate(Session(right), off)

    assert 0.0 == registry.metrics["top1"].compute(found).value
    with pytest.raises((ValueError, WeighinError)):
        registry.metrics["top1_delta"].compute(dataclasses.replace(found, baseline=before))


def test_constant_answers_are_worse(data: Dataset) -> None:
    """One class for all images is right for one class."""
    before = evaluate(Session(right), data)
    constant = evaluate(Session(lambda images: np.eye(CLASSES)[[0] * len(images)]), data)

    found = figures(dataclasses.replace(constant, baseline=before))

    assert 1 / CLASSES == pytest.approx(found["top1"].value)
    assert "worse" == found["top1_delta"].verdict


def test_the_same_answers_are_the_same(data: Dataset) -> None:
    """Nothing gained, nothing lost: within a wide margin the same, within none not proven."""
    before = evaluate(Session(right), data)
    again = dataclasses.replace(before, baseline=before)

    wide = figures(dataclasses.replace(again, margin=0.1))["top1_delta"]
    narrow = figures(dataclasses.replace(again, margin=0.001))["top1_delta"]

    assert ["same within ±10 points", "no evidence"] == [wide.verdict, narrow.verdict]
    assert 1.0 == figures(again)["agreement"].value


def test_the_baseline_has_nothing_to_be_compared_with(data: Dataset) -> None:
    """Figures that need a baseline, or a check, say that there was none."""
    found = figures(evaluate(Session(right), data))

    skipped = {name for name, figure in found.items() if not hasattr(figure, "value")}
    assert {"agreement", "top1_delta", "fidelity", "furthest_score"} == skipped


def another_size(evaluation: Evaluation, n: int) -> Evaluation:
    """The first `n` answers only."""
    return dataclasses.replace(
        evaluation,
        predicted=evaluation.predicted[:n],
        top5=evaluation.top5[:n],
        labels=evaluation.labels[:n],
    )


@pytest.mark.parametrize("n", [1, N - 1])
@pytest.mark.parametrize("name", ["top1_delta", "agreement"])
def test_a_baseline_of_another_test_set_is_refused(data: Dataset, n: int, name: str) -> None:
    """Answers to another number of images cannot be paired: no figure comes of them."""
    before = evaluate(Session(right), data)

    made = dataclasses.replace(before, baseline=another_size(before, n))

    with pytest.raises((ValueError, WeighinError)):
        registry.metrics[name].compute(made)


def test_a_baseline_of_other_labels_is_refused(data: Dataset) -> None:
    """As many images, but others: what was gained and lost on them is not paired."""
    before = evaluate(Session(right), data)
    other = dataclasses.replace(before, labels=np.roll(before.labels, 1))

    with pytest.raises((ValueError, WeighinError)):
        registry.metrics["top1_delta"].compute(dataclasses.replace(before, baseline=other))


@pytest.mark.parametrize("n", [1, N - 1])
def test_predictions_of_another_number_are_refused(data: Dataset, n: int) -> None:
    """Fewer predictions than labels are no accuracy."""
    found = evaluate(Session(right), data)
    short = dataclasses.replace(found, predicted=found.predicted[:n])

    with pytest.raises((ValueError, WeighinError)):
        registry.metrics["top1"].compute(short)


@pytest.mark.parametrize("unlabelled", ["", "noise"])
def test_untrained_float_files_may_round_further(
    tmp_path: Path, data: Dataset, unlabelled: str
) -> None:
    """No training has damped what rounding does; what is no rounding is refused there too."""
    data = dataclasses.replace(data, unlabelled=unlabelled)
    most = EXACT_UNTRAINED if unlabelled else EXACT

    check_session(Session(shifted(most * 0.9)), artifact(tmp_path, data), data)
    with pytest.raises(WeighinError, match=f"a float file may differ by {most:g}"):
        check_session(Session(shifted(most * 1.1)), artifact(tmp_path, data), data)


# What an untrained file's kernels may make of its scores, and what no rounding does
ROUNDED: dict[str, Answering] = {
    "nearer to 0": lambda scores: scores * np.float32(0.7),
    "further from 0": lambda scores: scores * np.float32(1.3),
    "moved": lambda scores: scores + np.float32(0.1),
}
WRONG: dict[str, Answering] = {
    "nothing": np.zeros_like,
    "all alike": lambda scores: np.full_like(scores, scores.mean()),
    "other classes": lambda scores: scores[:, ::-1],
    "reversed": lambda scores: -scores,
    "far off": lambda scores: scores + np.float32(5),
}


def as_noise(data: Dataset) -> Dataset:
    """The same images as vectors, whose labels mean nothing."""
    return dataclasses.replace(flat(data), unlabelled="noise")


def answering(quantized: Artifact, change: Answering) -> Session:
    """A session whose scores are LiteRT's, changed."""
    honest = LiteRT().open(quantized.path, 1)
    return Session(lambda images: change(honest.predict(images)))


@pytest.mark.parametrize("change", ROUNDED.values(), ids=ROUNDED)
def test_untrained_integers_may_lie_far_apart_if_they_are_alike(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch, change: Answering
) -> None:
    """Two roundings of one file as a whole, whatever single scores do; a trained file's may not."""
    monkeypatch.setattr(equivalence, "CLOSE", 0.01)
    session = answering(quantized, change)

    check_session(session, quantized, as_noise(data))
    with pytest.raises(WeighinError, match="reference kernels"):
        check_session(session, quantized, flat(data))


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_untrained_integers_that_are_neither_alike_nor_near_are_refused(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch, change: Answering
) -> None:
    """As a trained file's are, also where one image among many is answered so."""
    monkeypatch.setattr(equivalence, "CLOSE", 0.01)

    def last(scores: Scores) -> Scores:
        return np.concatenate([scores[:-1], change(scores[-1:])])

    for session in (answering(quantized, change), answering(quantized, last)):
        for images in (as_noise(data), flat(data)):
            with pytest.raises(WeighinError, match="reference kernels"):
                check_session(session, quantized, images)


def test_untrained_integers_that_are_near_need_not_be_alike(
    quantized: Artifact, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all scores are even, rounding is all that is left of them."""
    monkeypatch.setattr(equivalence, "ALIKE_UNTRAINED", 2.0)  # nothing is

    def moved(by: float) -> Session:
        return answering(quantized, lambda scores: scores + np.float32(by * CLOSE))

    check_session(moved(0.9), quantized, as_noise(data))
    with pytest.raises(WeighinError, match="reference kernels"):
        check_session(moved(1.1), quantized, as_noise(data))


def test_the_bound_is_said(quantized: Artifact, data: Dataset) -> None:
    """How far scores lie, from what, and how far would have passed."""
    honest = LiteRT().open(quantized.path, 1)
    session = Session(lambda images: honest.predict(images) + np.float32(0.5))

    said = r"lie up to 0\.5\d* from what the reference kernels answer; 0\.1 would be rounding"
    with pytest.raises(WeighinError, match=said):
        check_session(session, quantized, flat(data))
