"""What each task makes of answers, held against figures worked out otherwise."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from helpers.evaluations import evaluations_of
from helpers.tasking import N, data
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from weighin import registry
from weighin.core import Skip, WeighinError
from weighin.outcomes import Evaluation

RNG = np.random.default_rng(1)


def evaluation(
    name: str, outputs: Any, targets: Any, inputs: Any = None, **more: Any
) -> Evaluation:
    """Answers to a test part, as a session would give them."""
    task, made = registry.tasks[name], data(targets, inputs)
    wanted = task.targets(made.test)
    answers = task.answers({"out": np.asarray(outputs)}, made.test.inputs(), wanted)
    return Evaluation(task, answers, wanted, N, 1.0, {"out": np.asarray(outputs)}, **more)


def value(made: Evaluation, metric: str) -> Any:
    """A metric's figure."""
    return registry.metrics[metric].compute(made)


def test_regression_by_scikit_learn() -> None:
    """MAE, RMSE and R² of two numbers, with intervals around them."""
    wanted = RNG.normal(size=(N, 2)).astype("f4")
    answered = wanted + RNG.normal(scale=0.3, size=(N, 2)).astype("f4")
    made = evaluation("regression", answered, wanted)

    for name, reference in (
        ("mae", sklearn_metrics.mean_absolute_error),
        ("rmse", sklearn_metrics.root_mean_squared_error),
        ("r2", sklearn_metrics.r2_score),
    ):
        figure = value(made, name)
        assert reference(wanted, answered) == pytest.approx(figure.value, rel=1e-5)
        assert figure.low < figure.value < figure.high
        assert N == figure.n


@given(st.floats(-50, 50), st.floats(0.1, 10))
def test_r2_knows_no_unit(shift: float, scale: float) -> None:
    """Other units of targets and answers leave the share explained as it is."""
    wanted = np.random.default_rng(2).normal(size=N)
    answered = wanted + np.random.default_rng(3).normal(scale=0.3, size=N)
    plain = evaluation("regression", answered[:, np.newaxis], wanted)
    moved = answered[:, np.newaxis] * scale + shift
    other = evaluation("regression", moved, wanted * scale + shift)
    mae, _, r2 = registry.tasks["regression"].figures

    assert plain.scored(r2) == pytest.approx(other.scored(r2), abs=1e-6)
    assert plain.scored(mae).mean() * scale == pytest.approx(other.scored(mae).mean(), rel=1e-5)


def test_r2_of_one_number_is_not_measured() -> None:
    """Where all targets are alike nothing is to be explained; errors are still told."""
    made = evaluation("regression", RNG.normal(size=(N, 1)), np.full(N, 2.5))

    assert "not measured" == value(made, "r2").status
    assert value(made, "mae").value > 0


def test_labels_by_scikit_learn() -> None:
    """Mean average precision, micro-F1 and AUC over labels; one that never holds is left out."""
    holds = (RNG.random((N, 4)) < 0.4).astype("u1")
    holds[:, 3] = 0
    scores = np.clip(holds * 0.4 + RNG.random((N, 4)) * 0.6, 0, 1)
    made = evaluation("multilabel", scores, holds)

    told = holds[:, :3], scores[:, :3]
    assert sklearn_metrics.average_precision_score(*told) == pytest.approx(
        value(made, "mean_average_precision").value
    )
    assert sklearn_metrics.roc_auc_score(*told) == pytest.approx(value(made, "auc").value)
    assert sklearn_metrics.f1_score(holds, scores >= 0.5, average="micro") == pytest.approx(
        value(made, "micro_f1").value
    )


def test_bare_scores_of_labels_become_probabilities() -> None:
    """A score of 0 is a half, so that labels hold from there on."""
    holds = (RNG.random((N, 4)) < 0.5).astype("u1")
    bare = np.where(holds, 4.0, -4.0)

    assert 1.0 == value(evaluation("multilabel", bare, holds), "micro_f1").value


