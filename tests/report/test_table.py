"""Tables: golden ones in every format, and what no format may get wrong.

`WEIGHIN_REGENERATE_GOLDEN=1 pytest tests/test_report.py` writes the golden tables anew; look at
their difference before keeping it.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from helpers.support import (
    ENVIRONMENT,
    NASTY,
    file,
    golden,
    record,
    results,
    results_of,
    run,
    why,
    without,
)

from weighin.core import Record
from weighin.records import store
from weighin.report import units
from weighin.report.layout import FORMATS
from weighin.report.rows import over_seeds
from weighin.report.table import render, tables

COLUMNS = ("file", "gzip", "× smaller", "top-1", "Δ points", "latency", "× faster")
HEADERS = (*COLUMNS, "why")


class _Elements(HTMLParser):
    """The names of a page's elements, and the text of its cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def show(records: list[Record], format: str = "text") -> str:
    """Records' tables, with nothing said about the machine."""
    return render([results_of({}, tuple(records))], format)


def cells(records: list[Record]) -> dict[tuple[str, str], dict[str, str]]:
    """Cells of the only table, by variant and runtime, by header."""
    (table,) = tables(results_of({}, tuple(records)))
    rows = [table.cells(row) for row in table.rows]
    return {(row[0], row[1]): dict(zip(HEADERS, row[2:], strict=True)) for row in rows}


def flat(records: list[Record]) -> list[dict[str, Any]]:
    """Rows of bare numbers."""
    rows: list[dict[str, Any]] = json.loads(show(records, "json"))
    return rows


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_golden(format: str) -> None:
    """Tables of two models, with every kind of cell, are what was once looked at and kept."""
    actual = f"{render([results()], format)}\n".replace("\r\n", "\n")

    assert golden("table", format, actual) == actual


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_the_same_after_storing(format: str, tmp_path: Path) -> None:
    """A stored file gives the very table that its run showed."""
    store.save(tmp_path / "run.json", results())

    assert render([results()], format) == render([store.load(tmp_path / "run.json")], format)


@pytest.mark.parametrize("format", FORMATS)
def test_a_table_ends_as_it_should(format: str) -> None:
    """What prints a table adds the last line's end itself, so there is none of any kind."""
    text = render([results()], format)

    assert text.rstrip() == text


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_measured_gives_no_table(format: str) -> None:
    """A file without records is shown without an accident, and without a figure."""
    text = show([], format)

    assert "not measured" not in text
    assert "%" not in text


def test_html_is_escaped() -> None:
    """Nothing that a reason, a model or a machine is called becomes part of the page."""
    records = [
        *run("<u>variant</u>", 0.9, 1e-4, model="<b>model</b>", runtime="<i>runtime</i>"),
        *without("cold_start latency", "failed", NASTY, model="<b>model</b>"),
    ]
    page = render([results_of(ENVIRONMENT, tuple(records))], "html")
    found = _Elements(page)

    structure = {"h3", "table", "thead", "tbody", "tr", "th", "td", "p", "br"}
    assert set() == found.names - structure
    assert "&lt;script&gt;" in page
    for word in ('<script>alert("x")</script> | node 3', "<b>model</b>", "<u>variant</u>"):
        assert word in found.text
    assert "<i>runtime</i>" in found.text
    assert "Example CPU <1 GHz>" in found.text


@pytest.mark.parametrize("format", ["csv", "json"])
def test_machine_formats_hold_the_records_numbers(format: str) -> None:
    """Every value and interval is there as a bare number, no digit lost."""
    text = render([results()], format)
    rows = json.loads(text) if format == "json" else list(csv.DictReader(io.StringIO(text)))
    case = ("model", "dataset", "variant", "seed", "format")
    place = (*case, "runtime", "threads")

    for made in results().records:
        fields = place if made.runtime else case
        wanted = {field: str(getattr(made, field)) for field in fields}
        found = [row for row in rows if wanted == {field: str(row[field]) for field in fields}]
        assert found, f"no row for {made}"
        for row in found:
            shown = row[made.metric]
            if made.metric == "why":
                assert "\n".join(made.reasons) == shown
                continue
            assert (made.value is None) == (shown in (None, ""))
            if made.value is not None:
                assert made.value == float(shown)
            if made.low is not None:
                assert made.low == float(row[f"{made.metric}_low"])
                assert made.high == float(row[f"{made.metric}_high"])


