"""Runs side by side: what compares, what does not, and what the differences come to."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.support import ENVIRONMENT, file, record, results_of, without

from weighin.cli import main
from weighin.core import Record, WeighinError
from weighin.records import store
from weighin.report.between_runs import verdict as verdict_of
from weighin.report.compare import render


def environment(**changes: Any) -> dict[str, Any]:
    """The environment of the samples, but for what is changed."""
    return {**ENVIRONMENT, **changes}


def compared(
    first: Sequence[Record], second: Sequence[Record], *environments: dict[str, Any]
) -> str:
    """Two runs side by side, of one environment if not told otherwise."""
    here, there = environments or (ENVIRONMENT, ENVIRONMENT)
    return render(
        [("old", results_of(here, tuple(first))), ("new", results_of(there, tuple(second)))]
    )


def rows(text: str) -> list[list[str]]:
    """The cells of all tables' rows, headers too; without titles, rules and what is not judged."""
    lines = [
        line
        for line in text.splitlines()
        if set(line) - {"-", " "} and not re.fullmatch(r"\w+ on \w+|.* not judged: .*", line)
    ]
    return [re.split(r"\s{2,}", line.strip()) for line in lines]


def verdict(first: Record, second: Record, *environments: dict[str, Any]) -> str:
    """The verdict of the only row."""
    return bare(rows(compared([first], [second], *environments))[1][-1])


def bare(verdict: str) -> str:
    """A verdict without the amount."""
    return verdict.partition(" by ")[0]


def latency(value: float, reach: float = 0.01) -> Record:
    """A latency and its interval, by a share of it on either side."""
    return record("latency", value, value * (1 - reach), value * (1 + reach), n=100)


def test_the_same_cells_stand_side_by_side() -> None:
    """A table for each metric, a row for each cell, a column for each run and its verdict."""
    old = [
        *file("int8", 1000, 800),
        record("top1", 0.95, 0.94, 0.96, n=1000),
        latency(1e-4),
        record("latency", 4e-5, 3.9e-5, 4.1e-5, threads=4, seed=2),
    ]
    new = [
        *file("int8", 1000, 700),
        record("top1", 0.90, 0.89, 0.91, n=1000),
        latency(1e-4),
        record("latency", 4e-5, 3.9e-5, 4.1e-5, threads=4, seed=2),
    ]

    assert [
        ["file_bytes", "old", "new", "verdict"],
        ["int8 tflite", "1.00 kB", "1.00 kB", "same"],
        ["gzip_bytes", "old", "new", "verdict"],
        ["int8 tflite", "800 B", "700 B", "smaller by 12.5 %"],
        ["top1", "old", "new", "verdict"],
        [
            "baseline litert",
            "95.00 % [94.00, 96.00]",
            "90.00 % [89.00, 91.00]",
            "worse by 5.00 points",
        ],
        ["latency", "old", "new", "verdict"],
        [
            "baseline litert",
            "100 µs [99.0, 101]",
            "100 µs [99.0, 101]",
            "not judged",
        ],
        [
            "baseline litert ×4 seed 2",
            "40.0 µs [39.0, 41.0]",
            "40.0 µs [39.0, 41.0]",
            "not judged",
        ],
    ] == rows(compared(old, new))


@pytest.mark.parametrize(
    ("size", "expected"), [(699, "smaller"), (700, "same"), (701, "larger"), (0, "smaller")]
)
def test_sizes_are_exact(size: int, expected: str) -> None:
    """A byte is a difference."""
    assert expected == verdict(file("int8", 1, 700)[1], file("int8", 1, size)[1])


@pytest.mark.parametrize(
    ("before", "after", "n", "expected"),
    [
        (0.95, 0.90, 1000, "worse"),
        (0.90, 0.95, 1000, "better"),
        (0.95, 0.94, 1000, "no evidence"),
        (0.95, 0.95, 1000, "no evidence"),
        (0.95, 0.90, 100, "no evidence"),
        (1.0, 0.0, 3, "no evidence"),
        (1.0, 0.0, 4, "worse"),
    ],
)
def test_shares_are_compared_by_fishers_test(
    before: float, after: float, n: int, expected: str
) -> None:
    """3 of 3 against 0 of 3 has p = 0.1, 4 of 4 against 0 of 4 has p = 0.029."""
    assert expected == verdict(record("top1", before, n=n), record("top1", after, n=n))


def test_shares_tested_together_share_the_chance() -> None:
    """2.9 % of chance is little enough for one test, and not for two."""
    first, second = record("top1", 1.0, n=4), record("top1", 0.0, n=4)

    assert "worse" == verdict_of(TOP1, first, second)
    assert "no evidence" == verdict_of(TOP1, first, second, tests=2)


