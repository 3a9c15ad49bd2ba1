"""Reports of models of other tasks than classification: by their own figures, in their words."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from helpers.judged import (
    HOUSES,
    SAME,
    answered,
    of_tasks,
    regression,
    segmentation,
    swept,
    unlabelled,
)
from helpers.support import following, golden, record, results, run

from weighin.core import Metric, Record, Results
from weighin.records import store
from weighin.report import between_runs, compare, curve, gates, units, versions
from weighin.report import record as record_table
from weighin.report.figure import draw
from weighin.report.layout import FORMATS
from weighin.report.page.contents import contents
from weighin.report.primary import primary
from weighin.report.table import render, tables


def headers(made: Results) -> list[list[str]]:
    """The headers of each table of a run."""
    return [[column.header for column in table.columns] for table in tables(made)]


def without_quality(made: Results) -> Results:
    """A run whose catalogue knows nothing of tasks, as those before there were any."""
    metrics = {
        name: dataclasses.replace(metric, quality="", substitute=False)
        for name, metric in made.metrics.items()
        if metric.quality in ("", "top1", "top5") and not name.startswith("top5_")
    }
    return dataclasses.replace(made, metrics=metrics)


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_golden(format: str) -> None:
    """Tables of a regression and of a segmentation are what was once looked at and kept."""
    actual = f"{render([of_tasks()], format)}\n".replace("\r\n", "\n")

    assert golden("tasks", format, actual) == actual


@pytest.mark.parametrize(
    ("records", "delta"),
    [(regression(), "Δ MAE: "), (segmentation(), "Δ points: ")],
)
def test_the_record_says_once_what_its_difference_is(records: list[Record], delta: str) -> None:
    """And by which rule a file counts as no worse."""
    text = record_table.render([of_tasks(records)], "text")

    assert 1 == sum(line.startswith(delta) for line in text.splitlines())
    assert f"no worse: {delta[:-2]} does not find it worse at 5 %" in text
    assert "is flattered by the choice" in text


@pytest.mark.parametrize("format", FORMATS)
def test_tables_are_the_same_after_storing(format: str, tmp_path: Path) -> None:
    """What figures are of a task is stored, so that a file gives the table that its run showed."""
    store.save(tmp_path / "run.json", of_tasks())

    assert render([of_tasks()], format) == render([store.load(tmp_path / "run.json")], format)


def test_a_table_has_the_columns_of_its_own_task() -> None:
    """The first figure and its difference; of those beside it and of other tasks nothing."""
    made = of_tasks(regression(), segmentation(), run("baseline", 0.95, 1e-4))
    size, speed = ["file", "gzip", "× smaller"], ["latency", "× faster"]

    assert [
        [*size, "MAE", "Δ MAE", "Δ to finetune", *speed],
        [*size, "mIoU", "Δ points", "Δ to finetune", *speed],
        [*size, "top-1", "Δ points", "Δ to finetune", *speed],
    ] == headers(made)


def test_without_targets_the_table_tells_how_near_outputs_are() -> None:
    """Agreement, SQNR and cosine stand where other tasks have their figure."""
    assert ["agreement", "SQNR", "cosine"] == headers(of_tasks(unlabelled()))[0][3:6]


def test_figures_of_another_task_that_nobody_measured_have_no_column() -> None:
    """A file that could not be built may be recorded under a guessed task."""
    failed = record("top1", status="failed", reason="no", **HOUSES)

    assert "MAE" in headers(of_tasks([*regression(), failed]))[0]
    assert "top-1" not in headers(of_tasks([*regression(), failed]))[0]


def test_old_results_have_the_columns_that_they_had() -> None:
    """Their metrics say nothing of tasks; all were classification."""
    assert headers(results()) == headers(without_quality(results()))
    assert render([results()], "text") == render([without_quality(results())], "text")


def test_programs_get_every_figure() -> None:
    """Tables show the first alone; JSON has the others too."""
    rows = json.loads(render([of_tasks()], "json"))

    (int8, _) = [row for row in rows if row["variant"] == "int8"]
    assert {"mae", "mae_delta", "rmse", "rmse_delta", "r2", "r2_delta"} <= set(int8)
    assert SAME == int8["mae_delta_verdict"]


@pytest.mark.parametrize("format", ["text", "github", "html", "latex"])
def test_nothing_is_called_an_image_that_is_none(format: str) -> None:
    """Houses are examples; what a U-Net is given are images."""
    assert "images" not in render([of_tasks(regression())], format)
    assert "20 test images, 80 to train on" in render([of_tasks(segmentation())], format)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (
            regression(),
            "Δ MAE: on the same examples; better or worse if the paired bootstrap's interval "
            "leaves out 0, else same if it lies within ±1 % of the baseline's",
        ),
        (
            segmentation(),
            "Δ points: on the same images; better or worse if the paired bootstrap's interval "
            "leaves out 0, else same if it lies within ±1",
        ),
        (
            run("int8", 0.9, 1e-4),
            "Δ points: on the same images; better or worse by McNemar's exact test at 5 %, else "
            "same if the interval lies within ±1",
        ),
    ],
)
def test_the_footer_names_the_test_and_the_margin(records: list[Record], expected: str) -> None:
    """McNemar's where answers are right or wrong, else the paired bootstrap."""
    assert expected in render([of_tasks(records)], "text").splitlines()


