"""Tables' rows and cells: what is compared with what, seeds brought together, verdicts."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import pytest
from helpers.support import (
    file,
    record,
    results_of,
    run,
    without,
)
from helpers.tables import cells, flat, show

from weighin.report.rows import over_seeds
from weighin.report.table import sections, tables


def test_each_model_has_a_table() -> None:
    """Models are not mixed in a table, nor data sets."""
    made = [
        record("top1", 0.9),
        record("top1", 0.8, model="wide"),
        record("top1", 0.7, dataset="letters"),
        record("latency", 1e-4),
    ]

    named = [(table.model, table.dataset) for table in tables(results_of({}, tuple(made)))]

    assert [("small", "digits"), ("wide", "digits"), ("small", "letters")] == named


def test_smaller_is_within_one_format() -> None:
    """Each format's files are divided by that format's baseline, gzip by gzip."""
    records = [
        *file("baseline", 5, 1000, format="h5"),
        *file("baseline", 7, 900),
        *file("prune(0.8)", 11, 250, format="h5"),
        *file("prune(0.8)", 13, 300),
    ]

    smaller = {(row["variant"], row["format"]): row["smaller"] for row in flat(records)}

    assert 4.0 == smaller["prune(0.8)", "h5"]
    assert 3.0 == smaller["prune(0.8)", "tflite"]
    assert 1.0 == smaller["baseline", "h5"]
    assert 1.0 == smaller["baseline", "tflite"]


def test_smaller_needs_a_baseline_of_the_format() -> None:
    """Without a baseline of the same format there is no ratio, though there is another's."""
    records = [*file("baseline", 5, 1000, format="h5"), *file("int8", 13, 300)]

    shown = cells(records)

    assert "not measured [1]" == shown["int8", "tflite"]["× smaller"]
    assert "not measured: × smaller (the baseline has no size)" in show(records)
    assert [None, 1.0] == [row["smaller"] for row in flat(records)]


def test_smaller_is_within_one_seed() -> None:
    """A file is divided by the baseline that was trained from the same seed."""
    records = [
        *file("baseline", 5, 1000, seed=1),
        *file("baseline", 5, 800, seed=2),
        *file("int8", 5, 400, seed=1),
        *file("int8", 5, 400, seed=2),
    ]

    smaller = {row["seed"]: row["smaller"] for row in flat(records) if row["variant"] == "int8"}

    assert {1: 2.5, 2: 2.0} == smaller


@pytest.mark.parametrize("status", ["failed", "skipped", "not measured"])
def test_smaller_says_why_a_file_has_no_size(status: str) -> None:
    """A file that was not weighed has no ratio, for the same reason."""
    records = [
        *file("baseline", 5, 1000),
        *without("gzip_bytes", status, "of no use", variant="int8", runtime="", threads=0),
    ]

    shown = cells(records)["int8", "tflite"]

    assert shown["gzip"] == shown["× smaller"]
    assert shown["gzip"].startswith(f"{status} [")


def test_the_baseline_is_not_compared_with_itself() -> None:
    """A baseline's row has its own figures, and blanks where others are compared with it."""
    records = [*file("baseline", 420_000, 390_000), *run("baseline", 0.95, 1e-4)]

    shown = cells(records)["baseline", "litert"]

    assert ("", "", "") == (shown["× smaller"], shown["Δ points"], shown["× faster"])
    assert "390 kB" == shown["gzip"]
    assert "95.00 % [94.00, 96.00]" == shown["top-1"]
    assert "this is the baseline" not in show(records)


def test_an_interval_is_of_as_many_seeds_as_its_mean() -> None:
    """Where one seed has none, neither has the mean, which might lie outside."""
    of = {"low": 0.9, "high": 1.1}
    found = over_seeds(
        [
            record("latency", 1.0, **of),
            record("latency", 2.0, seed=1),
            record("latency", 1.0, seed=2, **of),
        ]
    )

    assert found is not None
    assert (4 / 3, None, None, 3) == (found.mean, found.low, found.high, found.n)


def test_rows_stand_by_format_then_variant() -> None:
    """.tflite before .h5, variants in the order of the suite, one thread before four."""
    records = [
        *run("baseline", 0.9, 1e-4, format="h5", runtime="keras-cpu"),
        *run("prune(0.8)", 0.9, 1e-4, threads=4),
        *run("prune(0.8)", 0.9, 1e-4),
        *run("baseline", 0.9, 1e-4, threads=4),
        *run("baseline", 0.9, 1e-4),
        *run("int8", 0.9, 1e-4),
    ]

    expected = [
        ("baseline", "litert"),
        ("baseline", "litert ×4"),
        ("prune(0.8)", "litert"),
        ("prune(0.8)", "litert ×4"),
        ("int8", "litert"),
        ("baseline", "keras-cpu"),
    ]
    assert expected == list(cells(records))


