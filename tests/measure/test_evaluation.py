"""Evaluations: what they count, and that answers which do not fit make no figure."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from helpers.answering import (
    CLASSES,
    Answering,
    N,
    Session,
    evaluate,
    right,
    signature,
)

from weighin import registry
from weighin.core import Array, Dataset, Skip, Split, WeighinError
from weighin.measure import evaluation
from weighin.outcomes import Evaluation
from weighin.tasks.classification import class_scores
from weighin.tasks.scoring import check_paired

CONTROLS = {"top1_delta_control", "top5_delta_control"}


def test_labels_that_mean_nothing_give_no_accuracy(data: Dataset) -> None:
    """What labels are needed for is not measured, and says why; the rest is."""
    noise = evaluate(Session(right), dataclasses.replace(data, unlabelled="noise"))
    untrained = dataclasses.replace(noise, trained=False)
    found = figures(dataclasses.replace(untrained, baseline=untrained))
    without = {name for name, figure in found.items() if isinstance(figure, Skip)}

    judged = {"top1", "top5", "agreement", "top1_delta", "top5_delta"}
    for name in judged:
        assert Skip("noise", "not measured") == found[name]
    assert without <= judged | CONTROLS | {"fidelity", "furthest_score", "sqnr"}
    assert 1.0 == pytest.approx(found["cosine"].value)
    assert found["throughput"].value > 0


def test_agreement_needs_no_labels_but_a_trained_model(data: Dataset) -> None:
    """What anybody has trained answers something, whatever the labels mean; noise does not."""
    noise = evaluate(Session(right), dataclasses.replace(data, unlabelled="noise"))

    trained = figures(dataclasses.replace(noise, baseline=noise))
    untrained = figures(dataclasses.replace(noise, baseline=noise, trained=False))

    assert (1.0, N) == (trained["agreement"].value, trained["agreement"].n)
    assert Skip("noise", "not measured") == trained["top1"] == untrained["agreement"]


def two_classes(data: Dataset) -> Dataset:
    """The images of the first two classes."""
    few = data.test.target < 2
    split = Split({"x": data.test.stored["x"][few]}, {"y": data.test.target[few]})
    return dataclasses.replace(data, classes=2, train=split, test=split)


def test_one_score_is_the_probability_of_class_1(data: Dataset) -> None:
    """Of two classes: above a half it is class 1, else class 0, and all else follows."""

    def one(images: Array) -> Array:
        return right(images)[:, 1:2]

    two = two_classes(data)
    found = evaluate(Session(one), two, 1)
    wrong = evaluate(Session(lambda images: 1 - one(images)), two, 1)

    assert np.array_equal(two.test.target, predicted(found))
    assert 1.0 == figures(found)["top1"].value
    assert 0.0 == figures(wrong)["top1"].value
    assert [[1.0, 0.0], [0.5, 0.5], [0.25, 0.75]] == class_scores(
        np.array([[0.0], [0.5], [0.75]], np.float32)
    ).tolist()
    several = np.eye(3, dtype=np.float32)
    assert class_scores(several) is several


@pytest.mark.parametrize("shift", [-2.0, 2.0])
def test_one_score_that_is_no_probability_is_refused(data: Dataset, shift: float) -> None:
    """A half is no border between bare scores, so no class can be made of them."""
    with pytest.raises(WeighinError, match=r"no probability of class 1.*Dense\(1, 'sigmoid'\)"):
        evaluate(Session(lambda images: right(images)[:, 1:2] + shift), two_classes(data), 1)


def test_one_score_for_more_classes_is_refused(data: Dataset) -> None:
    """Only of two classes does one score say all."""
    with pytest.raises(WeighinError, match=r"answered \[60, 1\] as 'scores' .* answers \(6,\)"):
        evaluate(Session(lambda images: right(images)[:, 1:2]), data)


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Every figure of an evaluation, by its metric."""
    named = {quality.name for quality in evaluation.task.figures}
    return {
        metric.name: metric.compute(evaluation)
        for metric in registry.metrics.values()
        if metric.scope == "evaluation" and metric.applies(named)
    }