def test_a_margin_of_ones_own_is_in_the_footer() -> None:
    """Where a figure brings a margin in its unit, the catalogue has it."""
    made = of_tasks(regression())
    delta = dataclasses.replace(made.metrics["mae_delta"], margin=0.25, unit="k€")
    changed = dataclasses.replace(made, metrics={**made.metrics, "mae_delta": delta})

    assert "same if it lies within ±0.25 k€" in render([changed], "text")


def test_margins_that_differ_between_seeds_are_a_range() -> None:
    """They are 1 % of each seed's baseline, and no two verdicts for that."""
    verdicts = (SAME, SAME.replace("0.032", "0.034"), "worse")
    records = [
        each
        for seed, verdict in enumerate(verdicts)
        for each in answered("mae", 3.2, 0.01, verdict, half=0.08, seed=seed, variant="int8")
    ]

    assert "same within ±0.032 to 0.034, 1 % of the baseline's (2); worse (1)" in render(
        [of_tasks(records)], "text"
    )


@pytest.mark.parametrize(
    ("kind", "value", "ends", "expected"),
    [
        ("change", 0.0125, (-0.0075, 0.0325), "+0.013 [-0.007, +0.033]"),
        ("change", -1234.0, (-2000.0, 500.0), "-1,234 [-2,000, +500]"),
        ("change", 0.0125, (), "+0.0125"),
        ("change", 0.0, (0.0, 0.0), "0 [0, 0]"),
        ("number", 3.2, (3.12, 3.28), "3.200 [3.120, 3.280]"),
        ("number", 45_678.9, (), "45,679"),
        ("number", 45_678.9, (45_000.0, 46_000.0), "45,679 [45,000, 46,000]"),
        ("number", 1.2e-12, (1.1e-12, 1.3e-12), "1.200e-12 [1.100e-12, 1.300e-12]"),
    ],
)
def test_numbers_are_as_exact_as_their_interval(
    kind: str, value: float, ends: tuple[float, ...], expected: str
) -> None:
    """Changes by two digits of its length; nobody has to count the digits of a price."""
    metric = Metric(name="m", title="m", kind=kind)  # type: ignore[arg-type]

    assert expected == units.shown(metric, value, *ends)


def test_a_change_over_seeds_is_written_once() -> None:
    """Mean, deviation and interval, each with the same digits."""
    records = [
        *answered("mae", 3.2, 0.010, "worse", half=0.08, variant="int8"),
        *answered("mae", 3.2, 0.030, "worse", half=0.08, variant="int8", seed=1),
    ]

    assert "+0.020 ± 0.014 [0.000, +0.040] worse" in render([of_tasks(records)], "text")


# -- curves, figures, record ----------------------------------------------------------------------


