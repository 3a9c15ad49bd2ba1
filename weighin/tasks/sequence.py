"""A class for each step of a sequence."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays, Quality
from weighin.tasks._places import ClassPerPlace
from weighin.tasks.registering import task


def _per_step(answers: Arrays, targets: Arrays) -> Any:
    return (answers["class"] == targets["class"]).mean(axis=1)


def _per_sequence(answers: Arrays, targets: Arrays) -> Any:
    return (answers["class"] == targets["class"]).all(axis=1)


@task
class Sequence(ClassPerPlace):
    """A class for each step: scores (steps, classes), class numbers (steps,)."""

    name = "sequence"
    axes, place = 1, "step"
    figures = (
        Quality(
            name="step_accuracy",
            title="steps right",
            compute=_per_step,
            summary="Share of a sequence's steps that are right, mean over sequences; bootstrap-t",
        ),
        Quality(
            name="sequence_accuracy",
            title="sequences right",
            compute=_per_sequence,
            summary="Share of sequences of which every step is right; 95 % Wilson interval",
        ),
    )
