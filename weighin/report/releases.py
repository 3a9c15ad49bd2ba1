"""Runs as columns of a version matrix, one for each TensorFlow version, the newest first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin.core import Results, WeighinError
from weighin.report.compare import check_data, why_not

# What tells runs apart that share a TensorFlow version, before any other package does
_TELLING = ("python", "tensorflow-model-optimization")
_SHORT = {"tensorflow-model-optimization": "tfmot"}


@dataclass(frozen=True)
class Release:
    """One column: a run, called by the versions that it was made with.

    Attributes:
        label: `2.21.0`; `2.21.0, python 3.12.4` where two runs share a TensorFlow version.
        results: of the run.
        refused: why what is bound to a machine is not compared with the newest; empty if it is.
    """

    label: str
    results: Results
    refused: str = ""


def releases(runs: Sequence[Results]) -> tuple[Release, ...]:
    """Runs as columns, the newest TensorFlow first.

    Of runs that share a TensorFlow version, the one on the Python that most runs have comes first,
    so that the newest release differs from the others in as little else as can be.

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
    if all(packages(each) == packages(runs[0]) for each in runs):
        known = f" (tensorflow {packages(runs[0])['tensorflow']})" if runs else ""
        raise WeighinError(
            f"A version matrix wants results of two TensorFlow versions or more, and these are of "
            f"one{known}. Weigh the same suite on another, as by tox -e tf219-bench, and name its "
            f"results file too; weighin compare holds runs of one version against each other."
        )
    pythons = Counter(_minor(results) for results in runs)
    by_python = sorted(runs, key=lambda each: (pythons[_minor(each)], _minor(each)), reverse=True)
    ordered = sorted(
        by_python, key=lambda each: _sortable(str(packages(each)["tensorflow"])), reverse=True
    )
    labels = _labels(ordered)
    check_data(list(zip(labels, ordered, strict=True)))
    _check_profiles(labels, ordered)
    newest = ordered[0]
    return tuple(
        Release(label, each, (why_not(newest, each) or "") if each is not newest else "")
        for label, each in zip(labels, ordered, strict=True)
    )


def packages(results: Results) -> Mapping[str, Any]:
    """Versions by package, as the run's file tells them."""
    found = results.environment.get("packages")
    return found if isinstance(found, Mapping) else {}


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
    """What each run is called: by TensorFlow's version, and by what else tells it from others."""
    labels = [str(packages(each)["tensorflow"]) for each in runs]
    others = dict.fromkeys([*_TELLING, *(name for each in runs for name in packages(each))])
    for package in others:
        versions = [packages(each).get(package) or "missing" for each in runs]
        differing = {
            label
            for label in labels
            if len({v for own, v in zip(labels, versions, strict=True) if own == label}) > 1
        }
        labels = [
            f"{label}, {_SHORT.get(package, package)} {version}" if label in differing else label
            for label, version in zip(labels, versions, strict=True)
        ]
    doubled = next((label for label, count in Counter(labels).items() if count > 1), None)
    if doubled is not None:
        dates = [_date(each) for label, each in zip(labels, runs, strict=True) if label == doubled]
        raise WeighinError(
            f"{len(dates)} runs were made with tensorflow {doubled} ({', '.join(dates)}), and a "
            f"version matrix has one column for each version. Name one of their files only; "
            f"weighin compare holds runs of one version against each other."
        )
    return labels


def _check_profiles(labels: Sequence[str], runs: Sequence[Results]) -> None:
    known = [
        (label, each.environment["profile"])
        for label, each in zip(labels, runs, strict=True)
        if each.environment.get("profile")
    ]
    for label, profile in known:
        if profile != known[0][1]:
            raise WeighinError(
                f"{known[0][0]} and {label} do not compare: their models were trained by other "
                f"profiles ({known[0][1]} and {profile}). Weigh one suite on all versions."
            )