@pytest.mark.parametrize("format", ["csv", "json"])
def test_machine_formats_say_what_has_no_number(format: str) -> None:
    """Where there is no number, a column of its own says why, reason and all."""
    text = render([results()], format)
    rows = json.loads(text) if format == "json" else list(csv.DictReader(io.StringIO(text)))

    (int8,) = [row for row in rows if row["variant"] == "int8"]
    (both,) = [row for row in rows if row["variant"] == "prune(0.8)+int8"]

    assert f"failed: {NASTY}" == int8["latency_status"]
    assert f"failed: {NASTY}" == int8["file_bytes_status"]
    assert "skipped: no test labels" == both["top1_status"]
    assert "not measured: deselected" == both["latency_status"]


def test_json_numbers_are_numbers() -> None:
    """JSON holds no number as text, and a whole number of bytes as a whole number."""
    (row,) = flat([*file("baseline", 1_730_000, 1_000), *run("baseline", 0.9, 1e-4)])

    assert [1_730_000, 1_000] == [row["file_bytes"], row["gzip_bytes"]]
    assert [0, 1, 0.9] == [row["seed"], row["threads"], row["top1"]]


def test_each_model_has_a_table() -> None:
    """Models are not mixed in a table, nor data sets."""
    made = [
        record("top1", 0.9),
        record("top1", 0.8, model="wide"),
        record("top1", 0.7, dataset="letters"),
        record("latency", 1e-4),
    ]

    named = [(table.model, table.dataset) for table in tables(results_of({}, tuple(made)))]

    assert [("small", "digits"), ("wide", "digits"), ("small", "letters")] == named


def test_smaller_is_within_one_format() -> None:
    """Each format's files are divided by that format's baseline, gzip by gzip."""
    records = [
        *file("baseline", 5, 1000, format="h5"),
        *file("baseline", 7, 900),
        *file("prune(0.8)", 11, 250, format="h5"),
        *file("prune(0.8)", 13, 300),
    ]

    smaller = {(row["variant"], row["format"]): row["smaller"] for row in flat(records)}

    assert 4.0 == smaller["prune(0.8)", "h5"]
    assert 3.0 == smaller["prune(0.8)", "tflite"]
    assert 1.0 == smaller["baseline", "h5"]
    assert 1.0 == smaller["baseline", "tflite"]


def test_smaller_needs_a_baseline_of_the_format() -> None:
    """Without a baseline of the same format there is no ratio, though there is another's."""
    records = [*file("baseline", 5, 1000, format="h5"), *file("int8", 13, 300)]

    shown = cells(records)

    assert "not measured [1]" == shown["int8", "tflite"]["× smaller"]
    assert "[1] the baseline has no size" in show(records)
    assert [None, 1.0] == [row["smaller"] for row in flat(records)]


def test_smaller_is_within_one_seed() -> None:
    """A file is divided by the baseline that was trained from the same seed."""
    records = [
        *file("baseline", 5, 1000, seed=1),
        *file("baseline", 5, 800, seed=2),
        *file("int8", 5, 400, seed=1),
        *file("int8", 5, 400, seed=2),
    ]

    smaller = {row["seed"]: row["smaller"] for row in flat(records) if row["variant"] == "int8"}

    assert {1: 2.5, 2: 2.0} == smaller


@pytest.mark.parametrize("status", ["failed", "skipped", "not measured"])
def test_smaller_says_why_a_file_has_no_size(status: str) -> None:
    """A file that was not weighed has no ratio, for the same reason."""
    records = [
        *file("baseline", 5, 1000),
        *without("gzip_bytes", status, "of no use", variant="int8", runtime="", threads=0),
    ]

    shown = cells(records)["int8", "tflite"]

    assert shown["gzip"] == shown["× smaller"]
    assert shown["gzip"].startswith(f"{status} [")


