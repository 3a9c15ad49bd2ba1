"""Published folders, `results/<machine>/<date>-<commit>/`, and the runs whose records they hold."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from weighin.core import Record, Results, WeighinError
from weighin.records import derivation, provenance, store
from weighin.report.comparable import IDENTITY

NAME = re.compile(r"(\d{4}-\d\d-\d\d)-([0-9A-Za-z]+(?:-dirty)?)")
UNPUBLISHED = "local"  # where runs write, in the same folder; git ignores it
_LONGEST = 60


@dataclass(frozen=True)
class Run:
    """One file of records, `<name>.json`."""

    name: str
    results: Results

    def fact(self, key: str) -> str:
        """A fact of the environment that is one word, such as `suite`; empty if unknown."""
        value = self.results.environment.get(key)
        return value if isinstance(value, str) else ""

    def facts(self, key: str) -> Mapping[str, Any]:
        """Facts of the environment under one key, such as `machine`; none if unknown."""
        value = self.results.environment.get(key)
        return value if isinstance(value, Mapping) else {}

    @cached_property
    def models(self) -> list[str]:
        """The models it weighed."""
        return list(dict.fromkeys(record.model for record in self.results.records))

    @property
    def machine(self) -> tuple[str, ...]:
        """What tells its machine from others."""
        return tuple(repr(self.facts("machine").get(key)) for key in IDENTITY)

    def of(self, model: str) -> Results:
        """What it holds of one model alone, the environment's account of its weights included."""
        environment: dict[str, Any] = dict(self.results.environment)
        for key in ("weights", "anchors"):
            if key in environment:
                environment[key] = {
                    name: it for name, it in self.facts(key).items() if name == model
                }
        records = tuple(record for record in self.results.records if record.model == model)
        return Results(environment, records, self.results.metrics)

    def find(self, model: str, variant: str, format: str, metric: str) -> list[Record]:
        """One file's figures, one for each seed: of the first runtime that has all, on one thread.

        None where a seed has no figure: those of the others would flatter it.
        """
        wanted = (model, variant, format, metric)
        by_runtime: dict[str, list[Record]] = {}
        for record in self.results.records:
            cell = (record.model, record.variant, record.format, record.metric)
            if cell == wanted and record.threads <= 1:
                by_runtime.setdefault(record.case.engine, []).append(record)
        whole = (
            records
            for records in by_runtime.values()
            if all(record.value is not None for record in records)
        )
        return next(whole, [])


@dataclass(frozen=True)
class Folder:
    """One published folder.

    Attributes:
        place: where it lies.
        runs: those of suites, the oldest first.
        versions: those of the version matrix, from `versions/`.
    """

    place: Path
    runs: tuple[Run, ...]
    versions: tuple[Run, ...] = ()

    @property
    def machine(self) -> str:
        """The machine's short name."""
        return self.place.parent.name

    @property
    def parts(self) -> tuple[str, str]:
        """Its place below `results/`: the machine's name and its own, as links are made of."""
        return self.machine, self.place.name

    @property
    def date(self) -> str:
        """When it was filed, by its name."""
        return self.place.name[:10]

    @property
    def measured(self) -> str:
        """When, and by which weighin, as its runs tell: `2024-05-06, weighin at abc1234`."""
        runs = (*self.runs, *self.versions)
        dates = sorted({run.fact("date")[:10] for run in runs} - {""}) or [self.date]
        commits = dict.fromkeys(run.fact("commit") or "a commit not recorded" for run in runs)
        return (
            f"{' to '.join(dict.fromkeys((dates[0], dates[-1])))}, weighin at {', '.join(commits)}"
        )

    @property
    def models(self) -> list[str]:
        """The models of all its suites' runs."""
        return list(dict.fromkeys(model for run in self.runs for model in run.models))


@dataclass(frozen=True)
class Project:
    """What is published, and what it may be held against.

    Attributes:
        root: the project's folder.
        folders: by machine, the newest first.
    """

    root: Path
    folders: tuple[Folder, ...]

    @property
    def facts(self) -> Path:
        """Where the figures that others have published lie."""
        return self.root / "models" / "published"

    def others(self, folder: Folder) -> list[Folder]:
        """All folders but this one."""
        return [other for other in self.folders if other is not folder]


def read(results: Path) -> list[Folder]:
    """Every published folder below `results`: by machine, the newest first.

    Raises:
        WeighinError: if a file is no results file, or names artifacts that it cannot account for.
    """
    places = sorted(places_in(results), reverse=True)
    folders = [Folder(place, _runs(place), _runs(place / "versions")) for place in places]
    return sorted((folder for folder in folders if folder.runs or folder.versions), key=_machine)


def places_in(results: Path) -> list[Path]:
    """Where published folders are, with or without runs."""
    return [
        place
        for place in results.glob("*/*/")
        if NAME.fullmatch(place.name) and place.parent.name != UNPUBLISHED
    ]


def _machine(folder: Folder) -> str:
    return folder.machine


def _runs(place: Path) -> tuple[Run, ...]:
    runs = [load(path) for path in sorted(place.glob("*.json"))]
    return tuple(sorted(runs, key=lambda run: (run.fact("date"), run.name)))


def load(path: Path) -> Run:
    """Read one results file, and hold its artifacts against their provenance.

    Raises:
        WeighinError: if it is none, its provenance cannot account for what it names, or a figure
            does not follow from what is recorded beside it.
    """
    run = Run(path.stem, store.load(path))
    faults = [*provenance.faults(run.results), *derivation.faults(run.results)]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise WeighinError(
            f"{path} cannot be published: {faults[0]}{more}. Measure it again, or take the file "
            f"out."
        )
    return run


def slug(text: str) -> str:
    """A text as part of a file's name: letters, digits, `_`, `-` and dots inside.

    Where that changes it, a few digits of its hash keep it apart from others.
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip(".-")[:_LONGEST]
    if safe and safe == text:
        return safe
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{safe or 'unnamed'}-{digest[:8]}"
