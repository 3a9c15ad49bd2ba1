"""The table of a search: what it says of each outcome, in every format."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from weighin.core import Metric
from weighin.report.layout import FORMATS
from weighin.report.search import Found, Member, render
from weighin.report.terminal import Terminal
from weighin.stats import Interval

GZIP = Metric(name="gzip_bytes", title="gzip", unit="B", kind="bytes", better="lower")
LATENCY = Metric(name="latency", title="latency", unit="s", kind="seconds", better="lower")
SMALL = Member(
    "prune(0.9)+int8",
    "prune(0.9)+int8, 3 epochs",
    {"gzip_bytes": 10_000},
    Interval(-0.001, -0.004, 0.002),
    Interval(-0.002, -0.0045, 0.001),
    0.02,
    Interval(2.0, 1.9, 2.1),
)
SAFE = dataclasses.replace(SMALL, variant="int8", told="int8", values={"gzip_bytes": 20_000})
FOUND = Found(
    model="mine",
    margin="0.5 points of top-1",
    figure="top-1",
    is_share=True,
    unit="",
    objectives=[GZIP],
    baseline={"gzip_bytes": 100_000},
    members=[SMALL, SAFE],
    nearest=[],
    phases=[("exports", 9, 5, 1), ("mixed precision", 0, 0, 0), ("training", 12, 3, 0)],
    seconds=61.0,
    data="chosen by 50 examples of the test part, shown on the other 50",
    commands={"prune(0.9)+int8": "weighin weigh mine.keras", "int8": "weighin weigh b"},
)


def shown(**changes: Any) -> str:
    """The table as text."""
    return render(dataclasses.replace(FOUND, **changes), "text")


def test_both_differences_stand_beside_the_number_of_candidates() -> None:
    text = shown()

    assert "-0.10 [-0.40, +0.20]" in text
    assert "-0.20 [-0.45, +0.10]" in text
    assert "10.0 kB" in text
    assert "10.00" in text  # times smaller
    assert "21 candidates tried in 61 s: 9 exports (5 held, 1 could not be made), 12" in text
    assert "prune(0.9)+int8, 3 epochs holds on the test part" in text
    assert "type: weighin weigh mine.keras" in text
    assert "corrected for 2 (Holm)" in text
    assert "opened" not in text


def test_a_winner_that_does_not_hold_gives_way_and_that_is_said() -> None:
    text = shown(members=[dataclasses.replace(SMALL, p=0.3), SAFE])

    assert "the smallest, prune(0.9)+int8, 3 epochs, does not hold on the test part; int8" in text
    assert "type: weighin weigh b" in text


def test_where_none_holds_nothing_is_to_be_typed() -> None:
    text = shown(members=[dataclasses.replace(SMALL, p=0.3)])

    assert "what the search chose does not hold on the test part" in text
    assert "type:" not in text


def test_where_nothing_was_chosen_the_nearest_are_shown_and_not_opened() -> None:
    missed = dataclasses.replace(SMALL, test=None, p=None, speedup=None)
    text = shown(members=[], nearest=[missed])

    assert "not opened" in text
    assert "no, by validation" in text
    assert "nothing tried holds within 0.5 points of top-1" in text


def test_a_latency_is_a_ratio_and_other_figures_have_their_unit() -> None:
    member = dataclasses.replace(SMALL, values={"latency": 0.5}, validation=Interval(0.5, 0.1, 0.9))
    text = shown(
        objectives=[LATENCY],
        baseline={"latency": 1.0},
        members=[member],
        is_share=False,
        figure="RMSE",
        unit="mm",
        margin="1 mm of RMSE",
    )

    assert "fastest within 1 mm of RMSE" in text
    assert "2.00" in text
    assert "+0.50 mm [+0.10, +0.90]" in text
    assert "2.00 [1.90, 2.10]" in text


def test_that_the_test_part_was_opened_before_is_said() -> None:
    assert "opened 3 times for this search" in shown(openings=3)


def test_json_has_all_of_it() -> None:
    told = json.loads(render(FOUND, "json"))

    assert "prune(0.9)+int8" == told["best"]
    assert [True, True] == [member["holds"] for member in told["members"]]
    assert 21 == told["tried"]


@pytest.mark.parametrize("style", FORMATS)
def test_every_format_shows_the_variants(style: str) -> None:
    text = render(FOUND, style)

    assert "prune(0.9)" in text


def test_it_fits_a_narrow_terminal() -> None:
    text = render(FOUND, "text", Terminal(width=70))

    assert max(map(len, text.splitlines())) <= 70