def test_pixels_by_scikit_learn() -> None:
    """MIoU is the mean of Jaccard scores over all pixels; accuracy is of an image's own."""
    right = RNG.integers(0, 3, (N, 6, 6))
    said = np.where(RNG.random((N, 6, 6)) < 0.8, right, RNG.integers(0, 3, (N, 6, 6)))
    images = RNG.random((N, 6, 6, 1), np.float32)
    made = evaluation("segmentation", np.eye(3, dtype="f4")[said], right, images)

    assert sklearn_metrics.jaccard_score(
        right.ravel(), said.ravel(), average="macro"
    ) == pytest.approx(value(made, "miou").value)
    assert (said == right).mean() == pytest.approx(value(made, "pixel_accuracy").value)


def test_steps_and_sequences() -> None:
    """A sequence is right where every step is."""
    right = RNG.integers(0, 3, (N, 5))
    said = right.copy()
    said[:10, 0] = (right[:10, 0] + 1) % 3
    inputs = RNG.random((N, 5, 2), np.float32)
    made = evaluation("sequence", np.eye(3, dtype="f4")[said], right, inputs)

    assert 1 - 10 / (5 * N) == pytest.approx(value(made, "step_accuracy").value)
    assert (N - 10, N) == (value(made, "sequence_accuracy").count, N)


def test_reconstruction_and_anomalies() -> None:
    """The error of an example, its PSNR, and how well errors tell anomalies."""
    inputs = RNG.random((N, 10), np.float32)
    anomalous = (np.arange(N) % 4 == 0).astype("u1")
    noise = RNG.normal(size=(N, 10)) * np.where(anomalous, 0.2, 0.1)[:, np.newaxis]
    made = evaluation("reconstruction", inputs + noise, anomalous, inputs)

    errors = (noise**2).mean(axis=1)
    peaks = inputs.max(axis=1)
    assert errors.mean() == pytest.approx(value(made, "reconstruction_error").value, rel=1e-4)
    assert (10 * np.log10(peaks**2 / errors)).mean() == pytest.approx(
        value(made, "psnr").value, rel=1e-4
    )
    assert sklearn_metrics.roc_auc_score(anomalous, errors) == pytest.approx(
        value(made, "anomaly_auc").value, abs=1e-6
    )


def test_anomalies_that_nobody_labelled_are_not_told() -> None:
    """Error and PSNR need no label."""
    inputs = RNG.random((N, 10), np.float32)
    made = evaluation("reconstruction", inputs + 0.1, None, inputs)

    assert isinstance(value(made, "anomaly_auc"), Skip)
    assert 0.01 == pytest.approx(value(made, "reconstruction_error").value, rel=1e-4)


def test_another_image_is_what_is_wanted() -> None:
    """Of super-resolution the target counts, not the input."""
    small, large = RNG.random((N, 4, 4, 1), np.float32), RNG.random((N, 8, 8, 1), np.float32)

    assert (
        0.0
        == value(evaluation("reconstruction", large, large, small), "reconstruction_error").value
    )


def test_near_outputs_have_an_sqnr() -> None:
    """Power of the baseline's outputs ÷ power of the difference, in dB; cosine near 1."""
    wanted = RNG.normal(size=(N, 8)).astype("f4")
    noise = RNG.normal(scale=0.01, size=(N, 8)).astype("f4")
    baseline = evaluation("unlabelled", wanted, None)
    made = evaluation("unlabelled", wanted + noise, None, baseline=baseline)

    told = 10 * math.log10(
        np.square(wanted, dtype=float).sum() / np.square(noise, dtype=float).sum()
    )
    assert told == pytest.approx(value(made, "sqnr").value, rel=1e-3)
    assert 0.999 < value(made, "cosine").value < 1
    assert 0.9 < value(made, "agreement").value <= 1
    assert (
        "skipped" == value(evaluation("unlabelled", wanted, None, baseline=baseline), "sqnr").status
    )


