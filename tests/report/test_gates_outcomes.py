"""Outcomes of gates as they are printed, and how `weighin check` ends."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from helpers.gates import figure
from helpers.support import record, results_of, run, why, without

from weighin.cli import main
from weighin.records import store
from weighin.report.gates import judge, parse, render
from weighin.report.terminal import Terminal


def test_a_table_of_outcomes() -> None:
    """Gate, row, figure with its interval, bound in its unit, verdict: one line; reasons below."""
    records = [
        record("latency", 100e-6, 99e-6, 101e-6),
        record("latency", 80e-6, 79e-6, 81e-6, variant="int8", seed=1),
        record("latency", 100e-6, 99e-6, 101e-6, seed=1),
        *without("latency", "failed", "no power", variant="dynamic"),
    ]
    gates = [parse("latency <= 0.5 * baseline"), parse("int8: lateny > 1")]

    lines = render(judge(gates, results_of({}, records))).splitlines()

    first, second, third = (" ".join(line.split()) for line in lines[2:5])
    assert (
        "latency <= 0.5 * baseline small int8 litert seed 1 80.0 µs [79.0, 81.0] 50.0 µs breached"
    ) == first
    assert "latency <= 0.5 * baseline small dynamic litert no figure [1]" == second
    assert "int8: lateny > 1 no figure [2]" == third
    assert [
        "[1] failed: no power",
        "[2] no metric 'lateny' here; did you mean 'latency'?",
        "1 of 3 breached, 2 without a figure",
    ] == lines[-3:]
    assert ["gate", "row", "figure", "bound", "verdict"] == lines[0].split()


def test_a_reason_of_several_gates_is_told_once() -> None:
    """They refer to it by its number, as the cells of a table of results do."""
    reason = "no data were given, so inputs were drawn at random"
    records = [
        record("latency", 1e-4, variant="int8"),
        *without("agreement sqnr", "not measured", reason, variant="int8"),
    ]
    gates = [parse(text) for text in ("agreement >= 0.9", "latency <= 1", "int8: sqnr >= 20")]

    lines = render(judge(gates, results_of({}, records))).splitlines()

    assert ["[1]", "kept", "[1]"] == [line.split()[-1] for line in lines[2:5]]
    assert [f"[1] not measured: {reason}"] == [line for line in lines if reason in line]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_table_of_outcomes_fits_its_terminal(width: int) -> None:
    """Words wrap, nothing is left out, and verdicts are coloured where colours show."""
    records = [
        record("latency", 100e-6, 99e-6, 101e-6),
        record("latency", 80e-6, 79e-6, 81e-6, variant="prune(0.8)+int8", threads=4),
        record("latency", 100e-6, 99e-6, 101e-6, threads=4),
    ]
    outcomes = judge([parse("prune(0.8)+int8: latency <= 0.5 * baseline")], results_of({}, records))

    text = render(outcomes, terminal=Terminal(width))
    colored = render(outcomes, terminal=Terminal(width, colored=True))
    words = re.sub(r"[-\s]+", "", text)

    assert max(map(len, text.splitlines())) <= width < max(map(len, render(outcomes).splitlines()))
    for told in ("prune(0.8)", "+int8", "latency", "80.0µs", "[79.0,81.0]", "50.0µs", "breached"):
        assert told in words
    assert "1 of 1 breached" in text
    assert click.style("breached", fg="red") in colored


@pytest.fixture
def stored(tmp_path: Path) -> str:
    """A results file of one variant: 0.95 before, 0.94 [0.93, 0.955] after."""
    path = tmp_path / "run.json"
    store.save(path, results_of({}, (record("top1", 0.95), figure(0.94, 0.93, 0.955))))
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--gate", "top1 >= 0.9"], 0),
        (["--gate", "top1 >= 0.95"], 0),
        (["--gate", "top1 >= 0.95", "--strict"], 1),
        (["--gate", "top1 >= 0.97"], 1),
        (["--gate", "top1 >= 0.9", "--gate", "int8: top1 >= 0.99"], 1),
        (["--gate", "int16: top1 >= 0"], 1),
        (["--gate", "top1 >= 0.9 *"], 2),
        ([], 2),
    ],
)
def test_check_exits_by_its_gates(stored: str, arguments: list[str], code: int) -> None:
    """0 if all gates are kept, 1 if one is not, 2 if one is not understood or there is none."""
    done = CliRunner().invoke(main, ["check", stored, *arguments])

    assert code == done.exit_code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_check_shows_every_outcome(stored: str) -> None:
    """The kept ones too, so that a log says what was checked."""
    done = CliRunner().invoke(
        main, ["check", stored, "--gate", "top1 >= 0.9", "--gate", "top1 >= 0.99"]
    )

    lines = done.output.splitlines()
    assert ["kept", "breached"] == [line.split()[-1] for line in lines[2:4]]
    assert "1 of 2 breached" == lines[-1]


def test_check_of_a_file_that_is_none(tmp_path: Path) -> None:
    """A missing file is a message and an exit code, no traceback."""
    missing = str(tmp_path / "no.json")
    done = CliRunner().invoke(main, ["check", missing, "--gate", "top1 >= 0"])

    assert 2 == done.exit_code
    assert f"Error: {missing} cannot be read" in done.output


def test_strict_says_what_it_fails_for_and_how_many() -> None:
    """The same row that is let through otherwise; a count below the table."""
    records = [
        *run("baseline", 0.95, 1e-4),
        record("top1", 0.9, variant="int8", low=0.85, high=0.95),
        record("top1", 0.9, variant="dynamic", low=0.89, high=0.91),
    ]
    outcomes = judge([parse("top1 >= 0.92"), parse("top6 >= 0.5")], results_of({}, records))

    lax, strict = (render(outcomes, strict=each) for each in (False, True))

    assert "within the interval" in lax
    assert "1 of 3 breached, 1 without a figure" == lax.splitlines()[-1]
    assert "breached, though not beyond the interval" in strict
    assert "2 of 3 breached, 1 without a figure" == strict.splitlines()[-1]


def test_what_a_variant_lacks_is_not_called_a_missing_variant() -> None:
    """The baseline has no speed-up, and a reason is no figure."""
    records = [*run("baseline", 0.95, 1e-4), *run("int8", 0.95, 1e-4), why("int8", "zeros")]
    outcomes = judge([parse("baseline: speedup >= 1"), parse("why >= 1")], results_of({}, records))

    assert outcomes[0].reason.startswith("baseline has no speedup here; it has latency, top1")
    assert outcomes[1].reason.startswith("no metric 'why' here; there are ")