def test_a_share_of_no_number_has_no_verdict() -> None:
    """Without the number of images nothing can be said of a difference."""
    assert "no figure" == verdict(record("top1", 0.9), record("top1", 0.5, n=100))


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(1.0, "no evidence"), (1.01, "no evidence"), (1.05, "faster"), (0.95, "slower")],
)
def test_speedups_hardly_drift(ratio: float, expected: str) -> None:
    """A ratio of interleaved measurements compares between runs of one machine."""
    first = record("speedup", 2.0, low=1.99, high=2.01)
    second = record("speedup", 2.0 * ratio, low=1.99 * ratio, high=2.01 * ratio)

    assert expected == verdict(first, second)


@pytest.mark.parametrize("factor", [1.4, 1 / 1.4])
def test_overlapping_intervals_are_no_evidence(factor: float) -> None:
    """However far apart the middles, intervals that meet leave it open."""
    first, second = (record("speedup", at, at * 0.8, at * 1.2) for at in (2.0, 2.0 * factor))

    assert "no evidence" == verdict(first, second)


TOP1 = results_of({}).metric("top1")
OTHER_MACHINE = environment(machine={**ENVIRONMENT["machine"], "cpu": "Other CPU"})
OTHER_CALIBRATION = environment(calibration={**ENVIRONMENT["calibration"], "false_alarms": 1})


def test_a_restarted_or_updated_machine_is_the_same() -> None:
    """Memory and kernel differ a little from boot to boot."""
    restarted = {**ENVIRONMENT["machine"], "memory_bytes": 1, "system": "Linux 9"}

    text = compared([latency(1e-4)], [latency(5e-4)], ENVIRONMENT, environment(machine=restarted))

    assert ["not judged"] == [row[-1] for row in rows(text)[1:]]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (OTHER_MACHINE, "another machine (cpu: Example CPU <1 GHz> and Other CPU)"),
        (environment(machine={}), "another machine (cores: 4 and None)"),
        (OTHER_CALIBRATION, "another calibration of the machine"),
        (environment(calibration=None), "only one of them has a calibration of the machine"),
    ],
)
def test_latencies_of_other_machines_do_not_compare(other: dict[str, Any], reason: str) -> None:
    """Sizes and shares do, and the reason stands below."""
    old = [*file("int8", 1, 800), record("top1", 0.95, n=1000), latency(1e-4)]
    new = [*file("int8", 1, 700), record("top1", 0.9, n=1000), latency(5e-4)]

    text = compared(old, new, ENVIRONMENT, other)

    assert ["same", "smaller", "worse", "not compared"] == [
        bare(row[-1]) for row in rows(text)[1:8:2]
    ]
    note = f"latency, speedup not compared with new: {reason}"
    if not other["machine"]:
        note = "latency, speedup not compared with new: another machine ("
    assert text.splitlines()[-1].startswith(note)


def test_only_the_run_that_differs_is_refused() -> None:
    """Of three runs the second is of another machine, and the third is compared all the same."""
    runs = [
        ("a", results_of(ENVIRONMENT, (latency(1e-4),))),
        ("b", results_of(OTHER_MACHINE, (latency(5e-4),))),
        ("c", results_of(ENVIRONMENT, (latency(5e-4),))),
    ]

    header, row, note = rows(render(runs))

    assert ["latency", "a", "b", "verdict", "c", "verdict"] == header
    assert ["not compared", "not judged"] == [row[3], row[5]]
    assert "latency, speedup not compared with b: another machine" in " ".join(note)


def test_other_data_are_refused() -> None:
    """One name for two data sets: no figure compares, and both runs are named."""
    data = {"digits": {**ENVIRONMENT["datasets"]["digits"], "digest": "e" * 64}}

    with pytest.raises(WeighinError, match="old and new do not compare") as caught:
        compared([latency(1e-4)], [latency(1e-4)], ENVIRONMENT, environment(datasets=data))

    for word in ("'digits'", "d1d1d1d1d1d1", "eeeeeeeeeeee"):
        assert word in str(caught.value)


def test_data_of_the_third_run_are_looked_at() -> None:
    """Not the first two only."""
    data = {"digits": {"digest": "e" * 64}}
    runs = [("a", results_of(ENVIRONMENT)), ("b", results_of(ENVIRONMENT))]

    with pytest.raises(WeighinError, match="a and c do not compare"):
        render([*runs, ("c", results_of(environment(datasets=data)))])


def test_another_data_set_is_another_cell() -> None:
    """Data sets of other names differ as they like; their cells stand apart."""
    other = environment(datasets={"letters": {"digest": "e" * 64}})
    text = compared(
        [record("top1", 0.9, n=9), record("top1", 0.9, n=9, variant="int8")],
        [record("top1", 0.9, n=9, dataset="letters"), record("top1", 0.9, n=9, variant="int8")],
        ENVIRONMENT,
        other,
    )

    assert [
        ["baseline litert", "90.00 %", "not measured", "no figure"],
        ["int8 litert", "90.00 %", "90.00 %", "no evidence"],
        ["top1", "old", "new", "verdict"],
        ["baseline litert", "not measured", "90.00 %", "no figure"],
    ] == rows(text)[1:]


