"""What stands below a table of finished files: what each holds, and nothing of training."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import pytest
from helpers.support import ENVIRONMENT, record, results_of, run, without

from weighin.core import Record
from weighin.report.table import render

BASELINE = {"variant": "baseline", "file": "float.tflite", "holds": "float32 weights, 0 % zeros"}
INT8 = {"variant": "int8.tflite", "file": "int8.tflite", "holds": "int8 weights, 54 % zeros"}
RECORDS = [*run("baseline", 0.95, 1e-4), *run("int8.tflite", 0.94, 0.5e-4)]


def footer(*files: Any, records: list[Record] | None = None) -> list[str]:
    """The lines below the table of a run on these files."""
    results = results_of({**ENVIRONMENT, "files": list(files)}, records or RECORDS)
    lines = render([results], "text").splitlines()
    return lines[lines.index("", 3) + 1 :]


def test_what_each_file_holds_is_told_in_their_order() -> None:
    """A name claims nothing; the baseline's is told, for its row has another."""
    lines = footer(BASELINE, INT8)

    at = lines.index("baseline (float.tflite): float32 weights, 0 % zeros")
    assert "int8.tflite: int8 weights, 54 % zeros" == lines[at + 1]


def test_a_file_that_is_called_by_its_path_is_not_named_twice() -> None:
    """The path ends in the name."""
    variant = "there/float.tflite"
    by_path = {**BASELINE, "variant": variant}
    records = [*run("baseline", 0.95, 1e-4), *run(variant, 0.94, 0.5e-4)]

    assert f"{variant}: {by_path['holds']}" in footer(BASELINE, by_path, records=records)


def test_a_file_without_a_row_is_not_told() -> None:
    """What could not be run here is named by its line of skipped rows alone."""
    reason = "no such chip here"
    skipped = without("top1 latency", "skipped", reason, variant="int8.tflite", runtime="npu")

    lines = footer(BASELINE, INT8, records=[*run("baseline", 0.95, 1e-4), *skipped])

    assert ["skipped: int8.tflite on npu (no such chip here)"] == [
        line for line in lines if "int8" in line
    ]


def test_nothing_is_said_of_training() -> None:
    """No seeds, no profile, nothing to train on: the files are as somebody has made them."""
    text = "\n".join(footer(BASELINE, INT8))

    assert "digits: 1,000 test images; latency: median of 500 single inferences, 1 thread" in text
    assert "[95 % interval], over examples or measurements of these very files" in text
    assert not [word for word in ("seed", "profile", "to train on", "training") if word in text]


@pytest.mark.parametrize(
    "files",
    [
        None,
        "float.tflite",
        ["float.tflite"],
        [{"variant": "baseline", "file": "float.tflite"}],
        [{**BASELINE, "holds": None}],
    ],
)
def test_files_that_are_told_otherwise_are_none(files: Any) -> None:
    """Results of other versions, or damaged by hand, still make a table: of models that were built.

    Whoever reads them must not stumble over one field.
    """
    text = render([results_of({**ENVIRONMENT, "files": files}, [record("top1", 0.9)])], "text")

    assert "float.tflite" not in text
    assert "profile quick" in text
