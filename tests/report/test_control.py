"""The dense control: what trains further is no better than the further training allows.

`undertrained` is a dense start that had not finished learning: every variant that trains further
is better than it, and worse than the same training without compressing.
"""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from helpers.support import record, results_of, run, weighed, without
from hypothesis import given
from hypothesis import strategies as st

from weighin import registry, stats
from weighin.core import Record, Results
from weighin.report import record as record_table
from weighin.report.control import completed
from weighin.report.layout import FORMATS
from weighin.report.page.contents import contents
from weighin.report.rows import Row, rows_of_models
from weighin.report.table import render, tables

N = 1000
CONTROL_METRICS = {name for name in registry.catalogue() if name.endswith("_control")}


def of_older_runs(records: Iterable[Record], **environment: Any) -> Results:
    """Results of before differences to the control were recorded: they do not know the metric."""
    results = results_of(environment, tuple(records))
    known = {name: each for name, each in results.metrics.items() if name not in CONTROL_METRICS}
    return dataclasses.replace(results, metrics=known)


def undertrained(*further: Record, **environment: Any) -> Results:
    """A dense start at 46 %, the control 29.5 points above, and what was made of the start."""
    counts = {"finetune": (301, 6), "prune(0.9)+int8": (54, 72), "cluster(16)+int8": (240, 14)}
    records = [*weighed("baseline", 150_000, n=N)]
    records[-1] = dataclasses.replace(records[-1], value=0.462)
    for variant, (gained, lost) in counts.items():
        records += weighed(variant, 10_000, gained, lost, N)
        verdict = stats.quality_verdict(gained, lost, N)
        records[-1] = dataclasses.replace(records[-1], verdict=verdict)
    return of_older_runs([*records, *further], **environment)


def row(results: Results, variant: str) -> Row:
    """The row of a variant."""
    return next(each for each in rows_of_models(results) if each.variant == variant)


@pytest.mark.parametrize(
    ("variant", "gap"), [("prune(0.9)+int8", -0.313), ("cluster(16)+int8", -0.069)]
)
def test_what_trains_further_is_held_against_the_control(variant: str, gap: float) -> None:
    """Neither 44.4 % nor 22.6 points more are as good as the same training without compressing."""
    of_variant = row(undertrained(), variant)
    (beside,) = of_variant.beside_control

    assert gap == pytest.approx(beside.value)
    assert "worse" == beside.verdict
    assert of_variant.is_worse


def test_nothing_is_no_worse_by_the_dense_start_alone() -> None:
    """Neither the record's table nor the overview of the page takes one of these for as good."""
    results = undertrained()
    entries = record_table.entries(results.records, results)
    (section,) = contents([("run.json", results)])["sections"]

    judged = {entry.row.variant: entry.is_no_worse for entry in entries}
    assert judged["finetune"]
    assert judged["prune(0.9)+int8"] is judged["cluster(16)+int8"] is False
    assert {"text": "none"} == section["smallest"]


@pytest.mark.parametrize("format", [name for name in FORMATS if name not in ("csv", "json")])
def test_every_table_says_that_the_dense_start_is_undertrained(format: str) -> None:
    """By how much, in one line; not of a start that the control leaves as good."""
    said = "the dense start is undertrained: finetune"
    trained = of_older_runs(
        [
            *weighed("baseline", 9),
            *weighed("finetune", 9, 30, 20),
            *weighed("prune(0.9)", 9, 30, 20),
        ]
    )

    for render_table in (render, record_table.render):
        text = render_table([undertrained()], format).replace("\\", "")
        assert said in text
        assert "is better by 29.5 points" in text
        assert said not in render_table([trained], format)


def test_a_gain_within_the_margin_is_no_undertraining() -> None:
    """Though the test finds it, half a point is what does not matter."""
    records = [*weighed("baseline", 9), *weighed("finetune", 9, 60, 20)]
    records[-1] = dataclasses.replace(records[-1], verdict="better")

    assert "undertrained" in render([of_older_runs(records, margin=0.003)], "text")
    assert "undertrained" not in render([of_older_runs(records, margin=0.005)], "text")


def test_rows_that_do_not_train_have_no_control() -> None:
    """Quantizing trains nothing: its cell is empty, like the baseline's and the control's own."""
    results = undertrained(*weighed("int8", 40_000, 4, 0, N))
    (table,) = tables(results)
    at = [column.header for column in table.columns].index("Δ to finetune") + 2
    told = {each.variant: table.cells(each)[at] for each in table.rows}

    assert ["", "", ""] == [told[variant] for variant in ("baseline", "finetune", "int8")]
    assert told["prune(0.9)+int8"].startswith("-31.30 [")
    assert told["prune(0.9)+int8"].endswith("worse")


