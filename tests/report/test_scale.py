"""Twice the records are about twice the work: counted in calls, for time depends on the machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from bench.report_page import made_up
from weighin.core import Results
from weighin.report import compare, curve, record, table
from weighin.report.gates import judge, parse
from weighin.report.page.contents import contents

FEW = 600  # records

REPORTS: dict[str, Callable[[Results], object]] = {
    "table": lambda results: table.render([results], "text"),
    "csv": lambda results: table.render([results], "csv"),
    "curve": lambda results: curve.render([results], "text"),
    "record": lambda results: record.render([results], "text"),
    "compare": lambda results: compare.render([("a", results), ("b", results)]),
    "check": lambda results: judge([parse("top1_delta >= -0.5%")], results),
    "page": lambda results: contents([("a", results)]),
}


def calls(report: Callable[[Results], object], results: Results) -> int:
    """How many functions of Python are called, each step of a generator too."""
    count = 0

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        report(results)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("models", [None, 1], ids=["many models", "one model"])
@pytest.mark.parametrize("name", REPORTS)
def test_twice_the_records_are_twice_the_work(name: str, models: int | None) -> None:
    """Also where all are of one model, whose rows could each be held against each other."""
    REPORTS[name](made_up(FEW, models))  # what is done once a process is done before
    small, large = (calls(REPORTS[name], made_up(FEW * times, models)) for times in (1, 2))

    assert large < 2.5 * small
