"""What a job is called, and what it is built from."""

from __future__ import annotations

import pytest
from helpers.building import job


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("tiny", "baseline", "h5"), "tiny dense start"),
        (("tiny", "baseline", "tflite"), "tiny dense start → float32"),
        (("tiny", "prune(0.5)+finetune", "h5"), "tiny prune(0.5)+finetune"),
        (("tiny", "prune(0.5)+int8", "tflite"), "tiny prune(0.5) → int8"),
    ],
)
def test_a_job_says_what_it_makes(words: tuple[str, str, str], expected: str) -> None:
    """A job reads well in progress and errors."""
    assert expected == str(job(*words))


def test_a_job_comes_after_all_that_it_is_built_from() -> None:
    """An export of a model, each step of the one before, the first of the dense start."""
    last = job("tiny", "prune(0.5)+finetune+int8")

    assert [str(one) for one in last.chain] == [
        "tiny dense start",
        "tiny prune(0.5)",
        "tiny prune(0.5)+finetune",
        "tiny prune(0.5)+finetune → int8",
    ]
    assert [None, *last.chain[:-1]] == [one.parent for one in last.chain]


def test_a_keras_file_is_the_model_before_its_export() -> None:
    """In the format h5 a variant's file is the parent of its .tflite file."""
    assert job("tiny", "prune(0.5)", "h5") == job("tiny", "prune(0.5)", "tflite").parent