def test_without_a_control_there_is_no_such_column() -> None:
    """Nor a claim that waits for one."""
    results = of_older_runs([*weighed("baseline", 9), *weighed("prune(0.9)", 9, 30, 28)])

    assert "finetune" not in render([results], "text").partition("\n\n")[0]
    assert row(results, "prune(0.9)").is_worse is False


def test_a_recorded_difference_is_taken_as_it_is() -> None:
    """What a run has paired itself nobody makes of counts."""
    paired = record("top1_delta_control", -0.001, -0.003, 0.001, n=N, verdict="no evidence")
    results = results_of(
        {},
        [
            *weighed("baseline", 9, n=N),
            *weighed("finetune", 9, 300, 6, N),
            *weighed("prune(0.9)", 9, 290, 7, N),
            paired.of(variant="prune(0.9)"),
        ],
    )

    assert [paired.of(variant="prune(0.9)")] == row(results, "prune(0.9)").beside_control


@given(st.integers(0, 2**32 - 1), st.integers(20, 400), st.floats(0, 0.5), st.floats(0, 0.5))
def test_what_counts_leave_open_is_never_called_wrong(
    seed: int, n: int, one: float, other: float
) -> None:
    """A verdict made of counts is the paired test's own; a wider interval, the same difference."""
    draw = np.random.default_rng(seed)
    base = draw.random(n) < 0.6
    control, variant = (base ^ (draw.random(n) < share) for share in (other, one))

    def delta(answers: Any, than: Any, name: str) -> Record:
        gained, lost = int((answers & ~than).sum()), int((than & ~answers).sum())
        value = (gained - lost) / n
        return record("top1_delta", value, gained=gained, lost=lost, n=n, variant=name)

    results = of_older_runs(
        [
            record("top1", base.mean(), n=n),
            delta(control, base, "finetune"),
            delta(variant, base, "prune(0.9)"),
        ]
    )
    told = completed(results.records, results)[-1]
    true = delta(variant, control, "prune(0.9)")
    verdict = stats.quality_verdict(true.gained or 0, true.lost or 0, n)

    if told.value is None:
        assert "cannot be told" in told.reason
        return
    assert told.value == pytest.approx(true.value)
    assert (told.verdict in ("better", "worse")) == (verdict in ("better", "worse"))
    if told.verdict != "no evidence":
        assert verdict == told.verdict
    assert (told.gained or 0) + (told.lost or 0) >= (true.gained or 0) + (true.lost or 0)


def test_what_counts_do_not_settle_is_withheld() -> None:
    """30 fewer may be 30 lost alone, or hundreds on both sides: no claim, and why."""
    results = of_older_runs(
        [
            *weighed("baseline", 9, n=N)[:-1],
            record("top1", 0.5, n=N),
            *weighed("finetune", 9, 200, 190, N),
            *weighed("prune(0.9)", 9, 180, 200, N),
        ]
    )
    of_variant = row(results, "prune(0.9)")

    assert of_variant.is_worse is None
    assert "-30 of 1,000 right beside finetune" in of_variant.beside_control[0].reason
    assert "not compared with finetune" in str(contents([("run.json", results)])["sections"])


def test_a_figure_that_is_no_count_is_not_guessed() -> None:
    """Of two means nobody can tell how their examples go together."""
    where: dict[str, Any] = {"n": N, "verdict": "no evidence"}
    results = of_older_runs(
        [
            record("mae", 1.0, 0.9, 1.1, n=N),
            record("mae_delta", -0.3, -0.4, -0.2, n=N, variant="finetune", verdict="better"),
            record("mae_delta", -0.01, -0.02, 0.02, variant="prune(0.9)", **where),
        ]
    )
    of_variant = row(results, "prune(0.9)")

    assert of_variant.is_worse is None
    assert "did not pair" in of_variant.beside_control[0].reason


def test_a_control_that_failed_leaves_no_claim() -> None:
    """What was to be held against it is not found as good for want of it."""
    results = of_older_runs(
        [
            *run("baseline", 0.95, 1e-4),
            *without("top1 top1_delta", "failed", "out of memory", variant="finetune"),
            *run("prune(0.9)", 0.95, 1e-4),
        ]
    )
    of_variant = row(results, "prune(0.9)")

    assert of_variant.is_worse is None
    assert "finetune: out of memory" == of_variant.beside_control[0].reason


def test_that_there_is_no_control_is_no_cell() -> None:
    """Of a run without one, a row that failed says so in other columns; a figure is kept."""
    both = "top1_delta top1_delta_control"
    failed = without(both, "failed", "out of memory", variant="prune(0.9)")
    alone = results_of({}, [*weighed("baseline", 9), *failed])
    paired = record("top1_delta_control", 0.1, 0.0, 0.2, variant="prune(0.9)", format="h5")

    assert "finetune" not in render([alone], "text")
    assert [paired] == row(results_of({}, [paired]), "prune(0.9)").beside_control
