"""Baselines that know no more than who guesses are refused, where there is something to know."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers.answering import N, Session, evaluate, guessing, right, signature

from weighin import registry
from weighin.core import Dataset, Split, WeighinError
from weighin.measure import evaluation
from weighin.measure.evaluation import refuse_guessing


def test_a_baseline_that_guesses_is_refused_where_labels_mean_something(data: Dataset) -> None:
    """Random weights on noise know nothing, and need not."""
    noise = dataclasses.replace(data, unlabelled="noise")
    refuse_guessing(evaluate(Session(guessing), noise), noise)

    with pytest.raises(WeighinError, match="no better than guessing"):
        refuse_guessing(evaluate(Session(guessing), data), data)


def test_a_baseline_that_guesses_names_the_range_of_its_inputs(data: Dataset) -> None:
    """Inputs that were not scaled as in training are the likeliest reason."""
    images = (data.test.stored["x"] * 200).astype(np.uint8)
    stored = Split({"x": images}, data.test.targets, {"x": 1 / 255})
    guessed = evaluate(Session(guessing), data)

    with pytest.raises(WeighinError, match=r"It was given float32 from \d"):
        refuse_guessing(guessed, data)
    with pytest.raises(
        WeighinError, match=r"values from [\d.e-]+ to 0\.\d+: uint8 from 0 to 1\d\d, times 0\.0039"
    ):
        refuse_guessing(guessed, dataclasses.replace(data, test=stored))


@pytest.mark.parametrize(("trained", "refused"), [(True, True), (False, False)])
def test_what_nobody_has_trained_need_not_give_noise_back(
    data: Dataset, trained: bool, refused: bool
) -> None:
    """It knows nothing, and there is nothing to know; a trained one should."""
    split = dataclasses.replace(data.test, targets={})
    noise = dataclasses.replace(data, train=split, test=split, unlabelled="noise")
    task, model = registry.tasks["reconstruction"], signature()
    found = evaluation.evaluate(Session(guessing), noise, task, model)
    found = dataclasses.replace(found, trained=trained)

    if refused:
        with pytest.raises(WeighinError, match=r"no better than .* mean of the training part"):
            refuse_guessing(found, noise)
    else:
        refuse_guessing(found, noise)


def test_too_few_of_one_kind_to_tell_guessing_are_told(data: Dataset) -> None:
    """An interval that cannot be made refuses the baseline, with the reason and the way out."""
    holds = np.zeros((N, 2), int)
    holds[0] = 1  # most resamples have it, too many do not
    split = dataclasses.replace(data.test, targets={"y": holds})
    labels = dataclasses.replace(data, train=split, test=split)
    task = registry.tasks["multilabel"]
    two = Session(lambda images: right(images)[:, :2])
    found = evaluation.evaluate(two, labels, task, signature(2))

    with pytest.raises(WeighinError, match=r"cannot be told: .* too few .* more test examples"):
        refuse_guessing(found, labels)