def test_a_front_of_errors_is_turned() -> None:
    """Where lower is better a point with a large error is on no front, one with a small one is."""
    (drawn,) = curve.curves(swept())

    assert {"baseline", "prune(0.5)", "prune(0.75)"} >= drawn.fronts["smaller"]
    assert {"prune(0.5)", "prune(0.75)"} <= drawn.fronts["smaller"]
    assert "prune(0.9)" not in drawn.fronts["speedup"]
    text = curve.render([swept()], "text")
    assert "◆ on the Pareto front of MAE and that column" in text
    assert "top-1" not in text


def test_a_figure_has_the_tasks_axis(tmp_path: Path) -> None:
    """Its title, its unit, and which way is better; errors are not shown in percent."""
    draw(curve.curves(swept()), tmp_path / "drawn.svg")
    svg = (tmp_path / "drawn.svg").read_text("utf-8")

    assert "<!-- MAE on the test set (lower is better) -->" in svg
    assert "bars: 95 % intervals; 200 test examples." in svg


def test_the_record_judges_by_the_tasks_difference() -> None:
    """No worse: not found worse, and hardly above the baseline; the header says what was told."""
    close = [
        *answered("mae", 3.2, half=0.08, **HOUSES),
        *answered("mae", 3.202, 0.002, "no evidence", half=0.08, variant="int8", **HOUSES),
        *answered("mae", 3.21, 0.01, "no evidence", half=0.08, variant="dynamic", **HOUSES),
        *answered("mae", 3.201, 0.001, "worse", half=0.08, variant="cluster(16)", **HOUSES),
    ]
    rows = json.loads(record_table.render([of_tasks(close)], "json"))

    assert [("int8", True), ("dynamic", False), ("cluster(16)", False)] == [
        (row["variant"], row["no_worse"]) for row in rows[1:]
    ]
    assert {"mae", "dense_mae", "mae_delta", "examples"} <= set(rows[1])
    text = record_table.render([of_tasks(close)], "text")
    assert "MAE is at most 0.1 % above the baseline's" in text
    assert "McNemar" not in text


# -- comparisons, gates, versions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "before", "after", "expected"),
    [
        ("mae", (3.2, 3.1, 3.3), (4.0, 3.9, 4.1), "worse"),
        ("mae", (3.2, 3.1, 3.3), (2.0, 1.9, 2.1), "better"),
        ("mae", (3.2, 3.1, 3.3), (3.3, 3.2, 3.4), "no evidence"),
        ("mae", (3.2, 3.19, 3.21), (3.23, 3.22, 3.24), "no evidence"),  # within 1 %
        ("miou", (0.8, 0.79, 0.81), (0.7, 0.69, 0.71), "worse"),
        ("miou", (0.8, 0.799, 0.801), (0.81, 0.809, 0.811), "no evidence"),  # within a point
        ("r2", (-0.5, -0.51, -0.49), (-0.52, -0.53, -0.512), "no evidence"),
        ("r2", (-0.5, -0.501, -0.499), (-0.4, -0.401, -0.399), "better"),
        ("r2", (-0.5, -0.501, -0.499), (-0.504, -0.505, -0.503), "no evidence"),  # within 1 %
    ],
)
def test_runs_are_compared_by_intervals(
    metric: str, before: tuple[float, ...], after: tuple[float, ...], expected: str
) -> None:
    """Beyond both intervals and what is tolerated, whichever way is better, below 0 as above."""
    described = of_tasks().metrics[metric]

    assert expected == between_runs.verdict(
        described, record(metric, *before), record(metric, *after)
    )


