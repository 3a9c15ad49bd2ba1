"""What the report page says: its cells and plots are those of tables and curves."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from helpers.support import (
    ENVIRONMENT,
    file,
    operating_points,
    results,
    results_of,
    run,
    without,
)
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Record
from weighin.report.columns import columns
from weighin.report.curve import curves
from weighin.report.page.contents import contents
from weighin.report.table import tables

AT = {column.metric: number for number, column in enumerate(columns(results()))}


def shown(*records: Record) -> dict[str, Any]:
    """The only section of a page of these records."""
    (section,) = contents([("run.json", results_of(ENVIRONMENT, records))])["sections"]
    return section


def written(cell: Mapping[str, Any]) -> str:
    """A cell's parts put together again."""
    words = [cell.get("text", "") + cell.get("ends", ""), cell.get("verdict", "")]
    marks = [f"[{number}]" for number in cell.get("notes", ())]
    return " ".join(word for word in (*words, *marks) if word)


# -- what it says -------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [results, operating_points])
def test_cells_say_what_the_table_says(made: Any) -> None:
    """Figures, intervals, verdicts, statuses and the numbers of notes are those of the table."""
    page = contents([("run.json", made())])

    for table, section in zip(tables(made()), page["sections"], strict=True):
        ranked = sorted(table.rows, key=lambda row: row.is_skipped)
        expected = [[cell.strip() for cell in table.cells(row)] for row in ranked]
        assert expected == [
            [
                row["variant"],
                row["place"],
                *map(written, row["cells"]),
                written({"notes": row["why"]}),
            ]
            for row in section["rows"]
        ]
        assert table.notes == section["notes"]


def test_a_baseline_alone_has_no_columns_of_comparisons() -> None:
    """They would be empty; beside another row they are there."""
    alone, other = (run(variant, 0.9, 1e-4) for variant in ("baseline", "int8"))

    columns = shown(*alone)["columns"]
    assert {AT["top1"], AT["latency"]} <= set(columns)
    assert not {AT["top1_delta"], AT["smaller"], AT["speedup"]} & set(columns)
    assert {AT["top1_delta"], AT["speedup"]} <= set(shown(*alone, *other)["columns"])


def test_numbers_to_sort_by_are_the_records_own() -> None:
    """Bytes, seconds and shares, the mean over seeds; none where a seed has no figure."""
    section = shown(
        *file("int8", 30, 20),
        *file("int8", 30, 10, seed=1),
        *run("int8", 0.9, 1e-4)[:1],
        *run("int8", 0.8, 3e-4, seed=1)[:3],
        *without("latency", "failed", "the power went off", variant="int8"),
    )
    (row,) = section["rows"]

    assert 15 == row["cells"][AT["gzip_bytes"]]["value"]
    assert pytest.approx(0.85) == row["cells"][AT["top1"]]["value"]
    assert "value" not in row["cells"][AT["latency"]]
    assert "failed" == row["cells"][AT["latency"]]["status"]


@pytest.mark.parametrize(
    ("verdicts", "tones"),
    [
        (("better", "faster"), ("good", "good")),
        (("worse", "slower"), ("bad", "bad")),
        (("same within ±1 points", "no evidence"), ("same", None)),
    ],
)
def test_tones_follow_verdicts(verdicts: tuple[str, str], tones: tuple[str, str | None]) -> None:
    """What is coloured says so in words, too."""
    (row,) = shown(*run("int8", 0.9, 1e-4, verdicts=verdicts))["rows"]
    cells = [row["cells"][AT[metric]] for metric in ("top1_delta", "speedup")]

    assert list(verdicts) == [cell["verdict"] for cell in cells]
    assert list(tones) == [cell.get("tone") for cell in cells]


def test_seeds_that_disagree_have_no_tone() -> None:
    """Neither colour would be true."""
    (row,) = shown(
        *run("int8", 0.9, 1e-4, verdicts=("worse", "faster")),
        *run("int8", 0.9, 1e-4, verdicts=("no evidence", "faster"), seed=1),
    )["rows"]

    assert "tone" not in row["cells"][AT["top1_delta"]]
    assert "good" == row["cells"][AT["speedup"]]["tone"]


def test_every_row_is_there_with_its_statuses() -> None:
    """Rows of a runtime that is not here stand last, and say what became of them."""
    page = contents([("run.json", results())])
    rows = [(row["variant"], row["place"], row["statuses"]) for row in page["sections"][0]["rows"]]

    assert ("int8", "litert", ["failed"]) in rows
    assert ("prune(0.8)+int8", "litert", ["skipped", "not measured"]) in rows
    assert ("prune(0.8)", "litert", []) in rows
    assert ["keras-gpu", "keras-gpu"] == [place for _, place, _ in rows[-2:]]
    assert {"measured": 6, "failed": 2, "skipped": 3, "not measured": 2} == page["head"]["counts"]


def test_the_smallest_that_is_not_worse() -> None:
    """What is found worse, or was not held against the baseline, is not praised for its size."""
    section = shown(
        *file("baseline", 9000, 8000),
        *file("finetune", 9000, 10),
        *file("prune(0.8)", 9000, 2000),
        *file("int8", 9000, 1000),
        *file("dynamic", 9000, 500),
        *run("baseline", 0.95, 1e-4),
        *run("finetune", 0.95, 1e-4),
        *run("prune(0.8)", 0.95, 1e-4, verdicts=("no evidence", "no evidence")),
        *run("int8", 0.9, 0.5e-4, verdicts=("worse", "faster")),
        *run("dynamic", 0.9, 0.5e-4)[2:],
    )

    assert "prune(0.8)" == section["rows"][section["smallest"]["row"]]["variant"]
    assert "4.00×" == section["smallest"]["text"]
    assert {"text": "none"} == section["fastest"]


