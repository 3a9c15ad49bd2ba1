"""The command line: what it prints, on which stream, and its exit codes."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.commands import run_weighin
from helpers.support import operating_points, results_of

import weighin
from weighin import registry
from weighin.cli import main
from weighin.core import Case, Record
from weighin.records import store
from weighin.report.layout import FORMATS

ROOT = Path(weighin.__file__).resolve().parent.parent


def _records(model="tiny"):
    file = Record(Case(model, "digits", "baseline", 0, "tflite"), "gzip_bytes", "B", "ok", 4000.0)
    top1 = dataclasses.replace(
        file.of(runtime="litert", threads=1),
        metric="top1",
        unit="",
        value=0.5,
        low=0.4,
        high=0.6,
        n=90,
    )
    small = dataclasses.replace(file.of(variant="int8"), value=1000.0)
    failed = dataclasses.replace(
        top1.of(variant="int8"),
        status="failed",
        value=None,
        low=None,
        high=None,
        reason="it <broke>",
    )
    return (file, top1, small, failed)


@pytest.fixture
def results(tmp_path):
    """A results file of two variants, one of which failed."""
    path = tmp_path / "results.json"
    store.save(path, results_of({"profile": "quick"}, _records()))
    return path


# -- definitions ---------------------------------------------------------------------------------


def test_definitions_are_those_that_are_named(weigh, shop):
    """With `--definitions` nothing else is loaded; the suite is that of all models."""
    result = weigh("list", "--definitions", shop.project / "models" / "tiny_cnn.py")

    assert 0 == result.exit_code
    assert ["tiny_cnn"] == list(registry.models)
    assert ["all"] == list(registry.suites)
    assert "suites:\n  all  tiny_cnn: baseline, float16, dynamic, int8, prune" in result.stdout


def test_definitions_that_are_not_there_are_an_error(weigh, tmp_path):
    """The message names the path."""
    result = weigh("list", "--definitions", tmp_path / "missing.py")

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("Error: ")
    assert "missing.py" in result.stderr


def test_definitions_with_a_mistake_are_an_error(weigh, tmp_path):
    """The message names the file and the mistake, without a traceback."""
    (tmp_path / "typo.py").write_text("import weighin\nweighin.mdoel\n")
    result = weigh("list", "--definitions", tmp_path / "typo.py")

    assert (2, "") == (result.exit_code, result.stdout)
    assert "typo.py" in result.stderr
    assert "mdoel" in result.stderr
    assert "Traceback" not in result.stderr


# -- table --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "marks"),
    [
        ("text", ["tiny on digits", "4.00 kB", "50.00 % [40.00, 60.00]", "it <broke>", "quick"]),
        ("github", ["### tiny on digits", "| baseline", "4.00 kB", "it &lt;broke&gt;"]),
        ("html", ["<table>", "4.00 kB", "it &lt;broke&gt;", "<h3>tiny on digits</h3>"]),
        ("latex", [r"\begin{tabular}", "4.00 kB", r"50.00 \%"]),
        ("csv", ["gzip_bytes", "4000,", "failed: it <broke>"]),
        ("json", ['"gzip_bytes": 4000,', "failed: it <broke>"]),
    ],
)
def test_table_is_printed_in_each_format(weigh, results, style, marks):
    """Each format has the figures, and the reason for the one that is missing."""
    result = weigh("table", results, "--format", style)

    assert (0, "") == (result.exit_code, result.stderr)
    assert [] == [mark for mark in marks if mark not in result.stdout]


def test_every_format_is_known_to_the_tests():
    """A new format gets a line in the test above."""
    (marked,) = [
        mark
        for mark in test_table_is_printed_in_each_format.pytestmark
        if mark.name == "parametrize"
    ]

    assert sorted(FORMATS) == sorted(style for style, _ in marked.args[1])


def test_text_is_the_format_where_none_is_named(weigh, results):
    """`weighin table FILE` prints what people read."""
    assert weigh("table", results, "--format", "text").stdout == weigh("table", results).stdout


@pytest.fixture
def two_files(tmp_path):
    """Results of two models, in a file each."""
    paths = [tmp_path / "first.json", tmp_path / "second.json"]
    for path, model in zip(paths, ("tiny", "huge"), strict=True):
        store.save(path, results_of({}, _records(model)))
    return paths


@pytest.mark.parametrize("style", ["text", "github", "html", "latex"])
def test_tables_of_several_files_follow_each_other(weigh, two_files, style):
    """In the order in which the files are named."""
    result = weigh("table", *two_files, "--format", style)

    assert 0 == result.exit_code
    assert 0 <= result.stdout.index("tiny on digits") < result.stdout.index("huge on digits")


def test_json_of_several_files_is_one_list(weigh, two_files):
    """What is printed is one JSON document."""
    rows = json.loads(weigh("table", *two_files, "--format", "json").stdout)

    assert ["tiny", "tiny", "huge", "huge"] == [row["model"] for row in rows]


def test_csv_of_several_files_is_one_table(weigh, two_files):
    """What is printed is one CSV table under one header."""
    text = weigh("table", *two_files, "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))

    assert ["tiny", "tiny", "huge", "huge"] == [row["model"] for row in rows]


# -- curve, record ------------------------------------------------------------------------------


@pytest.fixture
def points(tmp_path):
    """A results file of several operating points."""
    path = tmp_path / "points.json"
    store.save(path, operating_points())
    return path


def test_curve_prints_a_table_and_draws_on_demand(weigh, points, tmp_path):
    """The figure goes where it is told to, by its ending; without `-o` nothing is written."""
    before = sorted(tmp_path.iterdir())
    plain = weigh("curve", points, "--format", "github")
    assert before == sorted(tmp_path.iterdir())
    drawn = weigh("curve", points, "-o", tmp_path / "curve.svg")

    assert (0, "") == (plain.exit_code, plain.stderr)
    assert "| prune(·)+int8" in plain.stdout
    assert 0 == drawn.exit_code
    assert "prune(·)+int8" in drawn.stdout
    assert "<svg" in (tmp_path / "curve.svg").read_text("utf-8")


def test_curve_refuses_what_it_cannot_draw(weigh, points, tmp_path):
    """One message, and no table as if all were well."""
    result = weigh("curve", points, "-o", tmp_path / "curve.gif")

    assert (2, "") == (result.exit_code, result.stdout)
    assert "curve.gif: figures are drawn as .svg or .png" in result.stderr


def test_record_prints_its_table(weigh, points):
    """In any of the formats."""
    text, rows = weigh("record", points), weigh("record", points, "--format", "json")

    assert (0, "") == (text.exit_code, text.stderr)
    assert "× below 4 B/parameter" in text.stdout
    assert "12 gained, 14 lost" in text.stdout
    assert {row["variant"] for row in json.loads(rows.stdout)} > {"baseline", "prune(0.5)"}


NO_RESULTS = {
    "empty": b"",
    "cut off": b'{"schema": 1, "environment": {}, "records": [{"model":',
    "text": b"model,variant\n",
    "binary": b"\x89PNG\r\n\x1a\n\xff\xfe",
    "other json": b'{"benchmarks": []}',
    "a list": b"[]",
    "newer": b'{"schema": 999, "environment": {}, "records": []}',
    "no records": b'{"schema": 1, "environment": {}}',
    "odd record": b'{"schema": 1, "environment": {}, "records": [{"model": "m"}]}',
    "list for a record": b'{"schema": 1, "environment": {}, "records": [[]]}',
    "number for a record": b'{"schema": 1, "environment": {}, "records": [7]}',
}


@pytest.mark.parametrize("content", NO_RESULTS.values(), ids=NO_RESULTS)
def test_a_file_without_results_is_refused_by_name(weigh, tmp_path, content):
    """One message on standard error, nothing on standard output, exit code 1."""
    path = tmp_path / "damaged.json"
    path.write_bytes(content)
    result = weigh("table", path)

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("Error: ")
    assert "damaged.json" in result.stderr
    assert 1 == len(result.stderr.strip().splitlines())


def test_a_newer_file_says_how_to_read_it(weigh, tmp_path):
    """The message names the command that helps."""
    path = tmp_path / "newer.json"
    path.write_bytes(NO_RESULTS["newer"])

    assert "pip install --upgrade weighin" in weigh("table", path).stderr


@pytest.mark.parametrize("wrong", ["missing.json", "."])
def test_a_good_file_beside_a_bad_one_is_not_shown(weigh, results, tmp_path, wrong):
    """All or nothing: half a comparison is none."""
    result = weigh("table", results, tmp_path / wrong)

    assert (2, "") == (result.exit_code, result.stdout)
    assert str(tmp_path / wrong) in result.stderr


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["table"], "FILES"),
        (["table", "results.json", "--format", "word"], "github"),
        (["tabel"], "No such command"),
        (["list", "--colour"], "No such option"),
    ],
)
def test_wrong_use_is_told_apart_from_wrong_files(weigh, words, hint):
    """Click's exit code 2, with a hint at what is right."""
    result = weigh(*words)

    assert (2, "") == (result.exit_code, result.stdout)
    assert hint in result.stderr


