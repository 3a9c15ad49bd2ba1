"""The version matrix: its figures beside the newest version's, and its formats.

`WEIGHIN_REGENERATE_GOLDEN=1 pytest tests/report/test_matrix.py` writes the golden tables anew; look
at their difference before keeping it.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.matrices import TFMOT, at, beside, line, older, states, weighed
from helpers.support import ENVIRONMENT, NASTY, file, record, run, without

from weighin.cli import main
from weighin.core import Record, Results
from weighin.records import store
from weighin.report.layout import FORMATS, one_line
from weighin.report.versions import matrix, render

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ENDINGS = {"text": "txt", "github": "md", "html": "html", "latex": "tex"}


METRICS = ("file_bytes", "gzip_bytes", "top1", "latency", "speedup")


def test_a_change_is_by_the_seeds_that_both_have() -> None:
    """As its verdict is: here every file of the same seed is larger, though their mean is not."""
    newer = [*weighed("int8", 1000), *weighed("int8", 1200, seed=1)]
    sizes = older(beside(newer, weighed("int8", 1050)), "gzip_bytes")

    assert ("larger", 0.05) == (sizes.verdict, pytest.approx(sizes.change, abs=1e-9))


def test_where_a_seed_of_the_newest_failed_nothing_is_compared() -> None:
    """Its column says `failed`; the others' figures stand there as they are."""
    failed = without("top1", "failed", "no", variant="int8", seed=1)
    made = beside([*weighed("int8"), *failed], weighed("int8", top1=0.5))

    assert ["failed", "ok"] == [each.status for each in line(made, "top1").entries]
    assert ("no figure", None) == (older(made, "top1").verdict, older(made, "top1").change)