def test_the_baseline_is_not_compared_with_itself() -> None:
    """A baseline's row has its own figures, and blanks where others are compared with it."""
    records = [*file("baseline", 420_000, 390_000), *run("baseline", 0.95, 1e-4)]

    shown = cells(records)["baseline", "litert"]

    assert ("", "", "") == (shown["× smaller"], shown["Δ points"], shown["× faster"])
    assert "390 kB" == shown["gzip"]
    assert "95.00 % [94.00, 96.00]" == shown["top-1"]
    assert "this is the baseline" not in show(records)


@pytest.mark.parametrize("format", ["text", "github", "html", "latex"])
@pytest.mark.parametrize("status", ["failed", "skipped", "not measured"])
def test_every_status_is_shown_with_its_reason(status: str, format: str) -> None:
    """A figure that is not there says which of the three it is, and a note says why."""
    records = [*run("int8", 0.9, 1e-4)[:2], *without("latency", status, "it was Monday")]
    records = [each.of(variant="int8") for each in records]

    text = show(records, format)

    assert f"{status} [2]" in text
    assert "[2] it was Monday" in text


def test_a_figure_that_no_record_has_is_not_measured() -> None:
    """What was left out of the run is said to be, and not taken for a failure."""
    shown = cells([record("top1", 0.9, variant="int8")])["int8", "litert"]

    assert {"not measured [1]"} == {shown[name] for name in COLUMNS if name != "top-1"}
    assert "[1] left out of this run" in show([record("top1", 0.9, variant="int8")])


def test_a_figure_without_an_interval_says_why() -> None:
    """Where there were too few samples for one."""
    few = record("latency", 3.5, openings=(7,))
    sized = record("top1", 0.9, variant="int8", openings=(3,))

    assert "3.50 s [1]" == cells([few])["baseline", "litert"]["latency"].replace("[2]", "[1]")
    assert "1 opening of the file: too few for an interval" in show([few])
    assert "90.00 % [" in cells([sized])["int8", "litert"]["top-1"]


def test_an_interval_is_of_as_many_seeds_as_its_mean() -> None:
    """Where one seed has none, neither has the mean, which might lie outside."""
    of = {"low": 0.9, "high": 1.1}
    found = over_seeds(
        [
            record("latency", 1.0, **of),
            record("latency", 2.0, seed=1),
            record("latency", 1.0, seed=2, **of),
        ]
    )

    assert found is not None
    assert (4 / 3, None, None, 3) == (found.mean, found.low, found.high, found.n)


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


def test_rows_stand_by_format_then_variant() -> None:
    """.tflite before .h5, variants in the order of the suite, one thread before four."""
    records = [
        *run("baseline", 0.9, 1e-4, format="h5", runtime="keras-cpu"),
        *run("prune(0.8)", 0.9, 1e-4, threads=4),
        *run("prune(0.8)", 0.9, 1e-4),
        *run("baseline", 0.9, 1e-4, threads=4),
        *run("baseline", 0.9, 1e-4),
        *run("int8", 0.9, 1e-4),
    ]

    expected = [
        ("baseline", "litert"),
        ("baseline", "litert ×4"),
        ("prune(0.8)", "litert"),
        ("prune(0.8)", "litert ×4"),
        ("int8", "litert"),
        ("baseline", "keras-cpu"),
    ]
    assert expected == list(cells(records))


def test_seeds_of_a_variant_share_a_row() -> None:
    """Mean ± standard deviation over seeds, and the ends within a seed averaged over them."""
    records = [
        *run("int8", 0.90, 1e-4, base=2e-4),
        *run("int8", 0.92, 3e-4, base=6e-4, seed=7),
    ]

    ((place, shown),) = cells(records).items()

    assert ("int8", "litert") == place
    assert "91.00 % ± 1.41 [90.00, 92.00]" == shown["top-1"]
    assert "-4.00 ± 1.41 [-5.00, -3.00] no evidence" == shown["Δ points"]
    assert "200 µs ± 141 [198, 202]" == shown["latency"]
    assert "2.00 ± 0.00 [1.94, 2.06] no evidence" == shown["× faster"]


