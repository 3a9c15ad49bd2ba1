"""Outcomes of gates as they are printed, and how `weighin check` ends."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner
from helpers.gates import figure
from helpers.support import record, results_of, run, why, without

from weighin.cli import main
from weighin.records import store
from weighin.report.gates import MODES, Judged, judge, parse, render, summary, write_junit
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
        "latency <= 0.5 * baseline small: int8 on litert seed 1 80.0 µs [79.0, 81.0] 50.0 µs "
        "breached"
    ) == first
    assert "latency <= 0.5 * baseline small: dynamic on litert no figure [1]" == second
    assert "int8: lateny > 1 no figure [2]" == third
    assert [
        "[1] failed: no power",
        "[2] no metric 'lateny' here; did you mean 'latency'?",
        "mode breached, the default: a gate fails where the whole interval lies beyond its bound; "
        "the safe mode is proven",
        "1 of 2 gates breached, 1 without a figure (3 of 3 rows)",
    ] == lines[-4:]
    assert ["gate", "row", "figure", "bound", "verdict"] == lines[0].split()


def test_a_reason_of_several_gates_is_told_once() -> None:
    """They refer to it by its number, as the cells of a table of results do."""
    reason = "no data were given, so inputs were drawn at random"
    records = [
        record("latency", 1e-4, 9e-5, 2e-4, variant="int8"),
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
    assert "1 gate breached" == text.splitlines()[-1]
    assert click.style("breached", fg="red") in colored
    assert click.style("1 gate breached", fg="red", bold=True) == colored.splitlines()[-1]


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
        (["--gate", "top1 >= 93.5%", "--strict"], 0),
        (["--gate", "top1 >= 93.5%", "--proven"], 1),
        (["--gate", "top1 >= 93%", "--proven"], 0),
        (["--gate", "top1 >= 93%", "--proven", "--strict"], 2),
        (["--gate", "small: int8 on litert x1: top1 >= 90%"], 0),
        (["--gate", "int8 on keras-cpu: top1 >= 90%"], 1),
        (["--gate", "top1 >= 0"], 2),
        (["--gate", "top1 >= 90 kB"], 2),
        (["--gate", "top1 >= 0.97"], 1),
        (["--gate", "top1 >= 0.9", "--gate", "int8: top1 >= 0.99"], 1),
        (["--gate", "int16: top1 >= 0.1"], 1),
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
    assert "1 of 2 gates breached" == lines[-1]


def test_check_of_a_file_that_is_none(tmp_path: Path) -> None:
    """A missing file is a message and an exit code, no traceback."""
    missing = str(tmp_path / "no.json")
    done = CliRunner().invoke(main, ["check", missing, "--gate", "top1 >= 0"])

    assert 2 == done.exit_code
    assert f"Error: {missing} cannot be read" in done.output


RECORDS = [
    *run("baseline", 0.95, 1e-4),
    record("top1", 0.9, variant="int8", low=0.85, high=0.95),
    record("top1", 0.9, variant="dynamic", low=0.89, high=0.91),
]


def judged(mode: str, *texts: str) -> Judged:
    """What becomes of gates on the records above."""
    return judge([parse(text) for text in texts], results_of({}, RECORDS), MODES[mode])


@pytest.mark.parametrize(
    ("mode", "texts", "told"),
    [
        ("breached", ["dynamic: top1 >= 80%"], "1 gate kept"),
        ("breached", ["top1 >= 80%"], "1 gate kept on 2 rows"),
        ("breached", ["top1 >= 80%", "top1 >= 70%"], "2 gates kept on 4 rows"),
        ("breached", ["int8: top1 >= 90%"], "1 gate kept, not proven"),
        ("breached", ["top1 >= 89%"], "1 gate kept on 2 rows, not proven on 1 of 2 rows"),
        ("breached", ["dynamic: top1 >= 92%"], "1 gate breached"),
        ("breached", ["top1 >= 92%"], "1 gate breached (1 of 2 rows)"),
        ("breached", ["top6 >= 1"], "1 gate without a figure"),
        (
            "breached",
            ["top1 >= 92%", "top6 >= 1", "dynamic: top1 >= 5%"],
            "1 of 3 gates breached, 1 without a figure (2 of 4 rows)",
        ),
        ("strict", ["int8: top1 >= 92%"], "1 gate breached"),
        ("strict", ["int8: top1 >= 89%"], "1 gate kept, not proven"),
        ("proven", ["int8: top1 >= 89%"], "1 gate not proven"),
        ("proven", ["int8: top1 >= 85%"], "1 gate kept"),
        (
            "proven",
            ["int8: top1 >= 92%", "dynamic: top1 >= 92%"],
            "1 of 2 gates breached, 1 not proven",
        ),
        ("breached", [], "0 gates kept"),
    ],
)
def test_a_line_says_what_became_of_all(mode: str, texts: list[str], told: str) -> None:
    assert told == summary(judged(mode, *texts))


@pytest.mark.parametrize("mode", MODES)
def test_every_output_names_the_mode_and_the_safe_one(mode: str, tmp_path: Path) -> None:
    """The table in every form, and the JUnit file."""
    made = judged(mode, "top1 >= 92%")
    write_junit(tmp_path / "gates.xml", made)
    written = [render(made), render(made, "html"), (tmp_path / "gates.xml").read_text("utf-8")]

    for text in written:
        assert f"mode {mode}" in text
        assert "the safe mode" in text


def test_a_row_that_fails_says_so_where_its_verdict_leaves_it_open() -> None:
    verdicts = {
        mode: [line.split("  ")[-1].strip() for line in render(made).splitlines()[2:4]]
        for mode, made in (
            (mode, judged(mode, "top1 >= 92%", "int8: top1 >= 89%")) for mode in MODES
        )
    }

    assert {
        "breached": ["beyond, not proven", "breached"],
        "strict": ["beyond, not proven: fails", "breached"],
        "proven": ["beyond, not proven: fails", "breached"],
    } == verdicts


def test_a_bound_is_shown_with_its_unit_and_a_gate_as_it_is_written() -> None:
    loss = record("top1_delta", -0.02, -0.03, -0.01, variant="int8")
    faster = record("speedup", 1.25, 1.2, 1.3, variant="int8")
    gates = [parse(text) for text in ("top1_delta>=-0.5points", " speedup >= 1.5x ")]

    lines = render(judge(gates, results_of({}, [loss, faster]))).splitlines()

    assert (
        "top1_delta>=-0.5points small: int8 on litert -2.00 [-3.00, -1.00] -0.50 points breached"
        == (" ".join(lines[2].split()))
    )
    assert "speedup >= 1.5x small: int8 on litert 1.25 [1.20, 1.30] 1.50 × breached" == (
        " ".join(lines[3].split())
    )


def test_a_junit_file_has_a_test_for_each_gate_and_row(stored: str, tmp_path: Path) -> None:
    """A failure with figure, bound and verdict; names escaped."""
    path = tmp_path / "deep" / "gates.xml"
    words = ["--gate", "top1 >= 0.9", "--gate", "top1 > 0.99", "--gate", "<b>&: top1 > 1%"]

    done = CliRunner().invoke(main, ["check", stored, *words, "--junit", str(path)])

    assert 1 == done.exit_code
    suite = ElementTree.parse(path).getroot()[0]  # noqa: S314 - our own
    assert {"tests": "3", "failures": "2"} == {
        key: suite.attrib[key] for key in ("tests", "failures")
    }
    assert ["top1 >= 0.9", "top1 > 0.99", "<b>&: top1 > 1%"] == [
        case.attrib["name"] for case in suite.iter("testcase")
    ]
    assert ["small: int8 on litert", "small: int8 on litert", "no row"] == [
        case.attrib["classname"] for case in suite.iter("testcase")
    ]
    assert [
        "94.00 % [93.00, 95.50] against > 99.00 %: breached",
        "no figure (no variant or model '<b>&' here; there are baseline, int8)",
    ] == [failure.attrib["message"] for failure in suite.iter("failure")]


def test_a_junit_file_that_cannot_be_written_is_told(stored: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "gates.xml"

    done = CliRunner().invoke(
        main, ["check", stored, "--gate", "top1 >= 0.9", "--junit", str(path)]
    )

    assert 2 == done.exit_code
    assert f"{path} cannot be written" in done.output


def test_what_a_variant_lacks_is_not_called_a_missing_variant() -> None:
    """The baseline has no cold start here, and a reason is no figure."""
    records = [
        *run("baseline", 0.95, 1e-4),
        record("cold_start", 1.0, variant="int8"),
        why("int8", "zeros"),
    ]
    lacking, reason = judge(
        [parse("baseline: cold_start <= 1"), parse("why >= 1")], results_of({}, records)
    ).outcomes

    assert lacking.reason.startswith(
        "baseline has no cold_start here, which rows on litert have; it "
    )
    assert reason.reason.startswith("no metric 'why' here; there are ")
