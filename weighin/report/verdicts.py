"""Better and worse in a table: called by all of its tests together, not by each alone.

A table holds dozens of tests, of which one in twenty calls something better or worse where nothing
is. Its verdicts are therefore corrected by Holm's procedure (`weighin.stats.holm`): the chance that
any of a table's is false stays at 5 %. The false discovery rate would keep more of them, but it
holds for their average, and a reader takes the one row that he ships; and it is proven for tests
that are independent, or depend on each other in one direction (Benjamini and Yekutieli 2001, "The
control of the false discovery rate in multiple testing under dependency"), whereas rows share the
test examples and the baseline's answers. What Holm's procedure takes away is a word: figure and
interval stay.

Records stay as they were measured, and so do claims that something is *not* found worse: correcting
these would make them cheaper the more was tried.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weighin import stats
from weighin.core import Catalogue, Metric, Record, Results
from weighin.records.derivation import margin_in
from weighin.report.control import catalogue

CALLED = ("better", "worse")
LEVEL = 1 - stats.CONFIDENCE


@dataclass(frozen=True)
class Tried:
    """The tests of one table.

    Attributes:
        tests: how many there are.
        dropped: of the verdicts that tests call by themselves, how many all of them together do
            not.
        uncorrected: how many verdicts have no p-value to correct.
    """

    tests: int = 0
    dropped: int = 0
    uncorrected: int = 0


def p_of(record: Record) -> float | None:
    """The p-value of a difference; older records have it by their counts, or not at all."""
    if record.value is None or record.p is not None:
        return record.p
    if record.gained is None or record.lost is None:
        return None
    return stats.mcnemar(record.gained, record.lost)


def is_found_worse(record: Record, metric: Metric | None) -> bool:
    """Whether a difference is worse by its own test, however many others a table has.

    Args:
        record: a difference that has a figure.
        metric: what it means, as far as that is described.
    """
    p = p_of(record)
    if p is None or record.value is None or metric is None or not metric.better:
        return record.verdict == "worse"
    return p < LEVEL and (record.value < 0) == (metric.better == "higher")


def corrected(records: Sequence[Record], results: Results) -> list[Record]:
    """The records of one table, with the verdicts that all of its tests together allow.

    Args:
        records: of one model and data set.
        results: that they are of.
    """
    adjusted, metrics = _adjusted(records, results), _metrics(results)
    figures = {(record.case, record.metric): record.value for record in records}
    told = []
    for record in records:
        if record.verdict in CALLED and adjusted.get(_test(record), 0.0) >= LEVEL:
            metric = metrics[record.metric]
            baseline = figures.get((record.case.baseline, metric.quality))
            record = dataclasses.replace(
                record, verdict=_uncalled(record, metric, baseline, results)
            )
        told.append(record)
    return told


def tried(records: Sequence[Record], results: Results) -> Tried:
    """How many tests a table has, and what correcting for their number takes away.

    Args:
        records: of one model and data set, as measured.
        results: that they are of.
    """
    adjusted = _adjusted(records, results)
    called = {_test(record) for record in records if record.verdict in CALLED}
    return Tried(
        len(adjusted),
        sum(adjusted.get(test, 0.0) >= LEVEL for test in called),
        sum(test not in adjusted for test in called),
    )


def _adjusted(records: Iterable[Record], results: Results) -> dict[object, float]:
    """The corrected p-value of each test."""
    metrics = _metrics(results)
    tests = {
        _test(record): p
        for record in records
        if record.metric in metrics and metrics[record.metric].is_difference
        if (p := p_of(record)) is not None
    }
    return dict(zip(tests, stats.holm(list(tests.values())), strict=True))


def _metrics(results: Results) -> Catalogue:
    return {metric.name: metric for metric in catalogue(results)}


def _test(record: Record) -> object:
    """What a test is told by: a file that answers the same on more threads is tested once."""
    counted = record.n, record.value, record.gained, record.lost, record.p
    return (record.case.file, record.metric, *counted)


def _uncalled(record: Record, metric: Metric, baseline: float | None, results: Results) -> str:
    """The verdict of a difference that is neither better nor worse."""
    if record.value is None or record.low is None or record.high is None:
        return "no evidence"
    margin, text = margin_in(results, metric, baseline)
    return stats.sameness(stats.Interval(record.value, record.low, record.high), margin, text)