@pytest.mark.parametrize("status", ["failed", "not measured"])
def test_a_cell_without_a_figure_says_why(status: str) -> None:
    """A failure on either side is shown as one, and there is no verdict."""
    bad = without("latency", status, "no power")

    assert [status, "100 µs [99.0, 101]", "no figure"] == rows(compared(bad, [latency(1e-4)]))[1][
        1:
    ]
    assert ["100 µs [99.0, 101]", status, "no figure"] == rows(compared([latency(1e-4)], bad))[1][
        1:
    ]


def test_skipped_cells_are_left_out() -> None:
    """A runtime that neither machine has is no row."""
    skipped = without("latency top1", "skipped", "no GPU here", runtime="keras-gpu")

    assert "" == compared(skipped, skipped)


def test_cells_are_not_mixed() -> None:
    """Model, variant, seed, format, runtime and threads each make another cell."""
    places: list[dict[str, Any]] = [
        {},
        {"model": "wide"},
        {"variant": "int8"},
        {"seed": 1},
        {"format": "h5"},
        {"runtime": "other"},
        {"threads": 4},
    ]
    old = [record("latency", 1e-4 * (1 + at), **place) for at, place in enumerate(places)]

    text = compared(old, list(reversed(old)))
    found = [row for row in rows(text) if row[0] != "latency"]

    assert len(places) == len(found)
    assert all(row[1] == row[2] for row in found)


@pytest.fixture
def stored(tmp_path: Path) -> list[str]:
    """Two results files."""
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, size in zip(paths, (800, 700), strict=True):
        store.save(path, results_of(ENVIRONMENT, tuple(file("int8", 1, size))))
    return [str(path) for path in paths]


def test_compare_prints_the_table(stored: list[str]) -> None:
    """The command shows what the report says, under the files' own names, without the folders."""
    done = CliRunner().invoke(main, ["compare", *stored])

    assert 0 == done.exit_code, done.output
    assert ["gzip_bytes", "old", "new", "verdict"] == rows(done.output)[2]
    assert "smaller by 12.5 %" == rows(done.output)[3][-1]


def test_a_byte_of_many_is_less_than_a_tenth_of_a_per_cent() -> None:
    """So that it is told from what matters, though both read 1.60 MB."""
    (_, row) = rows(compared([file("int8", 1, 1_600_000)[1]], [file("int8", 1, 1_600_001)[1]]))

    assert ["1.60 MB", "1.60 MB", "larger by < 0.1 %"] == row[1:]


@pytest.mark.parametrize(("count", "code"), [(0, 2), (1, 2)])
def test_compare_needs_two_files(stored: list[str], count: int, code: int) -> None:
    """One file has nothing to be compared with."""
    done = CliRunner().invoke(main, ["compare", *stored[:count]])

    assert code == done.exit_code
    assert isinstance(done.exception, SystemExit)
    assert "Error: " in done.output


def test_compare_names_a_damaged_file(stored: list[str]) -> None:
    """The file that cannot be read is named."""
    Path(stored[1]).write_text("{", "utf-8")

    done = CliRunner().invoke(main, ["compare", *stored])

    assert 2 == done.exit_code
    assert f"Error: {stored[1]}" in done.output


def test_models_that_started_from_other_weights_do_not_compare() -> None:
    """Published weights here, a training of one's own there: refused by the model's name."""
    published, trained = (
        environment(weights={"resnet8": made_of}) for made_of in ("w.h5 0123456789ab", "trained")
    )

    with pytest.raises(WeighinError, match=r"'resnet8' started from other weights .*trained"):
        compared([latency(1e-4)], [latency(1e-4)], published, trained)
    assert "not judged" in compared([latency(1e-4)], [latency(1e-4)], trained, trained)


@pytest.mark.parametrize("times", [1.0, 1.05, 5.0])
def test_absolute_times_are_shown_and_not_judged(times: float) -> None:
    """They drift by more than their intervals hold; what is measured side by side is judged."""
    speedups = [record("speedup", at, at * 0.99, at * 1.01, variant="int8") for at in (2.0, 1.0)]
    old, new = ([latency(1e-4), speedups[0]], [latency(1e-4 * times), speedups[1]])

    text = compared(old, new)

    found = {row[0]: row[-1] for row in rows(text) if row[-1] != "verdict"}
    assert ["not judged", "slower by 50.0 %"] == list(found.values())
    assert "latency not judged: times drift from run to run" in " ".join(text.split())


def test_runs_with_nothing_in_common_are_refused(tmp_path: Path) -> None:
    """A table in which every row lacks one side compares nothing; the error says what each has."""
    paths = []
    for name in ("one", "two"):
        paths.append(str(tmp_path / f"{name}.json"))
        own = (record("top1", 0.9, model=name, n=100),)
        store.save(Path(paths[-1]), results_of(ENVIRONMENT, own))

    done = CliRunner().invoke(main, ["compare", *paths])

    assert 2 == done.exit_code
    assert "nothing to compare" in done.output
    assert f"{paths[0]} has one on digits; {paths[1]} has two on digits" in done.output