@pytest.mark.parametrize(
    ("name", "answered", "targets"),
    [
        ("regression", lambda y: y + 0.2 * RNG.normal(size=y.shape), RNG.normal(size=(N, 1))),
        (
            "multilabel",
            lambda y: np.clip(0.5 * y + 0.6 * RNG.random(y.shape), 0, 1),
            (RNG.random((N, 4)) < 0.5).astype("u1"),
        ),
    ],
)
def test_a_worse_variant_is_found_worse(name: str, answered: Any, targets: Any) -> None:
    """Each figure's difference has a verdict; of the same answers it is that they are the same."""
    before = evaluation(name, answered(targets), targets)
    guess = RNG.permutation(answered(targets))
    worse = evaluation(name, guess, targets, baseline=before)
    same = evaluation(name, before.outputs["out"], targets, baseline=before)

    for quality in registry.tasks[name].figures:
        figure = value(worse, f"{quality.name}_delta")
        assert "worse" == figure.verdict, quality.name
        assert (figure.value > 0) == (quality.better == "lower")
        assert value(same, f"{quality.name}_delta").verdict.startswith("same within ±")


def test_a_margin_of_numbers_is_a_share_of_the_baselines() -> None:
    """Where no margin is natural it is 1 % of the baseline's figure, and the verdict says so."""
    wanted = RNG.normal(size=(N, 1))
    before = evaluation("regression", wanted + 0.5, wanted)
    after = evaluation("regression", wanted + 0.501, wanted, baseline=before)
    far = evaluation("regression", wanted + 0.5 + 0.1 * RNG.normal(size=(N, 1)), wanted)

    assert "worse" == value(after, "mae_delta").verdict  # every single one is farther off
    told = value(evaluation("regression", wanted + 0.5, wanted, baseline=before), "mae_delta")
    assert "same within ±0.005, 1 % of the baseline's" == told.verdict
    assert value(far, "mae").low < 0.5 < value(far, "mae").high


def test_answers_to_other_examples_are_not_paired() -> None:
    """As many targets, but others."""
    wanted = RNG.normal(size=(N, 1))
    before = evaluation("regression", wanted, wanted[::-1])

    with pytest.raises(ValueError, match="the targets differ"):
        value(evaluation("regression", wanted, wanted, baseline=before), "mae_delta")


def test_one_probability_outside_0_to_1_is_refused() -> None:
    """A half is no border between bare scores."""
    with pytest.raises(WeighinError, match="no probability of class 1"):
        evaluation("classification", np.full((N, 1), 3.0), np.arange(N) % 2)


@pytest.mark.parametrize("name", registry.tasks)
def test_a_difference_has_the_p_value_of_its_verdict(name: str) -> None:
    """Below 5 % where it is called better or worse, by counts or by intervals; never else."""
    if name == "detection":
        pytest.importorskip("faster_coco_eval", reason="pip install -e '.[detection]'")
    task = registry.tasks[name]
    _, perfect, hopeless, _ = evaluations_of(task)
    same = dataclasses.replace(perfect, baseline=perfect)
    for quality in task.figures:
        for made in (perfect, hopeless, same):
            figure = value(made, f"{quality.name}_delta")
            if not isinstance(figure, Skip):
                assert (figure.p < 0.05) == (figure.verdict in ("better", "worse"))


def test_counts_are_kept_of_either_half_of_the_examples() -> None:
    """Right answers, and those gained and lost, of the even- and of the odd-numbered examples."""
    wanted = np.arange(N) % 3
    right = np.eye(3)[wanted]
    off = np.where((np.arange(N) % 4 == 1)[:, np.newaxis], np.roll(right, 1, axis=1), right)
    before = evaluation("classification", right, wanted)
    after = evaluation("classification", off, wanted, baseline=before)
    lost = len(range(1, N, 4))

    assert (-(-N // 2), N // 2 - lost) == value(after, "top1").halves
    assert (0, 0, 0, lost) == value(after, "top1_delta").halves
