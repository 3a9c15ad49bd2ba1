"""Runs side by side on a terminal of 80 columns: short names, one title, no senseless share."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import pytest
from helpers.support import ENVIRONMENT, following, record, results_of, run

from weighin.core import Results
from weighin.report.between_runs import change
from weighin.report.compare import render, short_names
from weighin.report.terminal import Terminal

FOLDER = "/home/someone/projects/digits/results/local"
NAMES = [f"{FOLDER}/2026112{day}T024319Z-weigh.json" for day in (7, 8)]
NUMBER = dataclasses.replace(results_of({}).metric("latency"), name="r2", kind="number")


def results(times: float) -> Results:
    """Two models with a long variant, so much slower."""
    records = [
        each
        for model in ("small", "wide")
        for each in run("prune(0.9375)+int8", 0.95, 1e-4 * times, model=model, threads=4)
    ]
    return following(results_of(ENVIRONMENT, records))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["old", "new"], ["old", "new"]),
        ([f"{FOLDER}/old.json", "new.json"], ["old", "new"]),
        (["a/1/x.json", "b/2/x.json"], ["1", "2"]),
        (["a/1/x.json", "b/1/x.json"], ["a", "b"]),
        (["x.json", "a/x.json"], ["x.json", "a/x.json"]),
        (["x.json", "x.json"], ["x.json", "x.json"]),
        (["a/x.json", "a/y.json", "b/x.json"], ["a/x.json", "a/y.json", "b/x.json"]),
    ],
)
def test_a_run_is_named_by_what_tells_it_apart(names: list[str], expected: list[str]) -> None:
    """Its file, or else a folder; whole paths where neither does alone."""
    assert expected == short_names(names)


def test_two_runs_fit_a_terminal() -> None:
    """With both names, figures, intervals and verdicts."""
    text = render(list(zip(NAMES, (results(1), results(9)), strict=True)), "text", Terminal(80))

    assert 80 >= max(map(len, text.splitlines()))
    assert {"20261127T024319Z-weigh", "20261128T024319Z-weigh", "slower"} <= set(text.split())
    assert FOLDER not in text


def test_a_model_is_named_once() -> None:
    """Above the tables of all its metrics, in no row."""
    text = render(list(zip(NAMES, (results(1), results(9)), strict=True)))

    assert [1, 1] == [text.count(f"{model} on digits") for model in ("small", "wide")]
    assert text.index("small on") < text.index("prune(") < text.index("wide on")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (-1.82, 0.9247, None),
        (0.5, -0.5, None),
        (0.0, 0.5, None),
        (0.5, 0.0, -1.0),
        (2.0, 3.0, 0.5),
        (-2.0, -3.0, -0.5),
    ],
)
def test_a_share_across_zero_is_left_out(
    first: float, second: float, expected: float | None
) -> None:
    """It would mean nothing."""
    records = [record("latency", value) for value in (first, second)]

    assert expected == change(NUMBER, *records)
