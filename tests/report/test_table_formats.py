"""Tables: golden ones in every format, and what no format may get wrong.

`WEIGHIN_REGENERATE_GOLDEN=1 pytest tests/report/test_table_formats.py` writes the golden tables
anew; look at their difference before keeping it.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

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
from helpers.tables import flat, show

from weighin.records import store
from weighin.report.layout import FORMATS
from weighin.report.table import render


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
                told = list(made.reasons)
                assert shown == (told if format == "json" else " | ".join(told))
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

    nasty = NASTY if format == "json" else NASTY.replace("\n", " ")
    assert f"failed: {nasty}" == int8["latency_status"]
    assert f"failed: {nasty}" == int8["file_bytes_status"]
    assert "skipped: no test labels" == both["top1_status"]
    assert "not measured: deselected" == both["latency_status"]


@pytest.mark.parametrize("format", ["csv", "json"])
def test_machine_formats_say_where_numbers_are_from(format: str) -> None:
    """Run, date, machine and versions stand in every row, so that rows of runs can be mixed."""
    text = render([results()], format)
    rows = json.loads(text) if format == "json" else list(csv.DictReader(io.StringIO(text)))

    for row in rows:
        assert (row["date"], row["profile"]) == ("2024-05-06", "quick")
        assert row["machine"].startswith("Example CPU <1 GHz>, 4 cores")
        assert "tensorflow 2.21.0" in row["versions"]


def test_csv_has_one_line_a_row_and_intervals_beside_their_figures() -> None:
    """Whatever reasons say; and what is said of a figure right behind it."""
    text = render([results()], "csv")
    names = text.splitlines()[0].split(",")

    assert len(list(csv.DictReader(io.StringIO(text)))) == len(text.splitlines()) - 1
    for figure in ("top1", "top1_delta", "latency", "speedup"):
        at = names.index(figure)
        behind = [
            name for name in names if re.fullmatch(f"{figure}_(low|high|verdict|p|status)", name)
        ]
        assert behind == names[at + 1 : at + 1 + len(behind)]
        assert behind[:2] == [f"{figure}_low", f"{figure}_high"]


def test_bytes_and_counts_are_whole_numbers() -> None:
    """Also where they were stored with a point."""
    (row,) = flat([record("gzip_bytes", 1_000.0), record("top1", 1.0)])

    assert (str(row["gzip_bytes"]), str(row["top1"])) == ("1000", "1.0")


def test_json_numbers_are_numbers() -> None:
    """JSON holds no number as text, and a whole number of bytes as a whole number."""
    (row,) = flat([*file("baseline", 1_730_000, 1_000), *run("baseline", 0.9, 1e-4)])

    assert [1_730_000, 1_000] == [row["file_bytes"], row["gzip_bytes"]]
    assert [0, 1, 0.9] == [row["seed"], row["threads"], row["top1"]]


def test_flat_rows_keep_seeds_apart() -> None:
    """For programs every seed is a row of its own, with its own figures."""
    records = [record("top1", 0.9), record("top1", 0.8, seed=7)]

    assert [(0, 0.9), (7, 0.8)] == [(row["seed"], row["top1"]) for row in flat(records)]


def test_json_holds_verdicts_and_reasons() -> None:
    """Programs get verdicts as text beside the numbers, and the reasons of a row as a list."""
    (row,) = flat([*run("int8", 0.9, 1e-4, verdicts=("worse", "slower")), why("int8", "a", "b")])

    assert ["worse", "slower", ["a", "b"]] == [
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