def test_the_fastest_that_is_not_worse() -> None:
    """Found faster in every seed."""
    section = shown(
        *run("baseline", 0.95, 1e-4),
        *run("prune(0.8)", 0.95, 0.2e-4, verdicts=("no evidence", "no evidence")),
        *run("int8", 0.95, 0.5e-4, verdicts=("better", "faster")),
        *run("dynamic", 0.95, 0.8e-4, verdicts=("better", "faster")),
    )

    assert "int8" == section["rows"][section["fastest"]["row"]]["variant"]
    assert "2.00×" == section["fastest"]["text"]
    assert {"text": "× smaller not measured"} == section["smallest"]


def test_accuracy_that_nobody_measured_praises_nothing() -> None:
    """Where data are noise, the overview says so."""
    section = shown(*file("baseline", 90, 80), *file("int8", 30, 20))

    assert {"text": "accuracy not measured"} == section["smallest"] == section["fastest"]


# -- plots --------------------------------------------------------------------------------------


def test_fronts_are_the_curves() -> None:
    """The same points as `weighin curve` marks, and by sizes the same as by ratios of sizes."""
    page = contents([("run.json", operating_points())])
    ((curve,), (plot,)) = curves(operating_points()), page["plots"]
    rows = page["sections"][0]["rows"]

    def front(pair: str) -> set[str]:
        return {rows[at]["variant"] for at in plot["fronts"][pair]}

    assert curve.fronts["smaller"] == front("smaller top1")
    assert curve.fronts["speedup"] == front("speedup top1")


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=9
    )
)
def test_no_row_of_a_front_is_beaten(points: list[tuple[int, int, int]]) -> None:
    """Lower is better of sizes and latencies, higher of shares; off the front something is."""
    records = [*file("baseline", 99, 10), *run("baseline", 0.5, 1e-4)]
    for at, (size, share, time) in enumerate(points):
        records += [*file(f"v{at}", 99, size), *run(f"v{at}", share / 10, time * 1e-5)]
    page = contents([("run.json", results_of({}, tuple(records)))])
    ((section,), (plot,)) = page["sections"], page["plots"]

    for pair, on_front in plot["fronts"].items():
        names = pair.split()
        if "smaller" in names or "speedup" in names:  # the baseline has no figure of its own there
            continue
        cells = [[row["cells"][AT[name]]["value"] for name in names] for row in section["rows"]]
        signed = [
            [-v if name != "top1" else v for name, v in zip(names, own, strict=True)]
            for own in cells
        ]
        beaten = [
            any(o != own and all(a >= b for a, b in zip(o, own, strict=True)) for o in signed)
            for own in signed
        ]
        assert [at for at, is_beaten in enumerate(beaten) if not is_beaten] == sorted(on_front)


def test_families_have_looks_of_their_own() -> None:
    """Colour and shape, by which the page's legend names them."""
    (plot,) = contents([("run.json", operating_points())])["plots"]
    looks = [(family["colour"], family["shape"]) for family in plot["families"]]

    assert ["prune(·)", "prune(·,criterion=random)", "prune(·)+int8", "finetune"] == [
        family["name"] for family in plot["families"]
    ]
    assert len(looks) == len({colour for colour, _ in looks}) == len({shape for _, shape in looks})


def test_controls_alone_have_no_plot() -> None:
    """There is nothing to hold against them."""
    records = (*file("baseline", 9, 9), *run("baseline", 0.9, 1e-4))

    assert [] == contents([("run.json", results_of({}, records))])["plots"]


# -- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["results/a/run.json"], ["run.json"]),
        (["r/x/run.json", "r/y/run.json"], ["x/run.json", "y/run.json"]),
        (["/home/me/a.json", "results/b.json"], ["a.json", "b.json"]),
        (["r/x/run.json", "r/y/run.json", "r/z.json"], ["x/run.json", "y/run.json", "z.json"]),
        (["x/run.json", "run.json"], ["x/run.json", "run.json"]),
        (["run.json", "run.json"], ["run.json", "run.json"]),
    ],
)
def test_files_are_called_by_what_tells_them_apart(given: list[str], expected: list[str]) -> None:
    """No more of a path than that."""
    page = contents([(name, operating_points()) for name in given])

    assert expected == [each["name"] for each in page["files"]]


def test_the_environment_is_told() -> None:
    """Machine, versions, date, calibration and the digests of data."""
    environment = {**ENVIRONMENT, "commit": "abc1234"}
    (told,) = contents([("run.json", results_of(environment, operating_points().records))])["files"]
    facts = dict(told["facts"])

    assert "2024-05-06" == facts["date"]
    assert "abc1234" == facts["commit"]
    assert "Example CPU <1 GHz>, 4 cores" in facts["machine"]
    assert "weighin 0.1.0, tensorflow 2.21.0" == facts["versions"]
    assert "9 false alarms in 200 A/A trials" in facts["calibration"]
    assert f"4,000 train, 1,000 test, sha256 {'d1' * 32}" == facts["data: digits"]