def predicted(evaluation: Evaluation) -> Array:
    """The class that each example is taken for."""
    return evaluation.answers["highest"][:, 0]


def test_an_evaluation_of_right_answers(data: Dataset) -> None:
    """All images are asked, and all are right."""
    found = evaluate(Session(right), data)

    assert np.array_equal(data.test.target, predicted(found))
    assert 1.0 == figures(found)["top5"].value
    assert 1.0 == figures(found)["top1"].value
    assert N == figures(found)["top1"].n


def test_the_five_highest_count(data: Dataset) -> None:
    """A right class in sixth place is not among the five highest."""
    found = evaluate(Session(lambda images: -right(images)), data)

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
    labels = {"y": np.roll(data.test.target, 1)}
    off = dataclasses.replace(data, test=dataclasses.replace(data.test, targets=labels))

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
    held = {"agreement", "sqnr", "cosine", "top1_delta", "top5_delta"}
    assert held | CONTROLS | {"fidelity", "furthest_score"} == skipped


def another_size(evaluation: Evaluation, n: int) -> Evaluation:
    """The first `n` answers only."""
    return dataclasses.replace(
        evaluation,
        n=n,
        answers={name: values[:n] for name, values in evaluation.answers.items()},
        targets={name: values[:n] for name, values in evaluation.targets.items()},
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
    other = dataclasses.replace(before, targets={"class": np.roll(before.targets["class"], 1)})

    with pytest.raises((ValueError, WeighinError)):
        registry.metrics["top1_delta"].compute(dataclasses.replace(before, baseline=other))


@pytest.mark.parametrize("n", [1, N - 1])
def test_predictions_of_another_number_are_refused(data: Dataset, n: int) -> None:
    """Fewer predictions than labels are no accuracy."""
    found = evaluate(Session(right), data)
    short = dataclasses.replace(found, answers={"highest": found.answers["highest"][:n]})

    with pytest.raises((ValueError, WeighinError)):
        registry.metrics["top1"].compute(short)


def by_name() -> Session:
    """A session that answers right scores under two names, the second ones' order reversed."""
    return Session(lambda images: {"b": right(images)[:, ::-1], "a": right(images)})


UNLABELLED = registry.tasks["unlabelled"]


def test_outputs_are_matched_by_name(data: Dataset) -> None:
    """Converters reorder outputs: two of one shape are told apart by their names alone."""
    session, model = by_name(), signature(CLASSES, "a", "b")
    found = evaluation.evaluate(session, data, UNLABELLED, model)

    assert ["a", "b"] == list(found.outputs)
    assert np.array_equal(right(data.test.stored["x"]), found.outputs["a"])
    said = r"which output is which\? The session answers b \[60, 6\], a \[60, 6\]; .* c \(6,\)"
    with pytest.raises(WeighinError, match=said):
        evaluation.evaluate(session, data, UNLABELLED, signature(CLASSES, "a", "c"))


def test_bare_arrays_are_refused(data: Dataset) -> None:
    """A runtime written for arrays without names is told what is wanted of it."""

    class Bare(Session):
        def predict(self, inputs: Any) -> Any:
            return right(inputs["x"])

    said = r"answers a bare ndarray \[60, 6\]: .* by name, such as \{'scores': array\}"
    with pytest.raises(WeighinError, match=said):
        evaluate(Bare(right), data)


@pytest.fixture
def ten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory for ten examples and their outputs, each of six numbers, and no more."""
    monkeypatch.setattr(evaluation, "ASKED_BYTES", 10 * 2 * CLASSES * 4)


@pytest.mark.usefixtures("ten_at_once")
def test_few_examples_are_held_at_once(data: Dataset) -> None:
    """As many as `ASKED_BYTES` lets there be, inputs and outputs both; all are answered."""
    sizes = []

    def watched(images: Array) -> Array:
        sizes.append(len(images))
        return right(images)

    found = evaluate(Session(watched), data)

    assert [10] * 6 == sizes
    assert np.array_equal(data.test.target, predicted(found))


@pytest.mark.usefixtures("ten_at_once")
def test_answers_that_are_no_numbers_are_told_with_their_share(data: Dataset) -> None:
    """Of all examples, whichever part of them has some."""

    def some(images: Array) -> Array:
        scores = right(images).copy()
        scores[images[:, 0, 0, 0] > 0.6] = np.inf  # those of class 0: one in six
        return scores

    with pytest.raises(WeighinError, match=r"infinite values to 10 of 60 examples, 16\.7 %"):
        evaluate(Session(some), data)


@pytest.mark.usefixtures("ten_at_once")
@pytest.mark.parametrize(("kept", "n"), [(25, 20), (5, 0)])
def test_few_outputs_are_kept(
    data: Dataset, monkeypatch: pytest.MonkeyPatch, kept: int, n: int
) -> None:
    """What is compared with the baseline's outputs is of the examples whose outputs are kept."""
    monkeypatch.setattr(evaluation, "KEPT_BYTES", kept * CLASSES * 4)
    before = evaluate(Session(right), data)
    after = evaluate(Session(lambda images: right(images) + images[:, 0, 0, :1] / 100), data)
    found = figures(dataclasses.replace(after, baseline=before))

    assert N == found["top1"].n
    for name in ("sqnr", "cosine"):
        if n:
            assert n == found[name].n
        else:
            assert isinstance(found[name], Skip)
            assert "too large" in found[name].reason


def test_what_was_computed_of_other_answers_is_forgotten(data: Dataset) -> None:
    """An evaluation that is made of another with other answers has figures of its own."""
    found = evaluate(Session(right), data)
    before = figures(found)["top1"].value
    wrong = {"highest": (found.answers["highest"] + 1) % CLASSES}

    assert (1.0, 0.0) == (before, figures(dataclasses.replace(found, answers=wrong))["top1"].value)


def test_targets_that_are_not_known_are_the_same(data: Dataset) -> None:
    """NaN among targets is in both: the examples are paired all the same."""
    targets = {"number": np.array([[1.0], [np.nan]])}
    found = Evaluation(registry.tasks["regression"], targets, targets, 2, 1.0)

    check_paired(found, dataclasses.replace(found, targets={"number": targets["number"].copy()}))
    with pytest.raises(ValueError, match="targets differ"):
        check_paired(found, dataclasses.replace(found, targets={"number": np.ones((2, 1))}))


def test_what_trains_further_is_paired_with_the_control_too(data: Dataset) -> None:
    """By the same test on the same examples; without a control it says why there is none."""
    off = Session(lambda images: np.roll(right(images), 1, axis=0))
    before, control = evaluate(off, data), evaluate(Session(right), data)
    after = dataclasses.replace(evaluate(Session(right), data), baseline=before, control=control)
    found = figures(after)
    told = [found[name] for name in ("top1_delta", "top1_delta_control")]

    assert [(1.0, N, 0), (0.0, 0, 0)] == [(each.value, each.gained, each.lost) for each in told]
    assert ["better", "no evidence"] == [each.verdict for each in told]

    failed = dataclasses.replace(after, control=None, no_control=Skip("out", "not measured"))
    assert Skip("out", "not measured") == figures(failed)["top1_delta_control"]
    assert "nothing here trains further" == figures(before)["top1_delta_control"].reason


class Elsewhere(Session):
    """A session on a device, at the end of a link that takes its time."""

    seconds: float | None = None

    def predict(self, inputs: Any) -> Any:
        """Tell that each call took a quarter of a second there."""
        self.seconds = 0.25
        return super().predict(inputs)


def test_what_answers_elsewhere_takes_as_long_as_it_took_there(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing on the way counts."""
    monkeypatch.setattr(evaluation, "_parts", lambda *_: iter([(0, 10), (10, N)]))

    assert 0.5 == evaluate(Elsewhere(right), data).seconds