def test_compare_has_a_table_of_each_tasks_figures() -> None:
    """Shares differ by points, numbers by percent."""
    worse = [
        dataclasses.replace(each, value=each.value * 0.8, low=each.low * 0.8, high=each.high * 0.8)
        if each.metric in ("mae", "miou") and each.value and each.low and each.high
        else each
        for each in (*regression(), *segmentation())
    ]
    runs = [("old", following(of_tasks())), ("new", following(of_tasks(worse)))]
    text = compare.render(runs)

    assert "better by 20.0 %" in text
    assert "worse by 16.84 points" in text


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ("int8: mae_delta <= 0.1", ["kept"]),
        ("prune(0.8): mae_delta <= 0.1", ["breached"]),
        ("int8: mae <= 1.01 * baseline", ["within, not proven"]),
        ("int8: miou >= 0.8", ["kept"]),
        ("int8: miou_delta >= -0.1 points", ["beyond, not proven"]),
        ("int8: r2 >= 0.5", ["kept"]),
    ],
)
def test_gates_hold_figures_of_any_task(gate: str, expected: list[str]) -> None:
    """By their names, in their units; shares as shares."""
    judged = gates.judge([gates.parse(gate)], of_tasks())

    assert expected == [outcome.verdict for outcome in judged.outcomes]


def test_the_version_matrix_says_when_answers_are_worse() -> None:
    """Of the figures that its models have, by intervals where they are no counts."""
    packages = {"packages": {"tensorflow": "2.21.0"}}
    old = {"packages": {"tensorflow": "2.19.0"}}
    text = versions.render([of_tasks(**packages), of_tasks(**old)], "text")

    assert "or worse beyond both intervals: MAE by more than 1 %" in text
    assert "mIoU by more than 1 in a hundred" in text
    assert "its top-1" not in text


# -- the page -------------------------------------------------------------------------------------


def test_the_page_has_each_tasks_own_columns() -> None:
    """Every row has a cell for every column of the page; a table shows those of its task."""
    page = contents([("run.json", of_tasks(regression(), segmentation()))])
    names = [column["metric"] for column in page["columns"]]
    own = [[names[at] for at in section["columns"]] for section in page["sections"]]

    assert "mae" in own[0]
    assert "miou" not in own[0]
    assert "mae" not in own[1]
    assert {len(names)} == {
        len(row["cells"]) for section in page["sections"] for row in section["rows"]
    }
    assert {"measured": 5} == page["head"]["counts"]


def test_the_page_folds_further_figures_below_the_table() -> None:
    """RMSE and R² with their differences, as a table would write them."""
    (section,) = contents([("run.json", of_tasks(regression()))])["sections"]

    assert ["RMSE", "Δ RMSE", "R²", "Δ R²"] == section["further"]["headers"]
    assert "4.179 [4.059, 4.299]" == section["further"]["rows"][0][2]
    (plain,) = contents([("run.json", of_tasks(regression(further=False)))])["sections"]
    assert {} == plain["further"]


def test_the_page_names_the_smallest_by_the_tasks_figure() -> None:
    """What is found worse by its own difference is not praised for its size."""
    (section,) = contents([("run.json", of_tasks(regression()))])["sections"]

    assert "int8" == section["rows"][section["smallest"]["row"]]["variant"]


def test_the_page_plots_the_tasks_figure() -> None:
    """Its axis and its fronts, turned where lower is better."""
    page = contents([("run.json", swept())])
    (plot,) = page["plots"]
    rows = page["sections"][0]["rows"]

    title = "MAE on the test set (lower is better)"
    assert {"metric": "mae", "title": title, "suffix": "", "factor": 1} == plot["quality"]
    front = {rows[at]["variant"] for at in plot["fronts"]["smaller mae"]}
    assert "prune(0.75)" in front
    assert "prune(0.9)" not in front


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (results(), "McNemar's exact test on the same test images does not"),
        (of_tasks(regression()), "the paired bootstrap on the same test examples does not"),
        (
            of_tasks(regression(), run("int8", 0.9, 1e-4)),
            "McNemar's exact test on the same test examples, or of MAE the paired bootstrap on "
            "the same test examples, does not",
        ),
    ],
)
def test_the_overview_names_the_test(made: Results, expected: str) -> None:
    """By which a row is not found worse."""
    assert expected in contents([("run.json", made)])["head"]["not_worse"]


def test_the_primary_figure_of_nothing_measured_is_a_classifiers() -> None:
    """As tables have always shown where a run left out all answers."""
    quality = primary(of_tasks().metrics, [record("latency", 1e-4)])

    assert ("top1", "top1_delta") == (quality.name, quality.delta_name)
