"""The record's table: sizes per parameter, verdicts against the dense start, published figures.

`WEIGHIN_REGENERATE_GOLDEN=1 pytest tests/test_record.py` writes the golden tables anew; look at
their difference before keeping it.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.support import ENVIRONMENT, NASTY, golden, record, results_of, weighed, without

from weighin.core import Record, Results
from weighin.report.layout import FORMATS
from weighin.report.record import entries, render

ANCHORS = {
    "small": [
        {"source": "Elder 1999", "times": 40, "counted": "coded weights only", "alike": False},
        {"source": "Younger 2003", "times": 12.5, "counted": "a file after gzip", "alike": True},
    ]
}


def results() -> Results:
    """A dense model, what was made of it from two seeds, and what failed."""
    records = [
        *weighed("baseline", 370_000),
        *weighed("prune(0.9)+int8", 16_000, 30, 35),
        *weighed("prune(0.97)+int8", 10_000, 20, 90),
        *weighed("baseline", 371_000, seed=1),
        *weighed("prune(0.9)+int8", 16_100, 31, 31, seed=1),
        *without("file_bytes gzip_bytes", "failed", "no <room>", variant="int8", runtime=""),
        *without("top1 top1_delta", "failed", "no <room>", variant="int8"),
    ]
    return results_of(ENVIRONMENT | {"anchors": ANCHORS}, tuple(records))


def flat(*records: Record, **environment: Any) -> list[dict[str, Any]]:
    """Rows of bare numbers."""
    rows: list[dict[str, Any]] = json.loads(render([results_of(environment, records)], "json"))
    return rows


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_golden(format: str) -> None:
    """Two seeds, a failure and two published figures are what was looked at and kept."""
    actual = f"{render([results()], format)}\n"

    assert golden("record", format, actual) == actual


def test_sizes_are_against_four_bytes_a_parameter() -> None:
    """Of the dense baseline, whatever the variant itself still has."""
    dense, small = flat(
        *weighed("baseline", 380_000),
        *(each for each in weighed("int8", 10_000) if each.metric != "parameters"),
        record("parameters", 7, variant="int8", runtime="", threads=0),
    )

    assert (40.0, 0.8) == (
        small["times_below_4_bytes_per_parameter"],
        small["bits_per_parameter"],
    )
    assert 100_000 == small["dense_parameters"] == dense["dense_parameters"]


@pytest.mark.parametrize(
    ("gained", "lost", "n", "is_no_worse"),
    [
        (0, 0, 10_000, True),
        (50, 0, 10_000, True),
        (100, 110, 10_000, True),  # 0.1 points below, and no evidence
        (100, 111, 10_000, False),  # no evidence, but more than 0.1 points below
        (0, 5, 10_000, True),  # p = 0.0625
        (0, 6, 10_000, False),  # p = 0.03125: worse, though by 0.06 points only
        (0, 1, 1_000, True),
        (0, 1, 999, False),
    ],
)
def test_no_worse_by_the_test_and_by_the_point(
    gained: int, lost: int, n: int, is_no_worse: bool
) -> None:
    """Neither may McNemar's test find it worse, nor may it lie 0.1 points below."""
    _, row = flat(*weighed("baseline", 9), *weighed("int8", 9, gained, lost, n))

    assert is_no_worse is row["no_worse"]
    assert (gained, lost, n) == (row["gained"], row["lost"], row["images"])


def test_a_variant_is_held_against_the_baseline_of_its_seed() -> None:
    """And of its runtime and threads."""
    pairs = [
        (entry.row, entry.dense) for entry in entries(results().records, results()) if entry.dense
    ]

    assert {0, 1} == {row.seed for row, _ in pairs}
    for row, dense in pairs:
        assert "baseline" == dense.variant
        assert (row.seed, row.runtime, row.threads) == (dense.seed, dense.runtime, dense.threads)


def test_what_was_not_compared_has_no_verdict() -> None:
    """Without a baseline nothing is said to be no worse."""
    (row,) = flat(record("top1", 0.9, variant="int8", n=1000))

    assert row["no_worse"] is None
    assert row["bits_per_parameter"] is None
    assert "yes" not in render([results_of({}, (record("top1", 0.9, variant="int8"),))], "text")


def test_html_is_escaped() -> None:
    """Neither names nor reasons become part of the page."""
    records = [
        *weighed("baseline", 9, model="<i>m</i>"),
        *without("top1", "failed", NASTY, variant="int8", model="<i>m</i>"),
    ]
    page = render([results_of({}, tuple(records))], "html")

    assert "&lt;i&gt;m" in page
    assert "&lt;script&gt;" in page
    assert "<i>" not in page
    assert "<script>" not in page


def test_digests_are_short_in_tables_and_whole_in_bare_numbers() -> None:
    """Twelve digits are enough to look at, not to check by."""
    whole = flat(*weighed("baseline", 9))[0]["sha256"]
    text = render([results_of({}, tuple(weighed("baseline", 9)))], "text")

    assert 64 == len(whole)
    assert whole[:12] in text
    assert whole[:13] not in text


def test_published_figures_say_whether_they_compare() -> None:
    """A row each, with what was divided by what in a note."""
    text = render([results()], "text")

    assert "Elder 1999 [" in text
    assert "published; not like for like: coded weights only" in text
    assert "published; like for like: a file after gzip" in text
    assert [40, 12.5] == [
        row["published_times"]
        for row in flat(*results().records, anchors=ANCHORS)
        if "published_times" in row
    ]


def test_other_models_have_no_part_in_what_was_published() -> None:
    """A figure stands with its own model only."""
    records = weighed("baseline", 9, model="wide")

    assert "Elder" not in render([results_of({"anchors": ANCHORS}, tuple(records))], "text")
