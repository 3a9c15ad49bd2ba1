"""Whether two runs can be compared: the same data and figures, and where it matters one machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weighin.core import Results, WeighinError

# Machines are the same where these facts are; memory and system change with an update or a restart.
IDENTITY = ("cpu", "architecture", "cores", "cpu_features")


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


def why_not(first: Results, other: Results, target: str = "") -> str | None:
    """Why metrics bound to a machine cannot be compared between two runs; None if they can.

    Args:
        first: one run.
        other: the other.
        target: the device whose figures they are; the machines that the runs were on if not given.
    """
    if target:
        first, other = (_as_on(results, target) for results in (first, other))
        if not (first.environment and other.environment):
            return f"only one of them was measured on {target}"
    here, there = _facts(first, "machine"), _facts(other, "machine")
    differing = [key for key in IDENTITY if here.get(key) != there.get(key)]
    if differing:
        key = differing[0]
        return f"another machine ({key}: {here.get(key)} and {there.get(key)})"
    calibrations = [_facts(results, "calibration") for results in (first, other)]
    if calibrations[0] != calibrations[1]:
        if not all(calibrations):
            return "only one of them has a calibration of the machine"
        return "another calibration of the machine"
    return None


def _as_on(results: Results, target: str) -> Results:
    """The run as if it were of a device's machine: its facts and calibration as the run's."""
    told = _facts(results, "devices").get(target)
    facts = dict(told) if isinstance(told, Mapping) else {}
    calibrations = facts.get("calibrations")
    if facts:
        facts["calibration"] = (
            calibrations[0] if isinstance(calibrations, list) and calibrations else None
        )
    return Results(facts)


def _facts(results: Results, key: str) -> Mapping[str, Any]:
    facts = results.environment.get(key)
    return facts if isinstance(facts, Mapping) else {}
