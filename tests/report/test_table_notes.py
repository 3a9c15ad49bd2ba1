"""Cells without a figure, and reasons: each has its note, and what is not here one line."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import re

import pytest
from helpers.support import (
    file,
    record,
    run,
    why,
    without,
)
from helpers.tables import COLUMNS, cells, show

from weighin.metrics.latency import speedup
from weighin.outcomes import Pair


@pytest.mark.parametrize("format", ["text", "github", "html", "latex"])
@pytest.mark.parametrize("status", ["failed", "skipped", "not measured"])
def test_every_status_is_shown_with_its_reason(status: str, format: str) -> None:
    """A figure that is not there says which of the three it is, and a note says why."""
    records = [*run("int8", 0.9, 1e-4)[:2], *without("latency", status, "it was Monday")]
    records = [each.of(variant="int8") for each in records]
    records += run("baseline", 0.9, 1e-4)  # of which latency is measured

    text = show(records, format)

    assert f"{status} [2]" in text
    assert "[2] it was Monday" in text


@pytest.mark.parametrize("format", ["text", "github", "html", "latex"])
def test_what_no_row_has_for_one_reason_is_said_once_below(format: str) -> None:
    """Without data whole columns would say nothing but `not measured`."""
    records = [
        each
        for variant in ("baseline", "int8")
        for each in (
            *file(variant, 9000, 800),
            *without("top1", "not measured", "no data were given", variant=variant),
            *without("latency", "not measured", "no data were given", variant=variant),
        )
    ]
    text = show(records, format)

    assert 1 == text.count("no data were given") == text.count("top-1") == text.count("latency")
    assert "not measured: top-1, latency (no data were given)" in text


@pytest.mark.parametrize("other", [{"reason": "it was Monday"}, {"status": "failed"}])
def test_a_column_with_anything_else_stays(other: dict[str, str]) -> None:
    """Another reason, or another status, is of the row that has it."""
    told = {"status": "not measured", "reason": "no data were given"}
    records = [
        *without("latency", *told.values(), variant="baseline"),
        *without("latency", *{**told, **other}.values(), variant="int8"),
    ]

    assert "latency" in show(records).splitlines()[2]
    assert "not measured: " not in show(records)


def test_a_figure_that_no_record_has_is_not_measured() -> None:
    """What was left out of the run is said to be, and not taken for a failure."""
    shown = cells([record("top1", 0.9, variant="int8")])["int8", "litert"]

    assert {"not measured [1]"} == {
        shown[name] for name in COLUMNS if name not in ("top-1", "Δ to finetune")
    }
    assert "[1] left out of this run" in show([record("top1", 0.9, variant="int8")])


def test_a_figure_without_an_interval_says_why() -> None:
    """Where there were too few samples for one."""
    few = record("latency", 3.5, openings=(7,))
    sized = record("top1", 0.9, variant="int8", openings=(3,))

    assert "3.50 s [1]" == cells([few])["baseline", "litert"]["latency"].replace("[2]", "[1]")
    assert "1 opening of the file: too few for an interval" in show([few])
    assert "90.00 % [" in cells([sized])["int8", "litert"]["top-1"]


@pytest.mark.parametrize(
    ("ratios", "note"),
    [
        ([3.3] * 5, "5 blocks beside the baseline's: 30 are needed for an interval"),
        ([1.0] * 20 + [1.5] * 20, "40 blocks beside the baseline's that follow each other: worth"),
    ],
)
def test_a_speed_up_without_an_interval_says_why(ratios: list[float], note: str) -> None:
    """Its figure stands there alone, and is called nothing."""
    pair = Pair(tuple((ratio, 1.0) for ratio in ratios), "time", pinned=True)
    figure = dataclasses.asdict(speedup(pair))
    told = dataclasses.replace(record("speedup", 1.0, variant="int8"), **figure)

    text = show([*run("baseline", 0.95, 1e-4), *run("int8", 0.95, 1e-4)[:3], told])

    assert note in text
    assert re.search(r"\[\d\] no evidence", text)


def test_one_reason_has_one_note() -> None:
    """Cells of one reason share a note; notes are numbered in the order of the cells."""
    records = [
        *without("top1 top1_delta", "failed", "first"),
        *without("latency", "skipped", "second"),
        *without("top1", "failed", "first", variant="int8"),
        *run("int8", 0.9, 1e-4)[1:],
    ]

    text = show(records)

    assert text.index("[1] left out of this run") < text.index("[2] first")
    assert text.index("[2] first") < text.index("[3] second")
    assert "[4]" not in text


def test_a_runtime_that_is_not_here_is_one_line() -> None:
    """Rows of a runtime that was skipped throughout are not shown but named below, with why."""
    gpu = {"format": "h5", "runtime": "keras-gpu"}
    records = [
        *file("baseline", 5, 1000, format="h5"),
        *file("int8", 5, 500, format="h5"),
        *run("baseline", 0.9, 1e-4),
        *without("top1 latency", "skipped", "no GPU here", **gpu),
        *without("top1 latency", "skipped", "no GPU here", variant="int8", **gpu),
    ]

    lines = show(records).splitlines()

    named = [line for line in lines if "keras-gpu" in line]
    assert ["skipped: baseline, int8 on keras-gpu (no GPU here)"] == named


def test_a_runtime_that_fails_is_shown() -> None:
    """Only skipped rows are folded: one failure, and the row stands."""
    records = [
        *without("top1", "skipped", "no labels", runtime="keras-gpu"),
        *without("latency", "failed", "out of memory", runtime="keras-gpu"),
    ]

    shown = cells(records)["baseline", "keras-gpu"]

    assert ("skipped [2]", "failed [3]") == (shown["top-1"], shown["latency"])
    assert "[3] out of memory" in show(records)


def test_a_table_of_skipped_rows_says_so() -> None:
    """Where nothing could be run, the table says what and why, and claims no sample."""
    records = without("top1 latency", "skipped", "no GPU here", runtime="keras-gpu")

    lines = show(records).splitlines()

    assert "skipped: baseline on keras-gpu (no GPU here)" in lines
    assert "seed" not in [line.strip() for line in lines]


def test_reasons_of_a_row_are_notes() -> None:
    """Each line of a `why` record is a note; a sentence said of two rows is one note."""
    records = [
        record("top1", 0.9, variant="int8"),
        record("top1", 0.9, variant="dynamic"),
        why("int8", "first sentence", "second sentence"),
        why("dynamic", "second sentence", "third sentence"),
    ]
    lines = show(records).splitlines()
    shown = cells(records)

    numbers = {line[4:]: line[:3] for line in lines if line.endswith(" sentence")}
    first, second, third = (numbers[f"{each} sentence"] for each in ("first", "second", "third"))
    assert f"{first} {second}" == shown["int8", "litert"]["why"]
    assert f"{second} {third}" == shown["dynamic", "litert"]["why"]
    assert 3 == len([line for line in lines if line.endswith(" sentence")])


def test_a_table_without_reasons_has_no_such_column() -> None:
    """The column is there where a row has a reason, and only there."""
    plain = [record("top1", 0.9, variant="int8")]

    header, explained = show(plain).splitlines()[2], show([*plain, why("int8", "so")])
    assert "why" not in header.split()
    assert "why" in explained.splitlines()[2].split()


def test_a_baseline_alone_has_no_columns_of_comparisons() -> None:
    """They would be empty, and the rules below them would be of nothing."""
    alone = [*file("baseline", 5000, 1000), *run("baseline", 0.9, 1e-4)]
    other = [*file("int8", 5000, 500), *run("int8", 0.9, 1e-4)]

    header = show(alone).splitlines()[2]
    assert ["variant", "runtime", "file", "gzip", "top-1", "latency"] == header.split()
    assert "× smaller" not in show(alone)
    assert "× smaller" in show([*alone, *other]).splitlines()[2]


def test_columns_are_kept_where_every_row_was_skipped() -> None:
    """There is no row that could fill them."""
    skipped = without("top1 latency", "skipped", "no GPU here", runtime="keras-gpu")

    assert {"top-1", "latency", "smaller"} <= set(show(skipped).splitlines()[2].split())


def test_a_reason_does_not_unfold_a_skipped_row() -> None:
    """A runtime that is not here stays one line below, though rules spoke of the file."""
    records = [
        *run("baseline", 0.9, 1e-4),
        *without("top1 latency", "skipped", "no such chip", variant="int8", runtime="npu"),
        why("int8", "this CPU has no VNNI", runtime="npu"),
    ]

    named = [line for line in show(records).splitlines() if "npu" in line]

    assert ["skipped: int8 on npu (no such chip)"] == named


def test_notes_are_numbered_as_they_are_read() -> None:
    """Numbers rise along a row, the reasons in its last column with them."""
    records = [*without("latency", "failed", "at first", variant="int8"), why("int8", "at last")]
    lines = show(records).splitlines()

    (at_first,) = [line for line in lines if line.endswith("at first")]
    (at_last,) = [line for line in lines if line.endswith("at last")]
    assert at_first < at_last
