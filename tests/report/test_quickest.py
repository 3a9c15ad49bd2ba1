"""Marks of the quickest: only where another is found slower, and of all that may be it."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import pytest
from helpers.engines import between, faster, of_runtimes, timed
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin.core import Case, Record
from weighin.report.network import network
from weighin.report.quickest import Marks, marks

A = Case("small", "digits", "baseline", 0, "tflite", "litert", 1)
B, C = (dataclasses.replace(A, runtime=name) for name in ("b", "c"))
INT8 = dataclasses.replace(A, variant="int8")


def marked(cases: list[Case], *pairs: Record) -> Marks:
    """The marks of rows that were timed, by these pairs."""
    of = [
        each
        for case in cases
        for each in timed(case.variant, case.runtime, 1e-4, seed=case.seed, threads=case.threads)
    ]
    results = of_runtimes(*of, *pairs)
    return marks(cases, network(results.records, results.metrics), 0.02)


def test_one_that_all_others_are_slower_than_is_quickest() -> None:
    found = marked([A, B, C], between(1.5, "baseline", "b"), between(0.5, "baseline", "c"))

    assert {B: "quickest"} == found.of_variant == found.of_all
    assert 4 == found.tests


def test_of_two_alike_both_are_marked() -> None:
    """The third is found slower than both."""
    found = marked([A, B, C], between(1.005, "baseline", "b"), between(0.5, "baseline", "c"))

    assert dict.fromkeys((A, B), "among the quickest") == found.of_variant


def test_where_none_is_found_slower_none_is_marked() -> None:
    """A mark that every row had would say nothing."""
    assert {} == marked([A, B], between(1.005, "baseline", "b")).of_variant
    assert {} == marked([A, B, C]).of_all
    assert {} == marked([A]).of_variant


def test_what_was_not_compared_is_not_marked_and_leaves_none_alone() -> None:
    """It may be quicker than the one that looks quickest."""
    found = marked([A, B, C], between(1.5, "baseline", "b"))

    assert {B: "among the quickest"} == found.of_variant


def test_engines_of_each_variant_and_all_rows_are_held_apart() -> None:
    """The first is quickest for the baseline; int8 on it is quickest of all."""
    pairs = [between(0.5, "baseline", "b"), faster(2.0, "int8")]

    found = marked([A, B, INT8], *pairs)

    assert {A: "quickest"} == found.of_variant
    assert {INT8: "quickest"} == found.of_all
    assert 3 == found.tests


def test_threads_have_a_quickest_each() -> None:
    """Nothing was measured across."""
    cases = [dataclasses.replace(case, threads=n) for n in (1, 2) for case in (A, B)]
    found = marked(
        cases,
        between(1.5, "baseline", "b"),
        between(0.5, "baseline", "b", threads=2),
    )

    assert {cases[1]: "quickest", cases[2]: "quickest"} == found.of_all


@pytest.mark.parametrize("ratios", [(1.5, 1.0), (1.0, 1.5)])
def test_what_one_seed_leaves_open_is_open(ratios: tuple[float, float]) -> None:
    """Two trainings of a variant may prune to other speeds: slower means in both."""
    cases = [dataclasses.replace(case, seed=seed) for seed in (0, 1) for case in (A, B, C)]
    both = [between(0.5, "baseline", "c", seed=seed) for seed in (0, 1)]
    once = [between(ratio, "baseline", "b", seed=seed) for seed, ratio in enumerate(ratios)]

    found = marked(cases, *both, *once)

    assert dict.fromkeys((A, B), "among the quickest") == found.of_variant
    assert 4 == found.tests, "of one seed"


@given(
    st.lists(st.sampled_from([0.3, 0.5, 0.97, 1.0, 1.03, 2.0, 4.0]), min_size=1, max_size=5),
    st.sampled_from([0.001, 0.02, 0.2]),
    st.integers(30, 60),
)
@settings(deadline=None, max_examples=40)
def test_the_quickest_that_was_measured_is_always_among_those_marked(
    ratios: list[float], noise: float, n: int
) -> None:
    """If any are: nothing is found faster than what looks quickest. A mark is never for all."""
    cases = [A, *(dataclasses.replace(A, runtime=f"r{at}") for at in range(len(ratios)))]
    pairs = [
        between(ratio, "baseline", f"r{at}", noise=noise, n=n) for at, ratio in enumerate(ratios)
    ]
    found = marked(cases, *pairs).of_variant

    # one whose blocks follow each other has no interval, and is not compared
    measured = {A: 1.0} | {each.case: each.value or 0.0 for each in pairs if each.high is not None}
    assert len(found) < len(cases)
    assert not found or max(measured, key=measured.__getitem__) in found
    assert len(found) != 1 or {"quickest", "among the quickest"} >= set(found.values())
    assert len(found) < 2 or {"among the quickest"} == set(found.values())
