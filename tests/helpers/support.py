"""What several test files share: hand-made results, and registries that are put back."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from weighin import registry, stats
from weighin.core import Case, Record, Results, Stopped
from weighin.records.derivation import margin_in

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
GOLDEN_ENDINGS = {"text": "txt", "github": "md", "latex": "tex"}

UNITS = {"file_bytes": "B", "gzip_bytes": "B", "latency": "s"}

NASTY = 'cannot open: <script>alert("x")</script> | node 3\nfailed to prepare, 100 % & more'
"""A reason with all that a table's format could trip over."""

ENVIRONMENT = {
    "date": "2024-05-06",
    "profile": "quick",
    "machine": {
        "cpu": "Example CPU <1 GHz>",
        "cores": 4,
        "cpu_features": ["avx2", "fma"],
        "memory_bytes": 8_000_000_000,
        "system": "Linux 6.1",
    },
    "packages": {"weighin": "0.1.0", "tensorflow": "2.21.0", "tf-keras": None},
    "datasets": {"digits": {"train": 4000, "test": 1000, "digest": "d1" * 32}},
    "seeds": 2,
    "pairs": {"seconds": 2.0, "narrow": 0.01, "smallest": 0.02},
    "margin": 0.01,
    "calibration": {
        "aa_trials": 200,
        "false_alarms": 9,
        "slow_trials": 100,
        "found": 97,
        "smallest_speedup": 0.031,
        "session_spread": 0.057,
        "pair_seconds": 2.0,
        "pinned": True,
    },
}


def isolate_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test register what it likes: every registry is a copy until the test ends."""
    for each in registry.kinds().values():
        list(each)  # loads weighin's own first: they load once, and must not go into the copy
        monkeypatch.setattr(each, "_objects", dict(each._objects))


def tensorflow() -> tuple[int, int]:
    """The installed TensorFlow's version, which is not loaded."""
    major, minor = importlib.metadata.version("tensorflow").split(".")[:2]
    return int(major), int(minor)


def golden(name: str, format: str, actual: str) -> str:
    """What was once looked at and kept, of this name and format.

    With `WEIGHIN_REGENERATE_GOLDEN` set, `actual` is kept in its place.
    """
    path = GOLDEN / f"{name}.{GOLDEN_ENDINGS.get(format, format)}"
    if os.environ.get("WEIGHIN_REGENERATE_GOLDEN"):
        path.write_text(actual, "utf-8")
    return path.read_text("utf-8")


def results_of(environment: Mapping[str, Any], records: Sequence[Record] = ()) -> Results:
    """Results that say what their metrics mean, as a run's do."""
    return Results(environment, tuple(records), registry.catalogue())


def record_of(fields: Mapping[str, Any]) -> Record:
    """The record of flat fields, as a row of a results file has them."""
    left = dict(fields)
    case = Case(
        **{each.name: left.pop(each.name) for each in dataclasses.fields(Case) if each.name in left}
    )
    return Record(case, **left)


def record(metric: str, value: float | None = None, *ends: float, **changes: Any) -> Record:
    """One record: by default an `ok` one of `small`'s baseline.tflite on litert.

    Args:
        metric: its name, which gives its unit too.
        value: in that unit.
        ends: low and high of the interval, if there is one.
        changes: fields that are otherwise.
    """
    fields: dict[str, Any] = {
        "model": "small",
        "dataset": "digits",
        "variant": "baseline",
        "seed": 0,
        "format": "tflite",
        "runtime": "litert",
        "threads": 1,
        "unit": UNITS.get(metric, ""),
        "status": "ok",
    }
    if ends:
        fields |= {"low": ends[0], "high": ends[1]}
    return record_of({"metric": metric, "value": value} | fields | changes)


def file(variant: str, size: int, gzip: int, **changes: Any) -> list[Record]:
    """The two records of a file's size; a file has no runtime."""
    where = {"variant": variant, "runtime": "", "threads": 0, "artifact": "ab" * 32} | changes
    return [record("file_bytes", size, **where), record("gzip_bytes", gzip, **where)]