def releases() -> list[Results]:
    """Four columns: two Pythons, an older TensorFlow with other figures, one that cannot work."""
    wide: dict[str, Any] = {"model": "wide"}
    keras = wide | {"format": "h5", "runtime": "keras-cpu"}
    of_file = wide | {"variant": "int8", "runtime": "", "threads": 0}
    large = weighed("baseline", 84_000_000, 0.975, 2e-3, **wide)
    now = [
        *weighed("baseline", 400_000),
        *weighed("prune(0.8)", 97_500, 0.9482),
        *weighed("int8", 99_000, 0.948, 0.5e-4),
        *weighed("prune(0.8)+int8", 32_125, 0.9471, 0.5e-4),
        *weighed("baseline", 400_010, 0.951, seed=1),
        *weighed("int8", 99_020, 0.949, 0.52e-4, seed=1),
        *large,
        *weighed("int8", 21_000_000, 0.974, 1e-3, **wide),
        *run("baseline", 0.975, 5e-3, **keras),
    ]
    before = [
        *weighed("baseline", 400_000),
        *weighed("prune(0.8)", 97_400, 0.9482),
        *weighed("int8", 105_000, 0.90, 0.9e-4),
        *weighed("prune(0.8)+int8", 32_125, 0.9471, 0.49e-4),
        *large,
        *without("file_bytes gzip_bytes", "failed", NASTY, **of_file),
        *without("top1 latency speedup", "failed", NASTY, variant="int8", **wide),
        *run("baseline", 0.975, 4e-3, **keras),
    ]
    reason = "tfmot 0.8.0 cannot prune here: <bug>\nTraceback | more"
    broken = [
        *file("baseline", 800_000, 400_100, artifact=""),
        *without("file_bytes", "failed", reason, variant="prune(0.8)", runtime="", threads=0),
    ]
    elsewhere = {**ENVIRONMENT["machine"], "cpu": "Other | CPU"}
    return [
        at("2.9.3", broken, packages={TFMOT: "0.8.0"}, machine=elsewhere),
        at("2.15.1", before, packages={"ai-edge-litert": "2.1.0"}),
        at("2.21.0", now),
        at("2.21.0", now, packages={"python": "3.12.4"}),
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_matrices_are_golden(format: str) -> None:
    """Four releases with every kind of cell are what was once looked at and kept."""
    path = GOLDEN / f"versions.{ENDINGS.get(format, format)}"
    actual = f"{render(releases(), format)}\n"
    if os.environ.get("WEIGHIN_REGENERATE_GOLDEN"):
        path.write_text(actual, "utf-8")

    assert path.read_text("utf-8") == actual


# -- figures ------------------------------------------------------------------------------------


def test_every_figure_is_held_against_the_newest() -> None:
    """With the verdicts of `weighin compare`, and by how much it differs."""
    made = beside(weighed("int8", 1000, 0.95, 0.5e-4), weighed("int8", 1100, 0.90, 0.8e-4))

    found = {metric: older(made, metric) for metric in METRICS}

    assert {
        "file_bytes": "larger",
        "gzip_bytes": "larger",
        "top1": "worse",
        "latency": "slower",
        "speedup": "slower",
    } == {metric: entry.verdict for metric, entry in found.items()}
    assert [0.1, 0.1, -0.05, 0.6, -0.375] == pytest.approx(
        [entry.change for entry in found.values()]
    )
    assert {("", None)} == {
        (each.entries[0].verdict, each.entries[0].change) for each in made.lines
    }


def test_other_figures_have_no_line() -> None:
    """Only the metrics of the matrix, and no reasons."""
    made = beside([*weighed("int8"), record("cold_start", 1.0)], weighed("int8"))

    assert set(METRICS) == {each.metric.name for each in made.lines}


def test_one_file_has_one_latency() -> None:
    """Where the very same .tflite runs on the same LiteRT, a difference is the machine's drift."""
    fast, slow = (weighed("int8", latency=at, artifact="ab" * 32) for at in (1e-4, 9e-4))

    assert "same" == older(beside(fast, slow), "latency").verdict
    assert "same" == older(beside(fast, slow), "gzip_bytes").verdict
    other = {"ai-edge-litert": "2.1.0"}
    assert "slower" == older(beside(fast, slow, packages=other), "latency").verdict
    assert "no evidence" == older(beside(fast, slow), "speedup").verdict
    elsewhere = {"cpu": "Other"}
    assert "not compared" == older(beside(fast, slow, machine=elsewhere), "latency").verdict
    for bare in (fast, slow):
        bare[:] = [dataclasses.replace(each, artifact="") for each in bare]
    assert "slower" == older(beside(fast, slow), "latency").verdict


@pytest.mark.parametrize(
    ("runtime", "package", "expected"),
    [
        ("litert", "openvino", "same"),
        ("openvino", "openvino", "slower"),
        ("openvino", "ai-edge-litert", "same"),
        ("keras-cpu", "openvino", "slower"),
        ("somebodys", "openvino", "slower"),
    ],
)
def test_one_file_runs_alike_on_one_version_of_its_engine(
    runtime: str, package: str, expected: str
) -> None:
    """Whatever else is installed; of Keras, which is more than a package, nobody knows."""
    where = {"runtime": runtime, "artifact": "ab" * 32}
    fast, slow = (weighed("int8", latency=at, **where) for at in (1e-4, 9e-4))
    made = beside(fast, slow, packages={package: "2.1.0"})

    assert expected == older(made, "latency").verdict


def test_rows_of_a_device_are_held_against_what_is_there() -> None:
    """Its machine and versions, which are not those that the runs were started on."""
    where = {"target": "pi5", "artifact": "ab" * 32}
    fast, slow = (weighed("int8", latency=at, **where) for at in (1e-4, 9e-4))

    def verdict(**there: Any) -> str:
        told = [
            {"pi5": {"machine": {"cpu": "A76"}, "packages": {"ai-edge-litert": "2.3.0"}} | each}
            for each in ({}, there)
        ]
        runs = (("2.21.0", fast, told[0]), ("2.19.1", slow, told[1]))
        made = matrix([at(version, rows, devices=devices) for version, rows, devices in runs])
        return older(made, "latency").verdict

    assert "same" == verdict()
    assert "slower" == verdict(packages={"ai-edge-litert": "2.1.0"})
    assert "not compared" == verdict(machine={"cpu": "A72"})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"machine": {"cpu": "Other"}}, "another machine"),
        ({"calibration": None}, "only one of them has a calibration"),
    ],
)
def test_times_of_other_machines_are_not_compared(changes: dict[str, Any], reason: str) -> None:
    """Sizes and shares are; the refusal is said below, and degrades nothing."""
    made = beside(weighed("int8"), weighed("int8", latency=9e-4), **changes)

    assert ["same", "same", "no evidence", "not compared", "not compared"] == [
        older(made, metric).verdict for metric in METRICS
    ]
    assert older(made, "latency").change is None
    assert reason in made.releases[1].refused
    assert any(reason in words and "2.19.1" in words for words in made.origin)
    assert {"int8": ["works", "works"]} == states(made)


def test_seeds_are_averaged() -> None:
    """A mean, its deviation, and how many there are."""
    newest = [*weighed("int8", 1000, 0.95), *weighed("int8", 1100, 0.96, seed=1)]
    entry = line(beside(newest, weighed("int8")), "gzip_bytes").entries[0]

    assert (1050, 2) == (entry.value, entry.seeds)
    assert 70.7 == pytest.approx(entry.deviation, abs=0.1)


def test_verdicts_are_by_the_seeds_that_both_have() -> None:
    """A third training that only one release has is no difference between them."""
    three = [*weighed("int8", 1000), *weighed("int8", 2000, seed=1)]

    assert "same" == older(beside(three, weighed("int8", 1000)), "gzip_bytes").verdict
    assert "no figure" == older(beside(three, weighed("int8", seed=7)), "gzip_bytes").verdict


def test_more_seeds_are_not_more_images() -> None:
    """Each seed answers the same ones: 1,000 of them stay 1,000."""

    def seeds(top1: float) -> list[Record]:
        return [each for seed in range(9) for each in weighed("int8", top1=top1, seed=seed)]

    assert "no evidence" == older(beside(seeds(0.95), seeds(0.935)), "top1").verdict
    assert "worse" == older(beside(seeds(0.95), seeds(0.92)), "top1").verdict


