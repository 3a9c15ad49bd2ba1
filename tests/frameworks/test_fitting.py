"""What training is made of: batches in their order, zeros that stay, a start that answers."""

from __future__ import annotations

import itertools

import pytest
from helpers.keras_process import seen


def test_batches_hold_every_image_once_in_another_order_each_epoch() -> None:
    """With its label, the rest in the last batch; the order follows the seed; nothing is tuned."""
    first, again, other = seen()["batches"]["epochs"]

    for epoch in first:
        assert [len(batch) for batch in epoch] == [5, 5, 5, 5, 3]
        assert sorted(itertools.chain(*epoch)) == list(range(23))
    assert first[0] != first[1]
    assert first == again
    assert first != other
    assert seen()["batches"]["tuned"] is False


def test_zeros_are_kept_while_training() -> None:
    """Masked weights stay zero and all others train; only a kernel with zeros has a mask."""
    masks = seen()["masks"]

    assert masks["dense"] == 0
    assert [name.startswith("dense/kernel") for name in masks["names"]] == [True]
    assert masks["zeros"] == [True, 48]
    assert masks["trained"]


def test_without_masks_the_model_is_trained_itself() -> None:
    """Nothing is wrapped around a model that has nothing to keep."""
    assert seen()["masks"]["same model"]


def test_a_settled_model_answers_as_a_trained_one_does() -> None:
    """Normalization has the images' averages and its own momentum; a score is about a half."""
    settled = seen()["settled"]
    before, after = settled["scores"]

    assert before < 0.5 <= after
    assert settled["mean"] == pytest.approx(settled["wanted"], rel=1e-3)
    assert settled["momentum"] == 0.9


def test_a_test_part_alone_decides_nothing_of_a_model() -> None:
    """It starts as it was created, is not settled on it, and a step cannot train on it."""
    alone = seen()["alone"]

    assert alone["mean"] == [0, 0]
    assert "Training takes examples that are not tested on" in alone["refused"]