def test_seeds_of_a_variant_share_a_row() -> None:
    """Mean ± standard deviation over seeds, and the ends within a seed averaged over them."""
    records = [
        *run("int8", 0.90, 1e-4, base=2e-4),
        *run("int8", 0.92, 3e-4, base=6e-4, seed=7),
    ]

    ((place, shown),) = cells(records).items()

    assert ("int8", "litert") == place
    assert "91.00 % ± 1.41 [90.00, 92.00]" == shown["top-1"]
    assert "-4.00 ± 1.41 [-5.00, -3.00] no evidence" == shown["Δ points"]
    assert "200 µs ± 141 [198, 202]" == shown["latency"]
    assert "2.00 ± 0.00 [1.94, 2.06] no evidence" == shown["× faster"]


def test_seeds_of_other_runtimes_and_threads_stay_apart() -> None:
    """Only seeds are brought together: not threads, runtimes, formats or variants."""
    places = [
        {"threads": 4},
        {"runtime": "other"},
        {"format": "h5", "runtime": "keras-cpu"},
        {"variant": "int8"},
        {},
    ]
    made = [
        record("latency", 1e-4 * (1 + seed), **{"seed": seed} | place)
        for place in places
        for seed in (0, 1)
    ]

    shown = [row["latency"] for row in cells(made).values()]

    assert ["150 µs ± 71"] * len(places) == shown


def test_a_seed_without_a_figure_is_told() -> None:
    """A mean over the seeds that went well would hide the one that did not."""
    records = [
        record("latency", 1e-4, variant="int8"),
        *without("latency", "failed", "out of memory", variant="int8", seed=1),
        record("latency", 1e-4, variant="int8", seed=2),
    ]

    assert "failed in 1 of 3 seeds [2]" == cells(records)["int8", "litert"]["latency"]
    assert "out of memory" in show(records)


def test_verdicts_stand_behind_their_figures() -> None:
    """What a comparison comes to is said beside its number, and nowhere else."""
    records = [*file("baseline", 2, 2), *file("int8", 1, 1)]
    records += run("int8", 0.9, 1e-4, verdicts=("worse", "slower"))

    shown = cells(records)["int8", "litert"]

    assert "-5.00 [-6.00, -4.00] worse" == shown["Δ points"]
    assert "1.00 [0.97, 1.03] slower" == shown["× faster"]
    assert "90.00 % [89.00, 91.00]" == shown["top-1"]
    assert "2.00" == shown["× smaller"]


def test_verdicts_that_differ_between_seeds_are_counted() -> None:
    """The most common comes first, each with how many seeds came to it."""
    records = []
    for seed, verdict in enumerate(["no evidence", "worse", "worse"]):
        records += run("int8", 0.9, 1e-4, verdicts=(verdict, "slower"), seed=seed)

    shown = cells(records)["int8", "litert"]

    assert shown["Δ points"].endswith("-4.00] worse (2), no evidence (1)")
    assert shown["× faster"].endswith("1.03] slower")


def test_a_narrow_table_goes_without_what_tells_least_first() -> None:
    """Columns without a figure, then those of a few rows, then the others that it can spare."""
    names = ("litert", "openvino", "tflite-micro")
    records = [record("file_bytes", 9e5, runtime=name) for name in names]
    records += [record("latency", 1e-4, runtime=name) for name in names[:2]]
    records += without("latency", "skipped", "no times", runtime="tflite-micro")
    records += [record("arena_bytes", 3e5, runtime="tflite-micro")]
    for name in names:
        records += without("agreement", "not measured", "no data", runtime=name)

    (section, *_) = sections([results_of({}, records)])

    known, order = ["arena", "file", "latency"], list(section.optional)
    assert known == [name for name in order if name in known]
    assert known == order[-3:]  # before them what no row has


def test_why_a_few_runtimes_figure_is_missing_is_said_where_others_of_theirs_are() -> None:
    """A float file has an arena, and no NPU runs it; of what has neither nothing is said."""
    records = [record("latency", 1e-4, runtime=name) for name in ("litert", "tflite-micro")]
    for metric in ("arena_bytes", "ethos_u55_128"):
        records += without(metric, "skipped", "it tells no memory", runtime="litert")
    records += [record("arena_bytes", 3e5, runtime="tflite-micro")]
    records += without("ethos_u55_128", "skipped", "no integers", runtime="tflite-micro")
    records += [record("ethos_u55_128", 4e-4, runtime="tflite-micro", variant="int8")]

    (section, *_) = sections([results_of({}, records)])
    rows = {(row[0], row[1]): dict(zip(section.headers, row, strict=True)) for row in section.rows}
    (estimate,) = (header for header in section.headers if header.startswith("Ethos"))

    told = rows["baseline", "tflite-micro"][estimate]
    assert told.startswith("skipped [")
    assert f"{told.removeprefix('skipped ')} no integers" in section.lines
    assert "" == rows["baseline", "litert"][estimate] == rows["baseline", "litert"]["arena"]