# -- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(weigh, flag):
    """With the first sentence of each."""
    result = weigh(flag)

    assert 0 == result.exit_code
    assert "smaller, as accurate, and faster" in result.stdout
    assert {"list", "table", "doctor"} <= set(main.commands)
    for name, command in main.commands.items():
        assert f"  {name} " in result.stdout
        assert command.get_short_help_str(40).rstrip(".")[:20] in result.stdout


@pytest.mark.parametrize("name", main.commands)
def test_help_explains_every_option(weigh, name):
    """Every option has a line that says what it does."""
    result = weigh(name, "-h")
    options = [each for each in main.commands[name].params if each.param_type_name == "option"]

    assert 0 == result.exit_code
    assert f"Usage: main {name}" in result.stdout
    for option in options:
        assert option.opts[0] in result.stdout
        assert option.help or "--format" in option.opts


def test_version_is_the_packages(weigh):
    """`weighin --version`, installed or not."""
    assert weighin.__version__ in weigh("--version").stdout


# -- a process of its own ------------------------------------------------------------------------


def test_piped_output_is_plain(results, tmp_path, child_environment):
    """A real process prints a table without colours, and an error with exit code 1."""
    good = run_weighin("table", results, child_environment=child_environment)
    bad = run_weighin("table", tmp_path / "missing.json", child_environment=child_environment)

    assert (0, "") == (good.returncode, good.stderr)
    assert "4.00 kB" in good.stdout
    assert "\x1b" not in good.stdout + bad.stderr
    assert (2, "") == (bad.returncode, bad.stdout)
    assert bad.stderr.startswith("Error: ")


def test_an_interrupt_ends_any_command_as_shells_expect(results, monkeypatch):
    """Also one that comes while a command is still importing what it needs."""

    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "load", interrupted)

    done = CliRunner().invoke(main, ["table", str(results)])

    assert 130 == done.exit_code
    assert "stopped" in done.output
