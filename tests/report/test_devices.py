"""Rows that were measured on devices: what is said of these, and what compares."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import pytest
from helpers.support import ENVIRONMENT, record, results_of

from weighin.api import Weighed
from weighin.core import Results, WeighinError
from weighin.report import compare, gates
from weighin.report.gates.grammar import parse
from weighin.report.origin import devices
from weighin.report.rows import rows_of
from weighin.report.table import flat, render

CALIBRATED = {
    "aa_trials": 200,
    "false_alarms": 3,
    "slow_trials": 100,
    "found": 99,
    "smallest_speedup": 0.031,
    "session_spread": 0.02,
    "pair_seconds": 10.0,
    "pinned": True,
    "threads": 1,
}
MACHINE = {
    "cpu": "Cortex-A76",
    "architecture": "aarch64",
    "cores": 4,
    "cpu_features": ["asimd", "asimddp"],
    "memory_bytes": 8_000_000_000,
    "system": "Linux 6.6",
}
PI = {
    "machine": MACHINE,
    "packages": {"python": "3.11.2", "weighin": "0.1.0"},
    "calibrations": [CALIBRATED],
    "disturbances": ["it was 91 °C hot at the end"],
}


def run(value: float = 2.0, target: str = "pi5", **devices: Any) -> Results:
    """A run with a speed-up on a device and one on this machine."""
    figures = (value, value * 0.99, value * 1.01)
    records = [
        record("speedup", *figures, variant="int8", n=30, target=each) for each in (target, "")
    ]
    told = {"devices": devices} if devices else {}
    return results_of({**ENVIRONMENT, **told}, records)


def verdicts(first: Results, second: Results) -> dict[str, str]:
    """Verdicts on the speed-ups, by engine."""
    against = compare.held([("old", first), ("new", second)])
    return {each.case.engine: each.verdict for each in against}


def test_the_one_row_of_a_variant_is_that_of_this_machine() -> None:
    """A page that has room for one does not take a board's for it."""
    rows = rows_of(run(pi5=PI).records, run(pi5=PI))

    assert [("litert", True), ("litert@pi5", False)] == [(r.case.engine, r.is_main) for r in rows]


def test_rows_of_bare_numbers_and_figures_by_name_say_which_device() -> None:
    """Of two rows on one runtime, by what they are asked for."""
    made, weighed = run(pi5=PI), Weighed(run(pi5=PI))

    assert ["", "pi5"] == [each.get("target", "") for each in flat(made)]
    assert "int8 on litert@pi5" == repr(weighed["int8", "litert@pi5"]).splitlines()[0]
    assert "int8 on litert" == repr(weighed["int8", "litert"]).splitlines()[0]
    with pytest.raises(KeyError, match="litert@pi5"):
        _ = weighed["int8", "litert@pi4"]


def test_figures_of_a_device_compare_with_those_of_the_same_device() -> None:
    """Whatever machine the runs were started on."""
    elsewhere = run(1.0, pi5=PI)
    elsewhere.environment["machine"] = {**ENVIRONMENT["machine"], "cpu": "another"}

    assert {"litert@pi5": "slower", "litert": "slower"} == verdicts(run(pi5=PI), run(1.0, pi5=PI))
    told = verdicts(run(pi5=PI), elsewhere)
    assert {"litert@pi5": "slower", "litert": "not compared"} == told


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"machine": {**MACHINE, "cpu": "Cortex-A72"}}, "cpu: Cortex-A76 and Cortex-A72"),
        ({"calibrations": []}, "only one of them has a calibration"),
        ({"calibrations": [{**CALIBRATED, "found": 90}]}, "another calibration of the machine"),
    ],
)
def test_figures_of_another_device_under_one_name_do_not_compare(
    other: dict[str, Any], reason: str
) -> None:
    """It is told of that device alone; those of this machine compare as ever."""
    runs = [("old", run(pi5=PI)), ("new", run(1.0, pi5={**PI, **other}))]

    assert {"litert@pi5": "not compared", "litert": "slower"} == verdicts(runs[0][1], runs[1][1])
    text = compare.render(runs)
    assert "on pi5 not compared with new: " in text
    assert reason in text
    assert "int8 litert@pi5" in text
    with pytest.raises(WeighinError, match="speeds are not compared with new"):
        compare.failing(compare.held(runs), ["slower"])


def test_one_run_without_the_device_has_no_machine_to_compare() -> None:
    """Nor has a device that was never reached."""
    for devices_told in ({}, {"pi5": {}}):
        told = verdicts(run(pi5=PI), run(1.0, **devices_told))
        assert {"litert@pi5": "not compared", "litert": "slower"} == told


def test_below_the_table_it_says_what_the_device_is() -> None:
    """Machine, what disturbed it, calibration and versions, for each that has rows."""
    results = run(pi5=PI, idle=PI)
    text = render([results], "text")
    (line,) = devices(results)

    assert line in text
    assert line.startswith(
        "pi5: Cortex-A76, 4 cores (asimd asimddp), 8.00 GB, Linux 6.6; disturbed:"
    )
    assert "91 °C" in line
    assert "calibrated (litert, 1 thread): 3 false alarms in 200" in line
    assert line.endswith("python 3.11.2, weighin 0.1.0")


def test_a_gate_on_a_runtime_is_on_this_machine_unless_it_names_the_device() -> None:
    """Bounds of a board are not those of a desk."""
    results = run(pi5=PI)
    judged = gates.judge(
        [parse("int8 on litert@pi5: speedup >= 1"), parse("int8 on litert: speedup >= 1")], results
    )

    assert judged.kept
    places = [each.record and each.record.case.engine for each in judged.outcomes]
    assert ["litert@pi5", "litert"] == places
