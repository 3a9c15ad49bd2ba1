"""Figures follow from the counts and samples beside them, or the fault is named."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from helpers.support import ENVIRONMENT, record, results_of
from hypothesis import given
from hypothesis import strategies as st

import weighin
from weighin import stats
from weighin.core import Record
from weighin.core.metrics import against_control
from weighin.metrics.engines import engine_first, engine_latency, engine_speedup
from weighin.metrics.latency import latency, paired_baseline, paired_latency, speedup
from weighin.metrics.start import cold_start
from weighin.outcomes import ColdStart, Engines, Inferences, Pair, Starts
from weighin.records import store
from weighin.records.derivation import faults
from weighin.records.latencies import covering

ROOT = Path(weighin.__file__).resolve().parent.parent
COUNTED = stats.proportion(9_521, 10_000)
PAIRED = stats.paired_difference(60, 20, 10_000)
RATIOS = [1.2, 1.21, 1.19, 1.25, 1.2, 1.18, 1.22, 1.2, 1.21, 1.2, 1.19, 1.2, 1.23] * 3


def of_figure(metric: str, figure: Any, **changes: Any) -> Record:
    """The record of a figure."""
    blank = record(metric, 0.0, variant="int8")
    return dataclasses.replace(blank, **dataclasses.asdict(figure), **changes)


def sound() -> dict[str, Record]:
    """Figures of all kinds that keep what they were made of, as the metrics make them."""
    seconds = [1e-4 + at * 1e-7 for at in range(40)]
    where = {"variant": "int8", "n": 10_000}
    pair = Pair(tuple((1e-4 * ratio, 1e-4) for ratio in RATIOS), "narrow", True)
    engines = Engines("litert-builtin", pair)
    starts = [ColdStart(0.01 * at, 1) for at in range(1, 9)]
    made = [
        record("top1", *vars(COUNTED).values(), count=9_521, **where),
        record("top1_delta", *vars(PAIRED).values(), gained=60, lost=20, verdict="better", **where),
        record("delegated", 0.75, count=3, variant="int8", n=4),
        of_figure("latency", latency(Inferences(seconds, openings=[5] * 8))),
        of_figure("speedup", speedup(pair)),
        of_figure("paired_latency", paired_latency(pair)),
        of_figure("paired_baseline", paired_baseline(pair)),
        of_figure("cold_start", cold_start(Starts(starts))),
        of_figure("engine_speedup", engine_speedup(engines)),
        of_figure("engine_latency", engine_latency(engines)),
        of_figure("engine_first", engine_first(engines)),
        record("mae", 3.2, 3.1, 3.3, n=200),
        record("mae", 4.0, 3.9, 4.1, n=200, variant="int8"),
        record("mae_delta", 0.8, 0.7, 0.9, n=200, variant="int8", verdict="worse"),
    ]
    return {f"{each.metric} {each.variant}": each for each in covering(made)}


def faults_after(name: str, **changes: Any) -> list[str]:
    """What is found where one figure is otherwise."""
    records = sound()
    key = f"{name} int8"
    records[key] = dataclasses.replace(records[key], **changes)
    return faults(results_of(ENVIRONMENT, list(records.values())))


def test_what_metrics_make_follows() -> None:
    """By the very functions."""
    assert [] == faults(results_of(ENVIRONMENT, list(sound().values())))


@pytest.mark.parametrize(
    ("name", "changes", "fault"),
    [
        ("top1", {"value": 0.9999, "high": 1.0}, "its value is 0.9999, but what it was made of"),
        ("top1", {"low": 0.952}, "its low is 0.952, but what it was made of gives 0.947"),
        ("top1", {"count": 9_000}, "its value is 0.9521, but what it was made of gives 0.9"),
        ("top1_delta", {"value": 0.005}, "its value is 0.005, but what it was made of gives 0.004"),
        ("top1_delta", {"gained": 20}, "gives 0"),
        ("top1_delta", {"verdict": "worse"}, "its verdict is 'worse', but its figures give 'bett"),
        ("delegated", {"value": 1.0}, "its value is 1, but what it was made of gives 0.75"),
        ("latency", {"value": 1.03e-4}, "its value is 0.000103"),
        ("latency", {"high": 1.05e-4}, "its high is 0.000105"),
        ("paired_latency", {"low": 0.9e-4}, "its low is 9e-05, but what it was made of"),
        ("paired_latency", {"samples": (1.5e-4,) * 9}, "latency of small-int8-litert: its high"),
        ("paired_baseline", {"value": 1e-4, "low": 1e-4}, "its value is 0.0001"),
        ("speedup", {"value": 1.3, "high": 1.4}, "its value is 1.3"),
        ("speedup", {"low": 1.1}, "its low is 1.1"),
        ("speedup", {"verdict": "no evidence"}, "its figures give 'faster'"),
        ("cold_start", {"value": 0.03}, "its value is 0.03"),
        ("engine_speedup", {"high": 1.4}, "its high is 1.4"),
        ("engine_speedup", {"verdict": "slower"}, "its figures give 'faster'"),
        ("engine_latency", {"low": 0.9e-4}, "its low is 9e-05"),
        ("engine_first", {"value": 1e-4, "low": 1e-4}, "its value is 0.0001"),
        ("mae_delta", {"value": 0.75}, "it is 0.75, but the figures that it compares differ by"),
        ("mae_delta", {"verdict": "better"}, "its verdict is 'better', but its figures give 'wor"),
        ("mae", {"value": 3.95}, "mae_delta of small-int8-litert: it is 0.8, but the figures that"),
    ],
)
def test_a_figure_that_does_not_follow_is_named(
    name: str, changes: dict[str, Any], fault: str
) -> None:
    """With what stands there, and what is right."""
    found = faults_after(name, **changes)

    assert any(fault in each for each in found), found


def test_what_nothing_is_kept_of_is_taken_as_it_is() -> None:
    """Figures without counts and samples, and samples of somebody's own metric."""
    own = record("jitter", 7.0, 6.0, 8.0, samples=(1.0, 2.0), n=2)
    assert [] == faults(results_of(ENVIRONMENT, [record("gzip_bytes", 90), own]))


