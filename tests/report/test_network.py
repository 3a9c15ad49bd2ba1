"""Pairs as a network: how rows compare that were never measured side by side."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
from helpers.engines import between, faster, of_runtimes, timed
from hypothesis import given
from hypothesis import strategies as st

from weighin import stats
from weighin.core import Case, Record
from weighin.report.network import Network, network

BASELINE = Case("small", "digits", "baseline", 0, "tflite", "litert", 1)
ON_BF16 = dataclasses.replace(BASELINE, runtime="bf16")
INT8 = dataclasses.replace(BASELINE, variant="int8")
INT8_ON_BF16 = dataclasses.replace(INT8, runtime="bf16")
ROWS = [BASELINE, ON_BF16, INT8, INT8_ON_BF16]
PAIRS = [
    between(1.6, "baseline", "bf16"),
    between(1.5, "int8", "bf16"),
    faster(2.0, "int8"),
    faster(1.9, "int8", "bf16"),
]


def pairs(*records: Record, without: str = "") -> Network:
    """The network of rows that were timed, and these pairs."""
    of = [each for case in ROWS for each in timed(case.variant, case.runtime, 1e-4)]
    results = of_runtimes(*of, *(records or PAIRS))
    return network(results.records, results.metrics)


def test_a_pair_is_told_as_it_was_measured() -> None:
    """From either side, at any confidence, by its own samples."""
    (ratio,) = (each for each in PAIRS if each.metric == "speedup" and each.runtime == "litert")
    for confidence in (0.95, 0.99):
        measured = stats.typical_ratio(ratio.samples, confidence)
        assert measured == pairs().ratio(BASELINE, INT8, confidence)
        assert stats.inverse(measured) == pairs().ratio(INT8, BASELINE, confidence)


def test_a_variant_on_another_engine_compares_over_itself_on_the_first() -> None:
    """int8 there is 2.0 times faster than the baseline, and on the other engine 1.5 times that."""
    found = pairs().ratio(BASELINE, INT8_ON_BF16)

    assert found is not None
    assert 3.0 == pytest.approx(found.value, rel=0.01)
    assert 2 == pairs().pairs(BASELINE, INT8_ON_BF16)
    assert found.low < 2.98 < 3.02 < found.high


def test_what_no_pair_leads_to_is_not_compared() -> None:
    alone = pairs(between(1.6, "baseline", "bf16"))

    assert alone.ratio(BASELINE, INT8) is None
    assert alone.pairs(BASELINE, INT8) is None
    assert not alone.is_faster(INT8, BASELINE, 0.02, 0.99)


def test_a_pair_without_an_interval_leads_nowhere() -> None:
    """So the other way is taken."""
    short = between(1.5, "int8", "bf16", n=10)
    long = pairs(short, *PAIRS[:1], *PAIRS[2:])
    found = long.ratio(INT8, INT8_ON_BF16)

    assert short.low is None
    assert 3 == long.pairs(INT8, INT8_ON_BF16)
    assert found is not None
    assert 1.6 * 1.9 / 2.0 == pytest.approx(found.value, rel=0.01)


def test_seeds_threads_and_machines_are_worlds_apart() -> None:
    for change in ({"seed": 1}, {"threads": 4}, {"target": "pi5"}):
        elsewhere = dataclasses.replace(BASELINE, **change)  # type: ignore[arg-type]
        assert pairs().pairs(BASELINE, elsewhere) is None


def test_a_file_of_another_format_is_beside_the_first_engines() -> None:
    """Records name the engine alone; the row there that is beside none itself is meant."""
    h5 = {"format": "h5"}
    records = [
        *timed("baseline", "litert", 1e-4),
        *timed("baseline", "keras-cpu", 3e-4, **h5),
        between(0.3, "baseline", "keras-cpu", **h5),
    ]
    results = of_runtimes(*records)
    found = network(results.records, results.metrics)
    keras = dataclasses.replace(BASELINE, runtime="keras-cpu", format="h5")

    assert {keras: BASELINE} == found.firsts
    assert 1 == found.pairs(BASELINE, keras)


@pytest.mark.parametrize("order", [1, -1])
def test_two_formats_on_one_engine_are_beside_each_other(order: int) -> None:
    """The one that is beside none is the first, whichever stands first."""
    records = [
        *timed("baseline", "vino", 1e-4),
        *timed("baseline", "vino", 1e-4, format="onnx"),
        between(1.1, "baseline", "vino", first="vino", format="onnx"),
    ]
    results = of_runtimes(*records[::order])
    found = network(results.records, results.metrics)
    tflite = dataclasses.replace(BASELINE, runtime="vino")

    assert {dataclasses.replace(tflite, format="onnx"): tflite} == found.firsts


def test_an_engine_whose_row_is_not_there_leads_nowhere() -> None:
    """A file that somebody has cut rows out of."""
    results = of_runtimes(between(1.1, "baseline", "bf16"))

    assert {} == network(results.records, results.metrics).firsts


@pytest.mark.parametrize(("confidence", "bounded"), [(0.95, True), (0.99, False)])
def test_without_samples_nothing_more_is_known_than_was_recorded(
    confidence: float, bounded: bool
) -> None:
    bare = [dataclasses.replace(each, samples=()) for each in PAIRS]
    found = pairs(*bare).ratio(BASELINE, INT8, confidence)

    assert found is not None
    assert bounded == (found.high < math.inf)


@pytest.mark.parametrize(
    ("ratio", "is_faster"), [(1.5, True), (1.03, True), (1.015, False), (1.0, False), (0.7, False)]
)
def test_faster_is_what_leaves_out_one_and_matters(ratio: float, is_faster: bool) -> None:
    """As of the verdict on a pair."""
    found = pairs(between(ratio, "baseline", "bf16", noise=0.003))

    assert is_faster == found.is_faster(ON_BF16, BASELINE, 0.02, 0.99)
    assert (ratio == 0.7) == found.is_faster(BASELINE, ON_BF16, 0.02, 0.99)


def test_what_does_not_matter_of_one_pair_comes_together_over_several() -> None:
    """Two pairs may each be 2 % off: 3 % over both is nothing."""
    near = pairs(between(1.015, "int8", "bf16", noise=1e-4), faster(1.015, "int8", noise=1e-4))

    assert not near.is_faster(INT8_ON_BF16, BASELINE, 0.02, 0.99)
    assert near.is_faster(INT8_ON_BF16, BASELINE, 0.01, 0.99)


@given(st.sets(st.sampled_from(range(4))), st.permutations(range(4)))
def test_who_is_faster_never_goes_both_ways(chosen: set[int], order: list[int]) -> None:
    """Whatever pairs there are, in whatever order; both ways are as long."""
    found = pairs(*(PAIRS[at] for at in order if at in chosen), PAIRS[0])

    for one, other in itertools.combinations(ROWS, 2):
        assert found.pairs(one, other) == found.pairs(other, one)
        ways = [found.is_faster(*two, 0.02, 0.99) for two in ((one, other), (other, one))]
        assert not all(ways)