def test_seeds_of_other_runtimes_and_threads_stay_apart() -> None:
    """Only seeds are brought together: not threads, runtimes, formats or variants."""
    places = [
        {"threads": 4},
        {"runtime": "other"},
        {"format": "h5", "runtime": "keras-cpu"},
        {"variant": "int8"},
        {},
    ]
    made = [
        record("latency", 1e-4 * (1 + seed), **{"seed": seed} | place)
        for place in places
        for seed in (0, 1)
    ]

    shown = [row["latency"] for row in cells(made).values()]

    assert ["150 µs ± 71"] * len(places) == shown


def test_flat_rows_keep_seeds_apart() -> None:
    """For programs every seed is a row of its own, with its own figures."""
    records = [record("top1", 0.9), record("top1", 0.8, seed=7)]

    assert [(0, 0.9), (7, 0.8)] == [(row["seed"], row["top1"]) for row in flat(records)]


def test_a_seed_without_a_figure_is_told() -> None:
    """A mean over the seeds that went well would hide the one that did not."""
    records = [
        record("latency", 1e-4, variant="int8"),
        *without("latency", "failed", "out of memory", variant="int8", seed=1),
        record("latency", 1e-4, variant="int8", seed=2),
    ]

    assert "failed in 1 of 3 seeds [2]" == cells(records)["int8", "litert"]["latency"]
    assert "out of memory" in show(records)


def test_verdicts_stand_behind_their_figures() -> None:
    """What a comparison comes to is said beside its number, and nowhere else."""
    records = [*file("baseline", 2, 2), *file("int8", 1, 1)]
    records += run("int8", 0.9, 1e-4, verdicts=("worse", "slower"))

    shown = cells(records)["int8", "litert"]

    assert "-5.00 [-6.00, -4.00] worse" == shown["Δ points"]
    assert "1.00 [0.97, 1.03] slower" == shown["× faster"]
    assert "90.00 % [89.00, 91.00]" == shown["top-1"]
    assert "2.00" == shown["× smaller"]


def test_verdicts_that_differ_between_seeds_are_counted() -> None:
    """The most common comes first, each with how many seeds came to it."""
    records = []
    for seed, verdict in enumerate(["no evidence", "worse", "worse"]):
        records += run("int8", 0.9, 1e-4, verdicts=(verdict, "slower"), seed=seed)

    shown = cells(records)["int8", "litert"]

    assert shown["Δ points"].endswith("-4.00] worse (2), no evidence (1)")
    assert shown["× faster"].endswith("1.03] slower")


@pytest.mark.parametrize("spent", [0, 1])
def test_a_pair_that_ran_out_of_time_is_starred(spent: int) -> None:
    """A star says that the interval could have been narrower; the footer says what it means."""
    records = []
    for seed in (0, 1):
        stopped = "time" if seed < spent else "narrow"
        records += run("int8", 0.9, 1e-4, stopped=stopped, seed=seed)
    text = render([results_of(ENVIRONMENT, tuple(records))], "text")

    assert bool(spent) == ("1.03]* no evidence" in text)
    assert bool(spent) == ("* before that its time was spent" in text)


def test_no_star_without_a_pair() -> None:
    """A footer with nothing measured in pairs says nothing of pairs."""
    text = render([results_of(ENVIRONMENT, (record("top1", 0.9, variant="int8"),))], "text")

    assert "× faster:" not in text
    assert "Δ points:" not in text


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


def test_json_holds_verdicts_and_reasons() -> None:
    """Programs get verdicts as text beside the numbers, and the reasons of a row as one text."""
    (row,) = flat([*run("int8", 0.9, 1e-4, verdicts=("worse", "slower")), why("int8", "a", "b")])

    assert ["worse", "slower", "a\nb"] == [
        row["top1_delta_verdict"],
        row["speedup_verdict"],
        row["why"],
    ]
    assert "top1_verdict" not in row


