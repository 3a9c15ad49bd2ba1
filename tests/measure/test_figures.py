"""Outcomes → records: what no results file may hold is a failure with its reason."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.answering import CLASSIFICATION
from helpers.support import isolate_registries, results_of

from weighin.core import Case, Figure
from weighin.measure.figures import figures
from weighin.records import store
from weighin.registry import metric

CASE = Case("tiny", "tiny", "int8", 0, "tflite", "litert", 1)


@pytest.mark.parametrize(
    ("figure", "problem"),
    [
        (Figure(2.0, 2.5, 3.0), "value 2.0 is not within low 2.5 and high 3.0"),
        (Figure(-2.0), "value -2.0 is none that seconds can be"),
        (Figure(0.5, n=4, count=5), "count is 5 of n 4"),
        (Figure(float("nan")), "the figure is not finite"),
    ],
)
def test_a_figure_that_contradicts_itself_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, figure: Figure, problem: str
) -> None:
    """Of a metric of somebody's own, say: the file that is written then loads."""
    isolate_registries(monkeypatch)
    metric("own", unit="s", scope="start")(lambda starts: figure)

    records = figures(CASE, "start", None, "ab", CLASSIFICATION)

    (own,) = (each for each in records if each.metric == "own")
    assert "failed" == own.status
    assert problem in own.reason
    store.save(tmp_path / "run.json", results_of({}, records))
    assert tuple(records) == store.load(tmp_path / "run.json").records
