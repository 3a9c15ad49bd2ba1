"""The page of the machine: processor, calibration, versions, and the runs measured on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from weighin.publish import markdown
from weighin.publish.folders import Folder, Run
from weighin.report import units

_CALIBRATION: dict[str, tuple[str, Callable[[Any], str]]] = {
    "aa_trials": ("pairs of one file against itself", str),
    "false_alarms": ("of these called faster or slower", str),
    "slow_trials": ("pairs of which one does 5 % more work", str),
    "found": ("of these called slower", str),
    "smallest_speedup": ("smallest speed-up that 95 % of pairs tell from 1", units.percent),
    "session_spread": (
        "how far two openings of one file lie apart, 95 % of the time",
        units.percent,
    ),
    "pair_seconds": ("time for a pair", units.seconds),
    "pinned": ("on one core", lambda pinned: "yes" if pinned else "no"),
}


def page(folder: Folder) -> str:
    """The page's text."""
    runs = (*folder.runs, *folder.versions)
    parts = [_machine(runs), _calibration(runs), _versions(folder.runs or runs), _runs(folder)]
    return markdown.page(folder, f"The machine: {folder.machine}", parts)


def _machine(runs: Sequence[Run]) -> str:
    names: dict[str, tuple[str, Callable[[Any], str]]] = {
        "cpu": ("processor", str),
        "architecture": ("architecture", str),
        "cores": ("cores", str),
        "cpu_features": ("instruction sets that decide which kernels run", _words),
        "memory_bytes": ("memory", units.size),
        "system": ("system", str),
    }
    facts = [run.facts("machine") for run in runs]
    return f"## What it is\n\n{_facts(facts, names)}"


def _calibration(runs: Sequence[Run]) -> str:
    calibrations = [run.facts("calibration") for run in runs if run.facts("calibration")]
    if not calibrations:
        return (
            "## What it can tell apart\n\nNot calibrated: `weighin doctor --calibrate` says what "
            "speed-ups it can tell from none."
        )
    about = "By `weighin doctor --calibrate`, LiteRT on one thread; what runs were measured with:"
    return f"## What it can tell apart\n\n{about}\n\n{_facts(calibrations, _CALIBRATION)}"


def _versions(runs: Sequence[Run]) -> str:
    packages = dict.fromkeys(name for run in runs for name in run.facts("packages"))
    facts = [run.facts("packages") for run in runs]
    names = {name: (name, lambda version: str(version or "not installed")) for name in packages}
    return f"## Versions\n\n{_facts(facts, names)}" if names else ""


def _facts(
    facts: Sequence[Mapping[str, Any]], names: Mapping[str, tuple[str, Callable[[Any], str]]]
) -> str:
    """A row a fact; where runs differ in it, all that it was."""
    rows = []
    for key, (name, show) in names.items():
        values = dict.fromkeys(
            _shown(show, run_facts[key]) for run_facts in facts if key in run_facts
        )
        if values:
            rows.append([name, "; ".join(values)])
    return markdown.table(["", "is"], rows)


def _shown(show: Callable[[Any], str], value: Any) -> str:
    try:
        return show(value)
    except (TypeError, ValueError):  # records from elsewhere may hold anything
        return str(value)


def _words(features: Any) -> str:
    return " ".join(map(str, features)) or "none known"


def _runs(folder: Folder) -> str:
    rows = [
        [
            run.name,
            run.fact("suite"),
            run.fact("profile"),
            run.fact("date"),
            run.fact("commit") or "not recorded",
            str(len(run.models)),
            str(markdown.seeds_of(run.results)),
            f"{len(run.results.records):,}",
            f"{len(run.facts('artifacts')):,}",
        ]
        for run in (*folder.runs, *folder.versions)
    ]
    headers = [
        "run",
        "suite",
        "profile",
        "date",
        "weighin at",
        "models",
        "seeds",
        "figures",
        "files",
    ]
    line = "files: model files weighed, each accounted for by the provenance of all its stages"
    return f"## The runs\n\n{markdown.table(headers, rows, [line])}"
