"""Results of several runtimes, made by hand: pairs between them, and what keeps some from it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from helpers.support import ENVIRONMENT, file, record, results_of, without

from weighin.core import Metric, Record, Results
from weighin.metrics.engines import engine_speedup
from weighin.metrics.latency import speedup
from weighin.outcomes import Engines, Pair

ARENA = Metric(name="arena_bytes", title="arena", unit="B", kind="bytes", better="lower")
NO_TIME = "its time on this machine means nothing"
REFUSED = "cannot open: no kernel for operator 3"
IN_PAIRS = "speedup engine_speedup"
RULE = {"seconds": 10.0, "narrow": 0.01, "smallest": 0.02, "fewest": 30, "found": 0.05}
PAIRS = {**RULE, "power": 0.95, "confidence": 0.99}


def blocks(ratio: float, n: int = 48, noise: float = 0.01) -> Pair:
    """A pair whose first side takes so many times as long as its second, with some noise."""
    drawn = np.random.default_rng(round(1e6 * ratio) + n).normal(0, noise, n)
    return Pair(tuple((1e-4 * ratio * float(np.exp(each)), 1e-4) for each in drawn), "power", True)


def between(ratio: float, variant: str, runtime: str, first: str = "litert", **how: Any) -> Record:
    """How many times faster a variant is on a runtime than on the first one."""
    place = {name: how.pop(name) for name in tuple(how) if name not in ("n", "noise")}
    figure = engine_speedup(Engines(first, blocks(ratio, **how)))
    of = {"variant": variant, "runtime": runtime, **place}
    return record("engine_speedup", **dataclasses.asdict(figure), **of)


def faster(ratio: float, variant: str, runtime: str = "litert", **how: Any) -> Record:
    """How many times faster a variant is than the baseline on its runtime."""
    place = {name: how.pop(name) for name in tuple(how) if name not in ("n", "noise")}
    figure = speedup(blocks(ratio, **how))
    return record(
        "speedup", **dataclasses.asdict(figure), variant=variant, runtime=runtime, **place
    )


def timed(
    variant: str, runtime: str, seconds: float, top1: float = 0.95, **place: Any
) -> list[Record]:
    """How good a variant's answers are on a runtime, and its latency there."""
    of = {"variant": variant, "runtime": runtime, **place}
    return [
        record("top1", top1, top1 - 0.01, top1 + 0.01, n=1000, **of),
        record("latency", seconds, seconds * 0.99, seconds * 1.01, n=500, **of),
    ]


def of_runtimes(*records: Record, **environment: Any) -> Results:
    """A run of these records, whose metrics the catalogue describes."""
    results = results_of({**ENVIRONMENT, "pairs": PAIRS, **environment}, records)
    return dataclasses.replace(results, metrics={**results.metrics, ARENA.name: ARENA})


def micro(variant: str) -> list[Record]:
    """What a microcontroller's interpreter tells of a file: its memory, and no time."""
    of = {"variant": variant, "runtime": "micro"}
    return [
        timed(variant, "micro", 1.0)[0],
        *without(f"latency {IN_PAIRS}", "skipped", NO_TIME, **of),
        record(ARENA.name, 24_272, unit="B", **of),
    ]


def results() -> Results:
    """Runtimes that are quicker, slower and alike, fail, tell no time, or open other files."""
    keras = {"format": "h5"}
    small = [
        *file("baseline", 430_000, 400_000, **keras),
        *file("baseline", 420_000, 390_000),
        *file("int8", 110_000, 92_000),
        *timed("baseline", "litert", 1e-4),
        *timed("baseline", "compiled", 1e-4),
        *timed("baseline", "bf16", 0.62e-4, top1=0.949),
        *micro("baseline"),
        *timed("int8", "litert", 0.5e-4, top1=0.948),
        *timed("int8", "compiled", 0.501e-4, top1=0.948),
        timed("int8", "bf16", 1.0, top1=0.948)[0],
        *without(f"latency {IN_PAIRS}", "failed", REFUSED, variant="int8", runtime="bf16"),
        *without("top1 latency engine_speedup", "skipped", "no GPU here", runtime="gpu"),
        *micro("int8"),
        *timed("baseline", "keras-cpu", 3e-4, **keras),
        between(1.0, "baseline", "compiled"),
        between(1.6, "baseline", "bf16"),
        between(0.3, "baseline", "keras-cpu", **keras),
        between(0.998, "int8", "compiled"),
        faster(2.0, "int8"),
        faster(1.996, "int8", "compiled"),
    ]
    wide = {"model": "wide"}
    others: list[Record] = []
    for seed in (0, 1):
        of = {**wide, "seed": seed}
        others += [
            *file("baseline", 90_000_000, 84_000_000 + seed, **of),
            *file("prune(0.8)", 90_000_000, 21_000_000 + seed, **of),
            *timed("baseline", "litert", 2e-3, **of),
            *timed("baseline", "compiled", 1e-3, **of),
            *timed("prune(0.8)", "litert", 1.5e-3, **of),
            *timed("prune(0.8)", "compiled", 0.7e-3, **of),
            between(2.0 + seed / 50, "baseline", "compiled", **of),
            between(2.1 + seed / 50, "prune(0.8)", "compiled", n=10, **of),
            faster(1.33 + seed / 50, "prune(0.8)", **of),
            faster(1.43 + seed / 50, "prune(0.8)", "compiled", **of),
        ]
    return of_runtimes(*small, *others)
