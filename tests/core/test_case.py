"""A row's identity, and the records that embed it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from helpers.support import record

from weighin.core import Case

CASE = Case("tiny", "tiny", "baseline", 0, "tflite", "litert", 1)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "tiny-baseline-litert"),
        ({"runtime": "", "threads": 0}, "tiny-baseline-tflite"),
        ({"variant": "int8", "threads": 2}, "tiny-int8-litert-threads2"),
        ({"seed": 3}, "tiny-baseline-litert-seed3"),
    ],
)
def test_cases_are_told_apart_by_their_text(changes: dict[str, Any], text: str) -> None:
    """The text is the id of a bench function's run."""
    assert text == str(dataclasses.replace(CASE, **changes))


@pytest.mark.parametrize(
    ("changes", "place"),
    [({}, "litert"), ({"threads": 4}, "litert ×4"), ({"runtime": "", "threads": 0}, "tflite")],
)
def test_a_place_is_where_it_was_measured(changes: dict[str, Any], place: str) -> None:
    """A runtime, with its threads if more than one; a file's is its format."""
    assert place == dataclasses.replace(CASE, **changes).place


def test_relatives_differ_in_one_thing() -> None:
    """The file on no runtime, the baseline of the same seed and place, the same of any seed."""
    int8 = dataclasses.replace(CASE, variant="int8", seed=2)

    assert dataclasses.replace(int8, runtime="", threads=0) == int8.file
    assert dataclasses.replace(int8, variant="baseline") == int8.baseline
    assert dataclasses.replace(int8, seed=0) == int8.of_any_seed


def test_a_record_is_of_its_case() -> None:
    """It has the case's fields, and moves to another case with all its figures."""
    top1 = record("top1", 0.5, 0.4, 0.6, n=10)
    moved = top1.of(variant="int8", seed=3)

    for field in dataclasses.fields(Case):
        assert getattr(top1, field.name) == getattr(top1.case, field.name)
    assert dataclasses.replace(top1.case, variant="int8", seed=3) == moved.case
    assert (top1.value, top1.low, top1.n) == (moved.value, moved.low, moved.n)
