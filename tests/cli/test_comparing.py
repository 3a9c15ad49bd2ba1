"""`weighin compare` for programs: its formats, and its exit code."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers.support import ENVIRONMENT, file, following, results_of, run

from weighin.cli import main
from weighin.core import Record
from weighin.records import store
from weighin.report.compare import FAILING
from weighin.stats import PAIR_SECONDS

BASE = (*file("baseline", 420_000, 390_000), *file("int8", 110_000, 92_000))
RUNS = (*run("baseline", 0.95, 1e-4), *run("int8", 0.94, 5e-5))


def stored(folder: Path, name: str, *records: Record, **environment: object) -> Path:
    """A results file of these records."""
    path = folder / f"{name}.json"
    store.save(path, following(results_of({**ENVIRONMENT, **environment}, records)))
    return path


def compared(*words: str | Path) -> Result:
    """What the command says of files and options."""
    return CliRunner().invoke(main, ["compare", *map(str, words)])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A run, and others that differ from it in one way each."""
    larger = [
        dataclasses.replace(each, value=(each.value or 0) + 1)
        if (each.metric, each.variant) == ("gzip_bytes", "int8")
        else each
        for each in (*BASE, *RUNS)
    ]
    slower = [
        dataclasses.replace(each, value=1.0, low=0.99, high=1.01)
        if each.metric == "speedup" and each.variant == "int8"
        else each
        for each in (*BASE, *RUNS)
    ]
    missing = [
        dataclasses.replace(each, status="failed", value=None, low=None, high=None, reason="broke")
        if (each.metric, each.variant) == ("speedup", "int8")
        else each
        for each in (*BASE, *RUNS)
    ]
    elsewhere = {**ENVIRONMENT["machine"], "cpu": "Other CPU"}
    return {
        "old": stored(tmp_path, "old", *BASE, *RUNS),
        "larger": stored(tmp_path, "larger", *larger),
        "slower": stored(tmp_path, "slower", *slower),
        "missing": stored(tmp_path, "missing", *missing),
        "elsewhere": stored(tmp_path, "elsewhere", *BASE, *RUNS, machine=elsewhere),
    }


@pytest.mark.parametrize("name", ["larger", "slower", "missing"])
def test_it_fails_on_what_it_is_told_to(files: dict[str, Path], name: str) -> None:
    """With exit code 1 and the figure's name, the tables all the same; else with 0."""
    pair = (files["old"], files[name])
    failing = compared(*pair, "--fail-on", f"worse, {name}")
    others = {"larger", "slower", "missing", "worse"} - {name}

    assert failing.exit_code == 1
    assert "1 figure fails: " in failing.output
    assert "int8" in failing.output.rpartition("1 figure fails: ")[2]
    assert compared(*pair, "--fail-on", ",".join(sorted(others))).exit_code == 0
    assert compared(*pair).exit_code == 0


def test_the_same_run_fails_on_nothing(files: dict[str, Path]) -> None:
    """All words together."""
    words = "slower,worse,larger,missing"

    assert compared(files["old"], files["old"], "--fail-on", words).exit_code == 0


def test_what_cannot_be_told_is_no_success(files: dict[str, Path]) -> None:
    """Speeds of another machine are not compared, so asking for slower ones is refused."""
    pair = (files["old"], files["elsewhere"])
    refused = compared(*pair, "--fail-on", "slower")

    assert refused.exit_code == 2
    assert "another machine" in refused.output
    assert "cannot be told" in refused.output
    assert compared(*pair, "--fail-on", "worse,larger,missing").exit_code == 0


def test_a_word_that_means_nothing_is_refused(files: dict[str, Path]) -> None:
    """By the words that there are."""
    result = compared(files["old"], files["old"], "--fail-on", "slow")

    assert result.exit_code == 2
    assert "--fail-on slow: wanted some of slower, worse, larger, missing" in result.output


@pytest.mark.parametrize("format", ["csv", "json"])
def test_programs_get_a_row_for_each_figure(files: dict[str, Path], format: str) -> None:
    """Both figures as numbers with their intervals, the change and the verdict."""
    text = compared(files["old"], files["slower"], "--format", format).output
    rows = json.loads(text) if format == "json" else list(csv.DictReader(io.StringIO(text)))
    (row,) = [row for row in rows if row["metric"] == "speedup" and row["variant"] == "int8"]

    assert [float(row[name]) for name in ("first", "value", "change")] == [2.0, 1.0, -0.5]
    assert float(row["value_low"]) == 0.99
    assert row["verdict"] == "slower"
    assert row["run"] == str(files["slower"])


@pytest.mark.parametrize("format", ["github", "html", "latex"])
def test_people_get_tables_in_their_format(files: dict[str, Path], format: str) -> None:
    """With the verdict."""
    mark = {"github": "| speedup", "html": "<th>speedup", "latex": r"\begin{tabular}"}[format]
    text = compared(files["old"], files["slower"], "--format", format).output

    assert mark in text
    assert "slower by 50.0" in text


def helped(command: str) -> str:
    """What a command says of itself, on one line."""
    return " ".join(CliRunner().invoke(main, [command, "--help"]).output.split())


def test_help_names_every_word_that_may_fail() -> None:
    """As the option takes them: the text is written out, so that help loads nothing."""
    told = helped("compare")

    assert f"one of these: {', '.join(FAILING)} (" in told


def test_help_names_what_is_taken_if_nothing_is_given() -> None:
    """The same of other numbers and folders that it writes out."""
    assert f"for a pair ({PAIR_SECONDS:g})" in helped("doctor")
    assert f"[default: {store.LOCAL.as_posix()}]" in helped("sweep")