def test_a_seed_that_failed_is_not_averaged_away() -> None:
    """One of three without a figure leaves none, and says why."""
    failed = without("latency", "failed", "no power", variant="int8", seed=1)
    entry = older(beside(weighed("int8"), [*weighed("int8"), *failed]), "latency")

    assert ("failed", None) == (entry.status, entry.value)
    assert "in 1 of 2 seeds: no power" == entry.reason


def test_what_a_release_lacks_is_not_measured() -> None:
    """On either side; and what there is stands without a verdict."""
    both = weighed("int8") + weighed("dynamic")
    made = beside(weighed("int8"), both)

    assert ["not measured", "ok"] == [e.status for e in line(made, "top1", "dynamic").entries]
    assert "no figure" == line(made, "top1", "dynamic").entries[1].verdict
    assert ["not measured", "works"] == states(made)["dynamic"]
    assert ["works", "not measured"] == states(beside(both, weighed("int8")))["dynamic"]


def test_runtimes_threads_and_formats_are_not_mixed() -> None:
    """Each is a line of its own, litert first."""
    places: list[dict[str, Any]] = [
        {"runtime": "other"},
        {"format": "h5", "runtime": "keras-cpu"},
        {"threads": 4},
        {},
    ]
    records = [record("latency", 1e-4 * at, **place) for at, place in enumerate(places, start=1)]

    made = beside(records, list(reversed(records)))

    assert ["litert", "litert ×4", "other", "keras-cpu"] == [each.place for each in made.lines]
    assert all(each.entries[0].value == each.entries[1].value for each in made.lines)


def test_what_nobody_could_measure_is_left_out() -> None:
    """Accuracy on noise, a GPU that is not there: no line, no technique."""
    noise = without("top1", "not measured", "labels mean nothing", variant="int8")
    gpu = without("top1 latency", "skipped", "no GPU here", variant="int8", runtime="keras-gpu")
    made = beside([*noise, *gpu, *file("int8", 2, 1)], [*noise, *gpu, *file("int8", 2, 1)])

    assert {"file_bytes", "gzip_bytes"} == {each.metric.name for each in made.lines}
    assert ["tflite"] == [each.place for each in made.techniques]


# -- formats ------------------------------------------------------------------------------------

HOSTILE = [
    at("2.21|<b>0</b>", weighed("<u>x</u>|y", model="<i>m</i>")),
    at(
        "2.19.1",
        without("file_bytes top1", "failed", NASTY, variant="<u>x</u>|y", model="<i>m</i>"),
    ),
]


def test_html_is_escaped() -> None:
    """Neither versions nor names nor reasons become part of the page."""
    page = render(HOSTILE, "html")

    assert {"h3", "table", "thead", "tbody", "tr", "th", "td", "p", "br"} == set(
        re.findall(r"<([a-z0-9]+)", page)
    )
    for word in ("&lt;b&gt;0", "&lt;u&gt;x", "&lt;i&gt;m", "&lt;script&gt;"):
        assert word in page


@pytest.mark.parametrize("format", ["csv", "json"])
def test_machine_formats_hold_every_entry_and_state(format: str) -> None:
    """Bare numbers, one row for each line and release, then for each technique and release."""
    text = render(releases(), format)
    rows = json.loads(text) if format == "json" else list(csv.DictReader(io.StringIO(text)))
    made = matrix(releases())

    told = str if format == "json" else one_line  # a cell of CSV is one line

    figures = [row for row in rows if row.get("metric")]
    assert [
        (each.metric.name, each.case.variant, entry.release, entry.verdict, told(entry.reason))
        for each in made.lines
        for entry in each.entries
    ] == [
        (row["metric"], row["variant"], row["tensorflow"], row["verdict"], row["reason"])
        for row in figures
    ]
    assert [entry.value for each in made.lines for entry in each.entries] == [
        float(row["value"]) if row["value"] not in (None, "") else None for row in figures
    ]
    assert [(each.name, state.word) for each in made.techniques for state in each.states] == [
        (row["technique"], row["state"]) for row in rows if row.get("technique")
    ]


# -- command ------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path: Path) -> list[str]:
    """The four releases in a results file each."""
    paths = [tmp_path / f"{number}.json" for number in range(4)]
    for path, results in zip(paths, releases(), strict=True):
        store.save(path, results)
    return list(map(str, paths))


@pytest.mark.parametrize("format", FORMATS)
def test_table_prints_the_matrix(stored: list[str], format: str) -> None:
    """What `render` makes of the stored files."""
    done = CliRunner().invoke(
        main, ["table", "--by", "tensorflow", "--format", format, *reversed(stored)]
    )

    assert 0 == done.exit_code, done.output
    assert f"{render(releases(), format)}\n" == done.output


def test_table_of_one_version_says_the_way_out(stored: list[str]) -> None:
    """One message, no traceback."""
    done = CliRunner().invoke(main, ["table", "--by", "tensorflow", stored[0]])

    assert 2 == done.exit_code
    assert isinstance(done.exception, SystemExit)
    assert "Error: A version matrix wants" in done.output
