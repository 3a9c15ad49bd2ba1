"""Rows for programs: every figure under a name with its unit, or why there is none."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import pytest
from helpers.support import file, operating_points, record, results, results_of, run, why, without
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Metric, Record
from weighin.report.tidy import PLACE, column_name, tidy

ENDINGS = ("low", "high", "verdict", "beside", "status", "reason")


def rows(*records: Record) -> list[dict[str, Any]]:
    """The rows of records."""
    return tidy(results_of({}, records))


@pytest.mark.parametrize(
    ("name", "unit", "column"),
    [
        ("latency", "s", "latency_s"),
        ("build_seconds", "s", "build_seconds"),
        ("ready_s", "s", "ready_s"),
        ("gzip_bytes", "B", "gzip_bytes"),
        ("peak_rss", "B", "peak_rss_bytes"),
        ("throughput", "1/s", "throughput_per_s"),
        ("loss", "%", "loss_percent"),
        ("sqnr", "dB", "sqnr_dB"),
        ("top1", "", "top1"),
    ],
)
def test_a_column_is_named_by_metric_and_unit(name: str, unit: str, column: str) -> None:
    """A unit that the name ends in already is not said twice."""
    assert column == column_name(Metric(name=name, title=name, unit=unit))


@pytest.mark.parametrize("made", [results, operating_points])
def test_every_record_is_found_again(made: Any) -> None:
    """Its number as it is, its interval and verdict beside it; of all runtimes, threads, seeds."""
    all_results = made()
    found = {tuple(row[each] for each in PLACE): row for row in tidy(all_results)}
    of_runs = [each for each in all_results.records if each.runtime and each.metric != "why"]

    assert of_runs
    for each in of_runs:
        column = column_name(all_results.metric(each.metric))
        row = found[tuple(getattr(each, name) for name in PLACE)]
        told = (each.low, each.high, each.verdict or None)
        assert (each.value, *told) == tuple(
            row.get(name) for name in (column, *(f"{column}_{end}" for end in ENDINGS[:3]))
        )


@pytest.mark.parametrize("made", [results, operating_points])
def test_all_rows_have_the_same_columns_a_figure_s_beside_each_other(made: Any) -> None:
    """First what a row is of; then each figure, and what is said of it right behind."""
    columns = [list(row) for row in tidy(made())]

    assert all(columns[0] == each for each in columns)
    assert list(PLACE) == columns[0][: len(PLACE)]
    figure = ""
    for column in columns[0][len(PLACE) :]:
        about = [ending for ending in ENDINGS if column == f"{figure}_{ending}"]
        figure = figure if about else column
    assert columns[0].index("top1_high") == columns[0].index("top1") + 2


@pytest.mark.parametrize("status", ["failed", "skipped", "not measured"])
def test_what_has_no_figure_says_which_of_three_it_is_and_why(status: str) -> None:
    """None stands for the number; a row that has one says neither."""
    bad, good = rows(
        *without("latency", status, "no power"), record("latency", 2e-4, variant="int8")
    )

    assert (None, status, "no power") == tuple(
        bad[name] for name in ("latency_s", "latency_s_status", "latency_s_reason")
    )
    assert (2e-4, None, None) == tuple(
        good[name] for name in ("latency_s", "latency_s_status", "latency_s_reason")
    )


def test_what_nothing_is_said_of_has_no_column() -> None:
    """No verdict, no interval and no reason anywhere: no such columns."""
    (row,) = rows(record("top1", 0.0, verdict="", reason=""))

    assert {**{name: row[name] for name in PLACE}, "top1": 0.0} == row


def test_an_end_at_zero_is_a_number() -> None:
    """None would say that there is no interval."""
    (row,) = rows(record("top1", 0.1, 0.0, 0.3))

    assert (0.1, 0.0, 0.3) == (row["top1"], row["top1_low"], row["top1_high"])


def test_a_figure_that_nothing_describes_keeps_its_column() -> None:
    """With its unit, as of a metric of somebody's own; behind those that are described."""
    (row,) = rows(record("my_power", 3.5, 3.0, 4.0, unit="W"), record("latency", 1e-4))

    assert (3.5, 3.0, 4.0) == tuple(row[f"my_power_W{end}"] for end in ("", "_low", "_high"))
    assert list(row).index("my_power_W") > list(row).index("latency_s")


def test_sizes_stand_in_each_row_of_their_file_with_their_ratio() -> None:
    """The file's records are those of all runtimes that open it."""
    records = [*file("baseline", 5000, 1000), *file("int8", 5000, 250)]
    for runtime in ("litert", "other"):
        records += run("baseline", 0.9, 1e-4, runtime=runtime)
        records += run("int8", 0.9, 1e-4, runtime=runtime)

    told = [(row["runtime"], row["gzip_bytes"], row["smaller"]) for row in rows(*records)]

    assert {(name, *each) for name in ("litert", "other") for each in ((1000, 1), (250, 4))} == set(
        told
    )
    assert 4 == len(told)


def test_reasons_of_a_row_are_one_text() -> None:
    """Not a figure: no number, no interval."""
    (row,) = rows(*run("int8", 0.9, 1e-4)[:1], why("int8", "first", "second"))

    assert "first; second" == row["why"]
    assert "why" == list(row)[-1]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), min_size=1, unique=True))
def test_there_is_a_row_for_each_variant_and_seed(which: list[tuple[str, int]]) -> None:
    """Seeds are not put together: that is for whoever reads them."""
    made = rows(*(record("top1", 0.9, variant=name, seed=seed) for name, seed in which))

    assert sorted(which) == sorted((row["variant"], row["seed"]) for row in made)


def test_nothing_gives_no_rows() -> None:
    """Of no records."""
    assert [] == rows()
