"""What stands below a table: what its figures rest on, and the rules of its verdicts."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from helpers.support import (
    ENVIRONMENT,
    record,
    results,
    results_of,
    run,
)
from helpers.tables import show

from weighin.report.origin import BROKEN_OFF, origin
from weighin.report.table import render


@pytest.mark.parametrize("spent", [0, 1])
def test_a_pair_that_ran_out_of_time_is_starred(spent: int) -> None:
    """A star says that the interval could have been narrower; the footer says what it means."""
    records = []
    for seed in (0, 1):
        stopped = "time" if seed < spent else "narrow"
        records += run("int8", 0.9, 1e-4, stopped=stopped, seed=seed)
    text = render([results_of(ENVIRONMENT, tuple(records))], "text")

    assert bool(spent) == ("1.03]* no evidence" in text)
    assert bool(spent) == ("* before that its time was spent" in text)


def test_no_star_without_a_pair() -> None:
    """A footer with nothing measured in pairs says nothing of pairs."""
    text = render([results_of(ENVIRONMENT, (record("top1", 0.9, variant="int8"),))], "text")

    assert "× faster:" not in text
    assert "Δ points:" not in text


def test_the_footer_says_what_figures_rest_on() -> None:
    """Under a table: images, rounds, threads, seeds, profile; under all, machine and versions."""
    lines = render([results()], "text").splitlines()

    assert (
        "digits: 1,000 test images, 4,000 to train on; latency: median of 500 single inferences, "
        "1, 4 threads; seeds 0, 1; profile quick"
    ) in lines
    assert (
        "± standard deviation over 2 seeds; [within-seed 95 % interval, its ends averaged over "
        "seeds]; (n) behind a verdict: of so many seeds"
    ) in lines
    assert "[95 % interval]; one seed, so that of another training is not in it" in lines
    assert "× smaller: gzip -9 against the baseline's in the same file format" in lines
    assert [
        "Example CPU <1 GHz>, 4 cores (avx2 fma), 8.00 GB, Linux 6.1",
        "weighin 0.1.0, tensorflow 2.21.0; 2024-05-06",
    ] == [lines[-3], lines[-1]]


def test_the_footer_states_the_rules_of_verdicts() -> None:
    """Margin, test, how long a pair was measured, and from what ratio one is called."""
    (said,) = [
        line for line in render([results()], "text").splitlines() if line.startswith("× faster:")
    ]
    (margin, _) = [
        line for line in render([results()], "text").splitlines() if line.startswith("Δ points:")
    ]

    assert "40 openings of both, until 30 or more are within ±1 % or 2 s are over;" in said
    assert margin.endswith(
        "by McNemar's exact test at 5 %, else same if the interval lies within ±1"
    )


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            ENVIRONMENT["calibration"],
            "calibrated (litert, 1 thread): 9 false alarms in 200 A/A trials, 5 % more work",
        ),
        (None, "not calibrated: weighin doctor --calibrate"),
    ],
)
def test_the_footer_says_what_the_machine_can_tell_apart(
    facts: dict[str, Any] | None, expected: str
) -> None:
    """The calibration's outcome, or how to get one."""
    text = render([results_of({"calibration": facts}, (record("top1", 0.9),))], "text")

    assert expected in text.splitlines()[-1]


def test_old_results_say_nothing_of_calibration() -> None:
    """A file from before there was a calibration is not blamed for having none."""
    assert "calibrated" not in show([record("top1", 0.9)])


def test_the_footer_gives_a_range() -> None:
    """Rows that rest on different numbers of rounds say from which to which."""
    records = [
        dataclasses.replace(record("latency", 1e-4), n=50),
        dataclasses.replace(record("latency", 1e-4, variant="int8"), n=1000),
    ]

    expected = "latency: median of 50 to 1,000 single inferences, 1 thread; seed 0"
    assert expected in show(records).splitlines()


def test_published_weights_are_told() -> None:
    """Below the tables stands what dense starts are made of, where a recipe names weights."""
    made_of = {"one": "w.h5 0123456789ab", "two": "random", "three": "random", "four": "trained"}
    results = results_of({"weights": made_of}, tuple(run("baseline", 0.9, 1e-4)))

    assert "one from published weights w.h5 0123456789ab, the same for every seed" in render(
        [results], "text"
    )
    assert "two, three from random weights" in render([results], "text")
    assert "four trained, published weights were not found" in render([results], "text")
    assert "dense starts" not in render([results_of({}, results.records)], "text")


def test_a_run_that_was_broken_off_is_told_first() -> None:
    """Ahead of where it was measured; of a run that ended nothing is said."""
    ran = results()
    broken_off = dataclasses.replace(ran, broken_off=True)

    assert [BROKEN_OFF, *origin(ran)] == origin(broken_off)
    assert BROKEN_OFF in " ".join(render([broken_off], "text").split())