def test_several_runs_are_one_whole_for_programs() -> None:
    """JSON of two runs is one list, CSV has one header, though their columns differ."""
    runs = [
        results_of({}, (record("top1", 0.9),)),
        results_of({}, (record("latency", 1e-4, model="wide"),)),
    ]

    rows = json.loads(render(runs, "json"))
    lines = list(csv.DictReader(io.StringIO(render(runs, "csv"))))

    assert [0.9, None] == [row.get("top1") for row in rows]
    assert [("small", "0.9", ""), ("wide", "", "0.0001")] == [
        (line["model"], line["top1"], line["latency"]) for line in lines
    ]


@pytest.mark.parametrize("format", ["text", "github", "html", "latex"])
def test_several_runs_have_their_own_origin(format: str) -> None:
    """Each run's tables stand above its own machine, in the order of the runs."""
    other = {**ENVIRONMENT, "machine": {**ENVIRONMENT["machine"], "cpu": "Other CPU"}}
    runs = [
        results_of(ENVIRONMENT, (record("top1", 0.9),)),
        results_of(other, (record("top1", 0.8),)),
    ]

    text = render(runs, format)

    order = [text.index(word) for word in ("90.00", "Example CPU", "80.00", "Other CPU")]
    assert sorted(order) == order


@pytest.mark.parametrize("format", FORMATS)
def test_no_run_at_all(format: str) -> None:
    """An empty list of runs is no accident."""
    assert render([], format) in ("", "[]")


def test_the_footer_says_what_figures_rest_on() -> None:
    """Under a table: images, rounds, threads, seeds, profile; under all, machine and versions."""
    lines = render([results()], "text").splitlines()

    assert (
        "digits: 1,000 test images, 4,000 to train on; latency: median of 500 single inferences, "
        "1, 4 threads; seeds 0, 1; profile quick"
    ) in lines
    assert (
        "± standard deviation over 2 seeds; [within-seed 95 % interval, its ends averaged over "
        "seeds]"
    ) in lines
    assert "[95 % interval]; one seed, so that of another training is not in it" in lines
    assert "× smaller: gzip -9 against the baseline's in the same file format" in lines
    assert [
        "Example CPU <1 GHz>, 4 cores (avx2 fma), 8.00 GB, Linux 6.1",
        "weighin 0.1.0, tensorflow 2.21.0; 2024-05-06",
    ] == [lines[-3], lines[-1]]


def test_the_footer_states_the_rules_of_verdicts() -> None:
    """Margin, test, how long a pair was measured, and from what ratio one is called."""
    (said,) = [
        line for line in render([results()], "text").splitlines() if line.startswith("× faster:")
    ]
    (margin, _) = [
        line for line in render([results()], "text").splitlines() if line.startswith("Δ points:")
    ]

    assert "40 openings of both, until 30 or more are within ±1 % or 2 s are over;" in said
    assert margin.endswith("by McNemar's exact test at 5 %, same if the interval lies within ±1")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            ENVIRONMENT["calibration"],
            "calibrated (litert, 1 thread): 9 false alarms in 200 A/A trials, 5 % more work",
        ),
        (None, "not calibrated: weighin doctor --calibrate"),
    ],
)
def test_the_footer_says_what_the_machine_can_tell_apart(
    facts: dict[str, Any] | None, expected: str
) -> None:
    """The calibration's outcome, or how to get one."""
    text = render([results_of({"calibration": facts}, (record("top1", 0.9),))], "text")

    assert expected in text.splitlines()[-1]


def test_old_results_say_nothing_of_calibration() -> None:
    """A file from before there was a calibration is not blamed for having none."""
    assert "calibrated" not in show([record("top1", 0.9)])


def test_the_footer_gives_a_range() -> None:
    """Rows that rest on different numbers of rounds say from which to which."""
    records = [
        dataclasses.replace(record("latency", 1e-4), n=50),
        dataclasses.replace(record("latency", 1e-4, variant="int8"), n=1000),
    ]

    expected = "latency: median of 50 to 1,000 single inferences, 1 thread; seed 0"
    assert expected in show(records).splitlines()


