"""What a metric says of itself where little or nothing is said of it."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import math
from pathlib import Path

import pytest
from helpers.support import record

from weighin import registry
from weighin.core import Kind, Metric, Results, kind_of, undescribed
from weighin.records import store
from weighin.report import units


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("B", "bytes"), ("s", "seconds"), ("1/s", "rate"), ("", "share"), ("mJ", "number")],
)
def test_a_kind_goes_by_the_unit(unit: str, kind: str) -> None:
    """Any unit that is not known is one of plain numbers."""
    assert kind == kind_of(unit)


@pytest.mark.parametrize(
    ("kind", "range"),
    [
        ("share", (0, 1)),
        ("points", (-1, 1)),
        ("bytes", (0, math.inf)),
        ("seconds", (0, math.inf)),
        ("number", (-math.inf, math.inf)),
        ("change", (-math.inf, math.inf)),
    ],
)
def test_a_range_goes_by_the_kind_unless_it_is_declared(
    kind: Kind, range: tuple[float, float]
) -> None:
    assert range == Metric(name="m", title="m", kind=kind).range
    assert (-3, range[1]) == Metric(name="m", title="m", kind=kind, least=-3).range
    assert (range[0], 7) == Metric(name="m", title="m", kind=kind, most=7).range


def test_declared_ranges_are_stored_with_results(tmp_path: Path) -> None:
    """And a file of a catalogue that declares none has those of the kinds."""
    metrics = {"r": Metric(name="r", title="r", kind="number", most=1.0)}
    store.save(tmp_path / "run.json", Results({}, (), metrics))

    assert (-math.inf, 1.0) == store.load(tmp_path / "run.json").metric("r").range


def test_sizes_and_counts_of_files_are_exact_and_nothing_that_is_measured() -> None:
    exact = {name for name, metric in registry.catalogue().items() if metric.exact}

    assert {"file_bytes", "gzip_bytes", "zip_bytes", "parameters", "macs"} <= exact
    assert not exact & {"top1", "latency", "peak_rss", "build_seconds", "speedup", "sqnr"}


def test_what_nothing_describes_has_a_name_and_a_unit() -> None:
    """And no column, since nobody asked for one."""
    metric = undescribed("peak_heat", "K")

    assert ("peak heat", "K", "number", False) == (
        metric.title,
        metric.unit,
        metric.kind,
        metric.column,
    )


def test_results_know_a_metric_by_its_records_at_least() -> None:
    """A file that describes nothing still has units."""
    results = Results({}, (record("heat", 3.0, unit="K"),))

    assert "K" == results.metric("heat").unit
    assert "" == results.metric("cold").unit


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("bytes", 1_730_000, "1.73 MB"),
        ("seconds", 9.31e-5, "93.1 µs"),
        ("share", 0.9812, "98.12 %"),
        ("points", 0.0004, "+0.04"),
        ("ratio", 1.234, "1.23"),
        ("count", 431_242, "431,242"),
        ("rate", 4685.7, "4,686"),
        ("number", 12.3456, "12.35 mJ"),
    ],
)
def test_every_kind_is_shown_in_its_way(kind: str, value: float, text: str) -> None:
    """A number of another unit has that unit behind it."""
    metric = Metric(name="m", title="m", unit="mJ", kind=kind)  # type: ignore[arg-type]

    assert text == units.shown(metric, value)
    assert units.shown(metric, value, value, value).startswith(f"{text} [")