def run(
    variant: str,
    top1: float,
    latency: float,
    base: float = 1e-4,
    *,
    verdicts: tuple[str, str] = ("no evidence", "no evidence"),
    stopped: Stopped = "narrow",
    **changes: Any,
) -> list[Record]:
    """Records of one variant on one runtime: accuracy and speed, alone and compared.

    Args:
        variant: its name.
        top1: share of right answers; the baseline's is 0.95.
        latency: seconds.
        base: the baseline's latency.
        verdicts: of accuracy and of speed.
        stopped: why measuring the pair ended.
        changes: fields that are otherwise.
    """
    where = {"variant": variant} | changes
    accuracy = record("top1", top1, top1 - 0.01, top1 + 0.01, n=1000, **where)
    samples = (latency, latency * 0.99, latency * 1.01)
    speed = record("latency", latency, *samples[1:], n=500, samples=samples, **where)
    if variant == "baseline":
        blank = {"status": "skipped", "reason": "this is the baseline"}
        return [accuracy, record("top1_delta", **(where | blank)), speed]
    delta, faster = top1 - 0.95, base / latency
    gained, lost = {"better": (60, 12), "worse": (12, 60)}.get(verdicts[0], (12, 14))
    quality = {"n": 1000, "verdict": verdicts[0], "gained": gained, "lost": lost}
    pair = {"n": 40, "verdict": verdicts[1], "stopped": stopped, "pinned": True}
    return [
        accuracy,
        record("top1_delta", delta, delta - 0.01, delta + 0.01, **(where | quality)),
        speed,
        record("speedup", faster, faster * 0.97, faster * 1.03, **(where | pair)),
    ]


def why(variant: str, *sentences: str, **changes: Any) -> Record:
    """The record that says why a variant is not faster."""
    return record("why", variant=variant, reasons=sentences, **changes)


def weighed(
    variant: str, gzip: int, gained: int = 0, lost: int = 0, n: int = 10_000, **changes: Any
) -> list[Record]:
    """Records of one file and its answers; the dense baseline gets 95 % right."""
    of_file = {"variant": variant, "runtime": "", "threads": 0} | changes
    own = {"variant": variant} | changes
    top1 = 0.95 + (gained - lost) / n
    made = [
        *file(variant, 4 * gzip, gzip, artifact=(variant * 64).encode().hex()[:64], **changes),
        record("entropy_bytes", gzip * 0.8, unit="B", **of_file),
        record("parameters", 100_000, **of_file),
        record("top1", top1, top1 - 0.004, top1 + 0.004, n=n, **own),
    ]
    if variant != "baseline":
        counts = {"gained": gained, "lost": lost}
        made.append(record("top1_delta", (gained - lost) / n, n=n, **counts, **own))
    return made


def without(metrics: str, status: str, reason: str, **changes: Any) -> list[Record]:
    """Records that say why there is no figure; `metrics` are names with spaces between."""
    return [record(each, status=status, reason=reason, **changes) for each in metrics.split()]


def results() -> Results:
    """Two models, two formats, three runtimes, two threads, two seeds, and every status."""
    keras = {"format": "h5", "runtime": "keras-cpu"}
    gpu = {"format": "h5", "runtime": "keras-gpu"}
    quality, speed = "top1 top1_delta", "latency speedup"
    both, wide = "prune(0.8)+int8", {"model": "wide"}
    faster, slower = ("no evidence", "faster"), ("worse", "slower")
    zeros = "80 % of the weights are zeros stored dense, so no kernel skips them"
    anew = "dynamic range quantizes activations anew in every call"
    small = [
        *file("baseline", 430_000, 400_000, format="h5"),
        *file("prune(0.8)", 430_000, 100_000, format="h5"),
        *file("baseline", 420_000, 390_000),
        *file("prune(0.8)", 420_000, 97_500),
        *file("dynamic", 110_000, 92_000),
        *file("baseline", 420_000, 391_000, seed=1),
        *file("prune(0.8)", 420_000, 98_000, seed=1),
        *file("dynamic", 110_000, 92_400, seed=1),
        *without("file_bytes gzip_bytes", "failed", NASTY, variant="int8", runtime="", threads=0),
        *file(both, 110_400, 32_125),
        *run("baseline", 0.95, 2e-3, **keras),
        *run("prune(0.8)", 0.9482, 2.04e-3, base=2e-3, **keras),
        *without(f"{quality} {speed}", "skipped", "no GPU here", variant="baseline", **gpu),
        *without(f"{quality} {speed}", "skipped", "no GPU here", variant="prune(0.8)", **gpu),
        *run("baseline", 0.95, 1e-4),
        *run("baseline", 0.95, 0.4e-4, threads=4),
        *run("prune(0.8)", 0.9482, 0.8e-4, verdicts=faster),
        *run("prune(0.8)", 0.9482, 0.32e-4, base=0.4e-4, verdicts=faster, threads=4),
        *run("dynamic", 0.9382, 1.1e-4, verdicts=slower),
        *run("baseline", 0.951, 1.02e-4, seed=1),
        *run(
            "prune(0.8)",
            0.95,
            0.81e-4,
            base=1.02e-4,
            verdicts=("same within ±1 points", "faster"),
            stopped="time",
            seed=1,
        ),
        *run("dynamic", 0.9391, 1.1e-4, verdicts=slower, seed=1)[:2],
        *without(speed, "failed", "the power went off", variant="dynamic", seed=1),
        *without(f"{quality} {speed}", "failed", NASTY, variant="int8"),
        *without(quality, "skipped", "no test labels", variant=both),
        *without(speed, "not measured", "deselected", variant=both),
        why("prune(0.8)", zeros),
        why("prune(0.8)", zeros, seed=1),
        why("dynamic", anew, *NASTY.splitlines()),
        why("dynamic", anew, seed=1),
    ]
    others = [
        *file("baseline", 90_000_000, 84_000_000, format="h5", **wide),
        *file("prune(0.8)", 89_000_000, 21_000_000, **wide),
        *run("prune(0.8)", 0.98, 1.5, base=2.1, verdicts=("better", "faster"), **wide)[:3],
    ]
    return results_of(ENVIRONMENT, (*small, *others))