@pytest.mark.parametrize(
    ("show", "value", "spread", "expected"),
    [
        (units.seconds, 72.2e-6, 51.3e-9, "0.051"),
        (units.seconds, 2e-4, 1.41e-4, "141"),
        (units.seconds, 2e-4, 0.0, "0"),
        (units.size, 1.6e6, 197, "0.00020"),
        (units.size, 148e3, 1240, "1.2"),
        (units.percent, 0.992, 0.0009, "0.09"),
        (units.points, -0.01, 0.0005, "0.05"),
        (units.ratio, 10.79, 0.012, "0.01"),
    ],
)
def test_deviations_are_in_the_figures_own_unit(
    show: units.Style, value: float, spread: float, expected: str
) -> None:
    """As the ends of its interval are, so that it is named once; two digits that count."""
    assert expected == units.deviation(show, value, spread)


@pytest.mark.parametrize(
    ("show", "value", "ends", "expected"),
    [
        (units.seconds, 93.1e-6, (92.8e-6, 93.4e-6), "93.1 µs [92.8, 93.4]"),
        (units.seconds, 1.5, (), "1.50 s"),
        (units.seconds, 1.0, (), "1.00 s"),
        (units.seconds, 0.1, (), "100 ms"),
        (units.seconds, 1e-3, (), "1.00 ms"),
        (units.seconds, 1e-9, (), "1.00 ns"),
        (units.seconds, 123.456, (), "123 s"),
        (units.seconds, 9.996e-6, (), "10.0 µs"),
        (units.seconds, 99.96e-6, (), "100 µs"),
        (units.seconds, 999.6e-6, (), "1.00 ms"),
        (units.seconds, 99e-6, (98.2e-6, 101.4e-6), "99.0 µs [98.2, 101]"),
        (units.seconds, 1.01e-3, (990e-6, 1.03e-3), "1.01 ms [0.990, 1.03]"),
        (units.size, 1_730_000, (), "1.73 MB"),
        (units.size, 26_518, (), "26.5 kB"),
        (units.size, 999_600, (), "1.00 MB"),
        (units.size, 999, (), "999 B"),
        (units.size, 5, (), "5 B"),
        (units.size, 0, (), "0 B"),
        (units.size, 2.5e9, (2.4e9, 2.6e9), "2.50 GB [2.40, 2.60]"),
        (units.percent, 0.9812, (0.9783, 0.9837), "98.12 % [97.83, 98.37]"),
        (units.percent, 1.0, (), "100.00 %"),
        (units.percent, 0.0, (0.0, 0.161), "0.00 % [0.00, 16.10]"),
        (units.points, 0.0004, (-0.0012, 0.0020), "+0.04 [-0.12, +0.20]"),
        (units.points, -0.0312, (), "-3.12"),
        (units.points, 0.0, (), "0.00"),
        (units.points, -0.00004, (-0.0001, 0.0), "0.00 [-0.01, 0.00]"),
        (units.ratio, 1.234, (1.2, 1.27), "1.23 [1.20, 1.27]"),
        (units.ratio, 40.2, (), "40.20"),
        (units.count, 431_242, (), "431,242"),
        (units.count, 12, (11.6, 13.2), "12 [12, 13]"),
    ],
)
def test_numbers_are_shown_as_people_read_them(
    show: Callable[..., str], value: float, ends: tuple[float, ...], expected: str
) -> None:
    """Three digits and a fitting unit, which an interval shares; shares to two places."""
    assert expected == show(value, *ends)


def test_half_an_interval_is_none() -> None:
    """An interval with one end only is not shown."""
    assert "1.00 s" == units.seconds(1.0, 0.9, None)
    assert "1.00 s" == units.seconds(1.0, None, 1.1)


def test_published_weights_are_told() -> None:
    """Below the tables stands what dense starts are made of, where a recipe names weights."""
    made_of = {"one": "w.h5 0123456789ab", "two": "random", "three": "random", "four": "trained"}
    results = results_of({"weights": made_of}, tuple(run("baseline", 0.9, 1e-4)))

    assert "one from published weights w.h5 0123456789ab, the same for every seed" in render(
        [results], "text"
    )
    assert "two, three from random weights" in render([results], "text")
    assert "four trained, published weights were not found" in render([results], "text")
    assert "dense starts" not in render([results_of({}, results.records)], "text")
