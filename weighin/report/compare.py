"""The same cells of two or more runs side by side, each held against the first with a verdict.

Sizes and accuracies compare between any machines, provided that the data are the same. What is
bound to a machine is compared only between runs of one machine with one calibration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from weighin.core import Record, Results, WeighinError
from weighin.report.units import shown
from weighin.stats import fisher

METRICS = ("gzip_bytes", "top1", "speedup", "latency")
MACHINE_BOUND = ("speedup", "latency")
# How far one machine's own figures lie apart from run to run, intervals or not: absolute times by
# 20 to 30 % on shared machines, ratios of interleaved measurements by little.
DRIFT = {"latency": 0.3, "speedup": 0.02}
# Machines are the same where these are; memory and system change by an update or a restart.
IDENTITY = ("cpu", "architecture", "cores", "cpu_features")
Cell = tuple[object, ...]


def render(runs: Sequence[tuple[str, Results]]) -> str:
    """A table for each metric: one row a cell, one column a run, verdicts against the first run.

    Args:
        runs: a name for each, and its results.

    Raises:
        WeighinError: if a data set, or the published weights of a model, differ between runs, or if
            they have no figure in common.
    """
    check_data(runs)
    _check_common(runs)
    (_, first), *others = runs
    refused = {name: why_not(first, results) for name, results in others}
    parts = [_table(metric, runs, refused) for metric in METRICS]
    notes = [
        f"{', '.join(MACHINE_BOUND)} not compared with {name}: {reason}"
        for name, reason in refused.items()
        if reason
    ]
    return "\n\n".join([*(part for part in parts if part), *notes])


def _table(
    metric: str, runs: Sequence[tuple[str, Results]], refused: Mapping[str, str | None]
) -> str:
    cells = [_by_cell(results, metric) for _, results in runs]
    rows = []
    for cell in dict.fromkeys(key for each in cells for key in each):
        first = cells[0].get(cell)
        row = [_named(cell), _figure(first)]
        for (name, _), own in zip(runs[1:], cells[1:], strict=True):
            record = own.get(cell)
            row.append(_figure(record))
            if metric in MACHINE_BOUND and refused[name]:
                row.append("not compared")
            else:
                row.append(_said(metric, first, record))
        rows.append(row)
    if not rows:
        return ""
    headers = [metric, runs[0][0]]
    headers += [header for name, _ in runs[1:] for header in (name, "verdict")]
    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True)


def _said(metric: str, first: Record | None, second: Record | None) -> str:
    """The verdict, and by how much the figure differs where it does."""
    told = verdict(first, second)
    moved = change(first, second)
    if moved is None or told in ("same", "no evidence", "no figure"):
        return told
    return f"{told} by {amount(metric, moved)}"


def change(first: Record | None, second: Record | None) -> float | None:
    """From the first figure to the second, as a share of it; of top-1 the difference of shares."""
    if first is None or second is None or first.value is None or second.value is None:
        return None
    if first.metric == "top1":
        return second.value - first.value
    return second.value / first.value - 1 if first.value else None


def amount(metric: str, change: float) -> str:
    """How much a figure differs: `3.1 %`; of top-1 `0.52 points`."""
    if metric == "top1":
        return f"{abs(change) * 100:.2f} points"
    return f"{abs(change) * 100:.1f} %" if abs(change) >= 0.001 else "< 0.1 %"


def _by_cell(results: Results, metric: str) -> dict[Cell, Record]:
    return {
        (r.model, r.dataset, r.variant, r.seed, r.format, r.runtime, r.threads): r
        for r in results.records
        if r.metric == metric and r.status != "skipped"
    }


def _named(cell: Cell) -> str:
    model, dataset, variant, seed, format, runtime, threads = cell
    words = [model, "on", dataset, variant, runtime or format]
    words += [f"×{threads}"] if threads not in (0, 1) else []
    words += [f"seed {seed}"] if seed else []
    return " ".join(map(str, words))


def _figure(record: Record | None) -> str:
    if record is None:
        return "not measured"
    if record.value is None:
        return record.status
    return shown(record.metric, record.unit, record.value, record.low, record.high)


def verdict(first: Record | None, second: Record | None, tests: int = 1) -> str:
    """What a figure comes to beside that of the first run.

    `smaller`, `larger`, `better`, `worse`, `faster` or `slower` where it differs, `same` of sizes
    and of one file's equal figures, `no evidence` where the difference may be chance, and
    `no figure` where either has none.

    Args:
        first: what it is held against.
        second: the figure.
        tests: among how many tests the 5 % of chance are shared (Bonferroni), of shares.
    """
    if first is None or second is None or first.value is None or second.value is None:
        return "no figure"
    if first.artifact and first.artifact == second.artifact and first.value == second.value:
        return "same"
    if second.metric == "top1":
        return _share_verdict(first, second, tests)
    if second.metric not in DRIFT:
        words = {-1: "smaller", 0: "same", 1: "larger"}
        return words[(second.value > first.value) - (second.value < first.value)]
    drift = 1 + DRIFT[second.metric]
    below = _end(second, "high") * drift < _end(first, "low")
    above = _end(second, "low") > _end(first, "high") * drift
    if not below and not above:
        return "no evidence"
    return "faster" if above == (second.metric == "speedup") else "slower"


def _end(record: Record, end: str) -> float:
    found = getattr(record, end)
    return float(record.value or 0.0 if found is None else found)


def _share_verdict(first: Record, second: Record, tests: int) -> str:
    """Fisher's exact test: the runs' answers to single images are not paired any more."""
    if not first.n or not second.n or first.value is None or second.value is None:
        return "no figure"
    right = round(first.value * first.n), round(second.value * second.n)
    p = fisher((right[0], first.n - right[0]), (right[1], second.n - right[1]))
    if p >= 0.05 / tests:
        return "no evidence"
    return "better" if second.value > first.value else "worse"


def check_data(runs: Sequence[tuple[str, Results]]) -> None:
    """Refuse runs whose figures mean different things under one name.

    Raises:
        WeighinError: if a data set, or the published weights of a model, differ between runs.
    """
    seen: dict[str, tuple[str, str]] = {}
    for name, results in runs:
        for dataset, facts in _facts(results, "datasets").items():
            digest = facts.get("digest", "") if isinstance(facts, Mapping) else ""
            before = seen.setdefault(dataset, (name, digest))
            if before[1] != digest:
                raise WeighinError(
                    f"{before[0]} and {name} do not compare: they were measured on different data "
                    f"under the name {dataset!r} (digests {before[1][:12]} and {digest[:12]})."
                )

    for name, results in runs:
        for model, made_of in _facts(results, "weights").items():
            before = seen.setdefault(f"weights of {model}", (name, str(made_of)))
            if before[1] != made_of:
                raise WeighinError(
                    f"{before[0]} and {name} do not compare: {model!r} started from other weights "
                    f"({before[1]} and {made_of})."
                )


def _check_common(runs: Sequence[tuple[str, Results]]) -> None:
    cells = [{cell for metric in METRICS for cell in _by_cell(own, metric)} for _, own in runs]
    if all(cells) and not any(cells[0] & each for each in cells[1:]):
        held = "; ".join(
            f"{name} has {', '.join(sorted({f'{cell[0]} on {cell[1]}' for cell in own}))}"
            for (name, _), own in zip(runs, cells, strict=True)
        )
        raise WeighinError(f"There is nothing to compare, no model's figures are in both: {held}.")


def why_not(first: Results, other: Results) -> str | None:
    """Why what is bound to a machine cannot be compared, or None."""
    here, there = _facts(first, "machine"), _facts(other, "machine")
    differing = [key for key in IDENTITY if here.get(key) != there.get(key)]
    if differing:
        key = differing[0]
        return f"another machine ({key}: {here.get(key)} and {there.get(key)})"
    calibrations = [_facts(each, "calibration") for each in (first, other)]
    if calibrations[0] != calibrations[1]:
        if not all(calibrations):
            return "only one of them has a calibration of the machine"
        return "another calibration of the machine"
    return None


def _facts(results: Results, key: str) -> Mapping[str, Any]:
    found = results.environment.get(key)
    return found if isinstance(found, Mapping) else {}