def test_a_difference_without_a_good_direction_has_no_verdict() -> None:
    """Of a damaged catalogue, say: there is nothing to hold its verdict against."""
    ran = results_of(ENVIRONMENT, list(sound().values()))
    aimless = dataclasses.replace(ran.metrics["mae_delta"], better="")

    assert [] == faults(dataclasses.replace(ran, metrics={**ran.metrics, "mae_delta": aimless}))


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=60))
def test_ratios_that_were_rounded_follow(ratios: list[float]) -> None:
    """Samples are kept to six digits, and the figure is made of these."""
    figure = speedup(Pair(tuple((ratio, 1.0) for ratio in ratios), "time", False))
    fields = dataclasses.asdict(figure)

    assert [] == faults(results_of({}, [dataclasses.replace(record("speedup", 1.0), **fields)]))


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("results/*/20*/**/*.json")), ids=lambda path: path.stem
)
def test_published_figures_follow(path: Path) -> None:
    """All that is published, of every schema."""
    assert [] == faults(store.load(path))


def test_a_difference_to_the_control_is_held_against_the_control() -> None:
    """Not against the baseline, whose figure is another."""
    where = {"variant": "prune(0.8)"}
    control = record("mae", 3.5, 3.4, 3.6, n=200, variant="finetune")
    own = record("mae", 4.0, 3.9, 4.1, n=200, **where)
    baseline = record("mae", 3.2, 3.1, 3.3, n=200)
    ran = results_of(ENVIRONMENT, [baseline, control, own])
    described = against_control(ran.metric("mae_delta"))

    def found(value: float) -> list[str]:
        told = record(described.name, value, value - 0.1, value + 0.1, verdict="worse", **where)
        metrics = {**ran.metrics, described.name: described}
        return faults(dataclasses.replace(ran, records=(*ran.records, told), metrics=metrics))

    assert [] == found(0.5)
    assert ["it is 0.8, but the figures that it compares differ by 0.5"] == [
        fault.partition(": ")[2] for fault in found(0.8)
    ]
