"""What is asked of candidates: margins and their units, evidence, and questions that are vain."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from weighin import registry
from weighin.core import WeighinError
from weighin.datasets.loading import from_arrays
from weighin.outcomes import Evaluation
from weighin.searches.judging import objective
from weighin.searches.questions import question, refuse_few, without_knowledge
from weighin.stats import CONFIDENCE, Interval


def classified(right: int, n: int = 1000, classes: int = 4, shift: int = 0) -> Evaluation:
    """Answers of a classifier, so many of them right, beginning with the first or later."""
    targets = np.arange(n) % classes
    answers = targets.copy()
    wrong = (np.arange(n - right) + shift) % n
    answers[wrong] = (answers[wrong] + 1) % classes
    task = registry.tasks["classification"]
    scores = np.eye(classes, dtype=np.float32)[answers]
    kept = task.answers({"scores": scores}, {}, {"class": targets})
    return Evaluation(task, kept, {"class": targets}, n, 1.0)


def errors(values: np.ndarray) -> Evaluation:
    """Answers of a regression whose targets are 0."""
    task = registry.tasks["regression"]
    targets = {"number": np.zeros((len(values), 1), np.float32)}
    kept = task.answers({"out": values.reshape(-1, 1).astype(np.float32)}, {}, targets)
    return Evaluation(task, kept, targets, len(values), 1.0)


def test_points_of_a_share_are_hundredths_and_other_figures_have_their_own_unit() -> None:
    base = classified(900)
    asked = question(base.task, base, 0.5, 0.25)
    assert (0.005, "0.5 points of top-1") == (asked.within, asked.said())

    numbers = errors(np.random.default_rng(0).normal(0, 2, 400))
    of_errors = question(numbers.task, numbers, 0.5)
    assert 0.5 == of_errors.within
    assert "lower" == of_errors.better


def test_what_holds_is_told_by_the_bad_end_of_the_interval() -> None:
    base = classified(900)
    asked = question(base.task, base, 1, 0.25)

    assert asked.shortfall(Interval(-0.002, -0.009, 0.004)) < 0
    assert asked.shortfall(Interval(-0.002, -0.011, 0.004)) > 0  # though its value is within
    lower = dataclasses.replace(asked, better="lower")
    assert lower.shortfall(Interval(0.002, -0.02, 0.009)) < 0
    assert lower.shortfall(Interval(0.002, -0.02, 0.011)) > 0


@pytest.mark.parametrize("right", [880, 890, 894, 897, 899, 905])
@pytest.mark.parametrize("within", [0.3, 1, 2])
def test_evidence_is_below_5_percent_where_the_interval_holds(right: int, within: float) -> None:
    base, other = classified(900), classified(right)
    asked = question(base.task, base, within, 0.25)
    holds = asked.shortfall(asked.difference(other, base, CONFIDENCE)) < 0

    assert holds == (asked.significance(other, base) < 0.05)


def test_what_is_far_worse_is_no_evidence_of_the_opposite() -> None:
    base, worse = classified(900), classified(500)
    asked = question(base.task, base, 1, 0.25)

    assert asked.significance(worse, base) > 0.9


def test_a_lower_figure_that_rises_is_no_evidence_either() -> None:
    generator = np.random.default_rng(1)
    base = errors(generator.normal(0, 1, 500))
    worse = errors(generator.normal(0, 3, 500))
    asked = question(base.task, base, 0.1)

    assert asked.significance(worse, base) > 0.9
    assert asked.significance(base, base) < 0.05


@pytest.mark.parametrize("within", [65.0, 90.0, 1000.0])
def test_a_margin_that_one_who_knows_nothing_would_keep_is_refused(within: float) -> None:
    base = classified(900)

    with pytest.raises(WeighinError, match="whatever answers would hold"):
        question(base.task, base, within, 0.25)


def test_of_other_figures_it_is_what_always_answering_the_same_comes_to() -> None:
    generator = np.random.default_rng(2)
    targets = generator.normal(0, 2, (200, 1)).astype(np.float32)
    task = registry.tasks["regression"]
    data = from_arrays("d", {"x_test": targets, "y_test": targets})
    judged_by = task.targets(data.test)
    kept = task.answers({"out": targets + np.float32(0.1)}, {}, judged_by)
    base = Evaluation(task, kept, judged_by, 200, 1.0)
    plain = without_knowledge(task, data, base)

    assert 1.0 < (plain or 0.0) < 2.0  # mean absolute deviation of these targets
    question(task, base, 0.5, plain)
    with pytest.raises(WeighinError, match="whatever answers would hold"):
        question(task, base, 3.0, plain)


def test_too_few_examples_are_refused_with_how_many_it_takes() -> None:
    base = classified(90, n=100)
    asked = question(base.task, base, 0.5, 0.25)

    with pytest.raises(WeighinError, match=r"100 examples cannot show .* takes about 399 to"):
        refuse_few(asked, base)
    whole = classified(900, n=1000)
    refuse_few(question(whole.task, whole, 0.5, 0.25), whole)


def test_without_labels_agreement_is_asked_and_that_is_said() -> None:
    base = dataclasses.replace(classified(900), unlabelled="the data set has no targets")
    asked = question(base.task, base, 2, 0.25)
    other = dataclasses.replace(classified(890), unlabelled="the data set has no targets")
    change = asked.difference(other, base, CONFIDENCE)

    assert "agreement" == asked.title
    assert "no labels" in asked.remark
    assert -0.01 == pytest.approx(change.value)
    assert asked.shortfall(change) < 0


def test_without_labels_numbers_cannot_be_judged() -> None:
    base = dataclasses.replace(errors(np.ones(50)), unlabelled="the data set has no targets")

    with pytest.raises(WeighinError, match="nothing tells whether"):
        question(base.task, base, 2)


def test_what_is_minimized_is_a_size_or_the_latency() -> None:
    assert {"gzip_bytes", "file_bytes", "latency"} == {
        objective(name).name for name in ("gzip_bytes", "file_bytes", "latency")
    }
    for name in ("top1", "build_seconds", "speedup", "bytes"):
        with pytest.raises(WeighinError, match=r"wanted one or more of .*gzip_bytes"):
            objective(name)