def following(results: Results) -> Results:
    """The same models, whose figures follow from what stands beside them, as a run's do.

    Differences are to the baseline that is there, without counts; latencies are without samples;
    verdicts are those of the intervals.
    """
    known = {(each.case, each.metric): each.value for each in results.records}
    records = []
    for each in results.records:
        metric = results.metric(each.metric)
        figure = dataclasses.replace(each, samples=())
        if each.value is None or each.low is None or each.high is None:
            records.append(figure)
            continue
        interval = stats.Interval(each.value, each.low, each.high)
        if metric.quality and metric.relative:
            own, base = (known.get((c, metric.quality)) for c in (each.case, each.case.baseline))
            moved = 0 if own is None or base is None else own - base - each.value
            interval = stats.Interval(each.value + moved, each.low + moved, each.high + moved)
            margin, told = margin_in(results, metric, base)
            verdict = stats.verdict_of(interval, margin, metric.better, told)
            figure = dataclasses.replace(
                figure, **vars(interval), verdict=verdict, gained=None, lost=None
            )
        records.append(figure)
    return dataclasses.replace(results, records=tuple(records))


SPARSITIES = (0.5, 0.75, 0.9)


def operating_points() -> Results:
    """One model on one runtime: a random and a magnitude curve, with int8 and alone, two seeds."""
    made: list[Record] = []
    for seed in (0, 1):
        shift = 0.001 * seed

        def point(variant: str, gzip: int, top1: float, latency: float, left: float = 1.0) -> None:
            where = {"variant": variant, "seed": seed}  # noqa: B023 - used at once
            of_file = where | {"runtime": "", "threads": 0}
            made.extend(file(variant, 430_000, gzip, seed=seed))  # noqa: B023
            made.append(record("macs", 400_000, **of_file))
            made.append(record("effective_macs", round(400_000 * left), **of_file))
            made.extend(run(variant, top1 + shift, latency, seed=seed))  # noqa: B023

        point("baseline", 400_000, 0.95, 1e-4)
        point("finetune", 401_000, 0.949, 1e-4)
        for sparsity, magnitude, random in zip(
            SPARSITIES, (0.951, 0.948, 0.93), (0.948, 0.92, 0.81), strict=True
        ):
            left = 1 - sparsity
            size = round(400_000 * left * 1.2) + 100 * seed
            point(f"prune({sparsity})", size, magnitude, 1e-4, left)
            point(f"prune({sparsity},criterion=random)", size, random, 1e-4, left)
            point(f"prune({sparsity})+int8", size // 4, magnitude - 0.001, 0.5e-4, left)
    return results_of(ENVIRONMENT, made)


class Clock:
    """Seconds that pass only when something is done; asking takes none."""

    now = 100.0

    def perf_counter(self) -> float:
        """The time that it is."""
        return self.now
