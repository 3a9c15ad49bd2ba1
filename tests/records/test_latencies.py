"""Latencies of a table cover what the pairs have seen of the same files."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import pytest

from weighin.core import Case, Record
from weighin.records.latencies import covering

BASELINE = Case("m", "d", "baseline", 0, "tflite", "litert", 1)
INT8 = dataclasses.replace(BASELINE, variant="int8")


def record(case: Case, metric: str, *figure: float | None) -> Record:
    """A figure, and perhaps its interval."""
    value, low, high = (*figure, None, None, None)[:3]
    return Record(case, metric, "s", "ok", value, low, high)


OPENED = [record(BASELINE, "latency", 50.0, 49.0, 51.0), record(INT8, "latency", 26.0, 25.8, 26.0)]


def reaches(records: list[Record]) -> dict[str, tuple[float | None, ...]]:
    """The intervals of latencies by their variants."""
    latencies = [each for each in covering(records) if each.metric == "latency"]
    return {each.variant: (each.value, each.low, each.high) for each in latencies}


def test_an_interval_reaches_over_both_states_of_the_machine() -> None:
    """Openings all landed in the slow one, and the pair in the fast one: × 2.53 of 50 is 19.8."""
    pair = [
        record(INT8, "paired_latency", 19.8, 19.7, 20.0),
        record(INT8, "paired_baseline", 50.0, 48.0, 50.5),
        record(INT8, "speedup", 2.53, 2.5, 2.55),
    ]

    found = reaches([*OPENED, *pair])

    assert {"baseline": (50.0, 48.0, 51.0), "int8": (26.0, 19.7, 26.0)} == found
    low, high = found["int8"][1:]
    assert low is not None
    assert high is not None
    assert 48.0 / high <= 2.53 <= 51.0 / low


def test_a_baseline_covers_what_every_pair_has_seen() -> None:
    other = dataclasses.replace(INT8, variant="float16")
    pairs = [
        record(INT8, "paired_baseline", 47.0, 46.0, 48.0),
        record(other, "paired_baseline", 60.0),  # of too few blocks for an interval
    ]

    assert (50.0, 46.0, 60.0) == reaches([*OPENED, *pairs])["baseline"]


BUILTIN = dataclasses.replace(BASELINE, runtime="litert-builtin")


def between(case: Case, *, pinned: bool | None = True, beside: str = "litert") -> list[Record]:
    """Both sides' latencies in a pair between engines."""
    told = {"engine_latency": (80.0, 79.0, 83.0), "engine_first": (47.0, 46.0, 48.0)}
    return [
        dataclasses.replace(record(case, name, *figure), pinned=pinned, beside=beside)
        for name, figure in told.items()
    ]


def of_engines(*more: Record) -> dict[str, tuple[float | None, ...]]:
    """The intervals of latencies of one variant on two engines."""
    own = record(BUILTIN, "latency", 81.0, 80.5, 81.5)
    latencies = [each for each in covering([OPENED[0], own, *more]) if each.metric == "latency"]
    return {each.runtime: (each.low, each.high) for each in latencies}


def test_both_engines_cover_what_their_pair_has_seen() -> None:
    assert {"litert": (46.0, 51.0), "litert-builtin": (79.0, 83.0)} == of_engines(*between(BUILTIN))


@pytest.mark.parametrize(
    "pair",
    [
        between(BUILTIN, pinned=False),
        between(BUILTIN, pinned=None),
        between(dataclasses.replace(BUILTIN, threads=2)),
        between(dataclasses.replace(BUILTIN, target="pi5"), beside="litert@pi5"),
    ],
)
def test_pairs_in_other_conditions_say_nothing(pair: list[Record]) -> None:
    """On all cores, as beside Keras, on more threads, or on another machine."""
    assert {"litert": (49.0, 51.0), "litert-builtin": (80.5, 81.5)} == of_engines(*pair)


@pytest.mark.parametrize(
    "elsewhere", [{"runtime": "keras-cpu"}, {"threads": 2}, {"seed": 1}, {"model": "other"}]
)
def test_pairs_elsewhere_say_nothing(elsewhere: dict[str, object]) -> None:
    case = dataclasses.replace(INT8, **elsewhere)  # type: ignore[arg-type]
    pairs = [record(case, name, 1.0, 1.0, 1.0) for name in ("paired_latency", "paired_baseline")]

    assert reaches(OPENED) == reaches([*OPENED, *pairs])


def test_what_has_no_interval_gets_none() -> None:
    """One opening is one opening; and a failed pair has no figure."""
    alone = record(INT8, "latency", 26.0)
    failed = dataclasses.replace(record(INT8, "paired_latency"), status="failed", reason="no")

    assert {"int8": (26.0, None, None)} == reaches([alone, record(INT8, "paired_latency", 9.0)])
    assert {"int8": (26.0, 25.8, 26.0)} == reaches([OPENED[1], failed])
