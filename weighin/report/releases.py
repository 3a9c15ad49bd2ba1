"""Runs as columns of a version matrix, one for each TensorFlow version, the newest first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin.core import Results, WeighinError
from weighin.report.comparable import check_data, why_not

# Packages that come first in telling apart runs of one TensorFlow version
_TELLING = ("python", "tensorflow-model-optimization")
_SHORT = {"tensorflow-model-optimization": "tfmot"}


@dataclass(frozen=True)
class Release:
    """One column: a run, labelled with the versions that measured it.

    Attributes:
        label: `2.21.0`; `2.21.0, python 3.12.4` where two runs share a TensorFlow version.
        results: of the run.
        refused: why metrics bound to a machine are not compared with the newest; empty if they
            are.
    """

    label: str
    results: Results
    refused: str = ""


def releases(runs: Sequence[Results]) -> tuple[Release, ...]:
    """Runs as columns, the newest TensorFlow first.

    Among runs of one TensorFlow version, the one on the Python that most runs have comes first, so
    that the newest release differs from the others in as little else as possible.

    Raises:
        WeighinError: if a run names no TensorFlow version, all have the same one, two cannot be
            told apart, or data, dense starts or training profiles differ.
    """
    for results in runs:
        if not packages(results).get("tensorflow"):
            raise WeighinError(
                f"The results of {_date(results)} name no TensorFlow version, so they have no "
                f"column in a version matrix. Leave their file out."
            )
    if all(packages(results) == packages(runs[0]) for results in runs):
        known = f" (tensorflow {packages(runs[0])['tensorflow']})" if runs else ""
        raise WeighinError(
            f"A version matrix wants results of two TensorFlow versions or more, and these are of "
            f"one{known}. Weigh the same suite on another, as by tox -e tf219-bench, and name its "
            f"results file too; weighin compare holds runs of one version against each other."
        )
    pythons = Counter(_minor(results) for results in runs)
    by_python = sorted(runs, key=lambda run: (pythons[_minor(run)], _minor(run)), reverse=True)
    ordered = sorted(
        by_python, key=lambda run: _sortable(str(packages(run)["tensorflow"])), reverse=True
    )
    labels = _labels(ordered)
    check_data(list(zip(labels, ordered, strict=True)))
    _check_profiles(labels, ordered)
    newest = ordered[0]
    return tuple(
        Release(label, run, (why_not(newest, run) or "") if run is not newest else "")
        for label, run in zip(labels, ordered, strict=True)
    )


def packages(results: Results, target: str = "") -> Mapping[str, Any]:
    """Versions by package, as the run's file gives them; those on a device, if one is named."""
    told = results.environment.get("devices", {}).get(target) if target else results.environment
    versions = told.get("packages") if isinstance(told, Mapping) else None
    return versions if isinstance(versions, Mapping) else {}


def _date(results: Results) -> str:
    return str(results.environment.get("date") or "an unknown date")


def _minor(results: Results) -> tuple[int, ...]:
    """Python's version without its last part."""
    return tuple(map(int, re.findall(r"\d+", str(packages(results).get("python", "")))[:2]))


def _sortable(version: str) -> tuple[object, ...]:
    """A version's numbers; 2.21.0rc1 and a nightly build come before 2.21.0."""
    match = re.match(r"\d+(\.\d+)*", version)
    release = match.group() if match else ""
    rest = version[len(release) :]
    return tuple(map(int, release.split("."))) if release else (), rest == "", rest


def _labels(runs: Sequence[Results]) -> list[str]:
    """A label for each run: TensorFlow's version, and what else tells the run from others."""
    labels = [str(packages(results)["tensorflow"]) for results in runs]
    others = dict.fromkeys([*_TELLING, *(name for results in runs for name in packages(results))])
    for package in others:
        versions = [packages(results).get(package) or "missing" for results in runs]
        differing = {
            label
            for label in labels
            if len({v for of, v in zip(labels, versions, strict=True) if of == label}) > 1
        }
        labels = [
            f"{label}, {_SHORT.get(package, package)} {version}" if label in differing else label
            for label, version in zip(labels, versions, strict=True)
        ]
    doubled = next((label for label, count in Counter(labels).items() if count > 1), None)
    if doubled is not None:
        dates = [_date(run) for label, run in zip(labels, runs, strict=True) if label == doubled]
        raise WeighinError(
            f"{len(dates)} runs were made with tensorflow {doubled} ({', '.join(dates)}), and a "
            f"version matrix has one column for each version. Name one of their files only; "
            f"weighin compare holds runs of one version against each other."
        )
    return labels


def _check_profiles(labels: Sequence[str], runs: Sequence[Results]) -> None:
    known = [
        (label, results.environment["profile"])
        for label, results in zip(labels, runs, strict=True)
        if results.environment.get("profile")
    ]
    for label, profile in known:
        if profile != known[0][1]:
            raise WeighinError(
                f"{known[0][0]} and {label} do not compare: their models were trained by other "
                f"profiles ({known[0][1]} and {profile}). Weigh one suite on all versions."
            )
