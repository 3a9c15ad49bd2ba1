"""Going on with a run that was broken off: which of its cells are as they would be measured again.

A cell is taken over whole or not at all: where all of its figures are there, none failed, and they
are of the same files, data, machine, code and settings. Nothing else of its run is: reasons, gates
and verdicts of tables are made anew. What cannot be told to be the same is measured.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighin.core import Case, Record, Results, Scope, WeighinError
from weighin.measure.cell import Cell
from weighin.measure.figures import metrics_for
from weighin.records import store
from weighin.records.derivation import of_its_openings

# what all figures of a run depend on, by what it is called
_SHARED = {
    "machine": "machine",
    "packages": "versions of packages",
    "code": "state of the code",
    "pairs": "way to measure pairs",
    "margin": "margin",
    "profile": "training profile",
    "calibrations": "calibration of the machine",
}
_OF_DEVICE = {
    **{key: _SHARED[key] for key in ("machine", "packages", "calibrations")},
    "commit": "weighin",
}


@dataclass
class Earlier:
    """A run that goes on: what its file holds.

    Attributes:
        path: of the file.
        results: what it holds.
        taken: cells that were taken over.
        differing: why others were not that were measured, and how many for each reason.
        matched: whether it measured any cell of the run that goes on with it.
    """

    path: Path
    results: Results
    taken: int = 0
    differing: Counter[str] = field(default_factory=Counter)
    matched: bool = False

    def __post_init__(self) -> None:
        """Lay its figures apart."""
        self._records = {(record.case, record.metric): record for record in self.results.records}
        self._digests: dict[Case, set[str]] = {}
        for record in self.results.records:
            if record.artifact:
                self._digests.setdefault(record.case.file, set()).add(record.artifact)

    @classmethod
    def read(cls, path: Path) -> Earlier:
        """Read a results file.

        Raises:
            WeighinError: if it is none, or damaged.
        """
        return cls(path, store.load(path))

    def refuse_other(self, environment: Mapping[str, Any]) -> None:
        """Refuse a run elsewhere, by other code or in another way: no table mixes two.

        Args:
            environment: of the run that is to go on with it.

        Raises:
            WeighinError: with what differs.
        """
        earlier = self.results.environment
        for key, called in _SHARED.items():
            if difference := _difference(earlier.get(key), environment.get(key)):
                raise WeighinError(
                    f"{self.path} cannot be gone on with, it was measured by another {called} "
                    f"({difference}). Measure anew, without --resume."
                )

    def take(self, cells: Sequence[Cell], environment: Mapping[str, Any]) -> None:
        """Give cells their records where these would be measured alike.

        Args:
            cells: of the run, all that it can have built.
            environment: of the run, its data and devices known.

        Raises:
            WeighinError: if something was measured there and nothing of it can be taken over.
        """
        self._refuse_unreached(cells, environment)
        takeable = {id(cell): found for cell in cells if (found := self._of(cell, environment))}
        whole = {(cell.case, cell.scope) for cell in cells if id(cell) in takeable}
        for cell in cells:
            if id(cell) not in takeable:
                continue
            if problem := self._differs_beside(cell, takeable[id(cell)], whole):
                self.differing[problem] += 1
                continue
            cell.records = list(takeable[id(cell)])
            cell.taken = True
            self.taken += 1
        if self.taken:
            return
        is_other = self._digests and not self.matched
        if self.differing or is_other:
            reason = "it is of other rows" if is_other else self._told_differing()
            raise WeighinError(
                f"Nothing of {self.path} can be taken over: {reason}. Measure anew, without "
                f"--resume."
            )

    def said(self, cells: int) -> str:
        """What becomes of it, in a line."""
        anew = f"; measured anew: {self._told_differing()}" if self.differing else ""
        return f"{self.taken} of {cells} measurements are taken over from {self.path}{anew}"

    def accounted(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        """A run's environment, with where and when its figures were taken over from."""
        if not self.taken:
            return dict(environment)
        earlier = self.results.environment
        chain = [*_list(earlier.get("resumed")), self._span()]
        here = [*environment.get("disturbances", ())]
        devices = {
            name: {**facts, "disturbances": _joined(facts, _mapping(earlier, "devices", name))}
            for name, facts in environment.get("devices", {}).items()
        }
        return {
            **environment,
            "resumed": chain,
            "disturbances": list(dict.fromkeys([*(d for s in chain for d in _dated(s)), *here])),
            **({"devices": devices} if devices else {}),
        }

    def _span(self) -> dict[str, Any]:
        """What is told of it as part of a run that went on."""
        earlier = self.results.environment
        before = {told for span in _list(earlier.get("resumed")) for told in _dated(span)}
        told = [each for each in _list(earlier.get("disturbances")) if each not in before]
        return {
            "date": str(earlier.get("date", "")),
            "file": self.path.name,
            "measurements": self.taken,
            "states": _list(earlier.get("states")),
            "disturbances": told,
            "broken_off": self.results.broken_off,
        }

    def _told_differing(self) -> str:
        return "; ".join(f"{n} × {reason}" for reason, n in self.differing.most_common())

    def _refuse_unreached(self, cells: Sequence[Cell], environment: Mapping[str, Any]) -> None:
        """Refuse to go on without a device: its rows would be lost, or mixed with another's."""
        for name in dict.fromkeys(cell.case.target for cell in cells if cell.case.target):
            known = _mapping(self.results.environment, "devices", name)
            there = _mapping(environment, "devices", name)
            if known and not there:
                raise WeighinError(
                    f"{name} cannot be reached, where a part of {self.path} was measured: go on "
                    f"with it when it can."
                )

    def _of(self, cell: Cell, environment: Mapping[str, Any]) -> Sequence[Record]:
        """A cell's figures, if all are there and of the same file, data and device."""
        try:
            artifact, task = cell.context.artifact(cell.case), cell.context.task(cell.case)
        except WeighinError:  # its row will say so
            return ()
        wanted = [metric.name for metric in metrics_for(cell.scope, task)]
        there = [self._records.get((cell.case, name)) for name in wanted]
        found = [record for record in there if record is not None]
        if not any(record.status == "ok" for record in found):
            return ()
        self.matched = True
        problem = next(self._differences(cell, environment), "")
        if any(record.artifact != artifact.sha256 for record in found if record.status == "ok"):
            problem = "of another file"
        if problem:
            self.differing[problem] += 1
            return ()
        # what failed, or was ended within, names no file
        is_whole = all(each.status != "failed" and each.artifact for each in found)
        if not is_whole or len(found) < len(wanted):
            return ()
        return [of_its_openings(record) for record in found]

    def _differences(self, cell: Cell, environment: Mapping[str, Any]) -> Iterator[str]:
        earlier, case = self.results.environment, cell.case
        data = [_mapping(each, "datasets", case.dataset) for each in (earlier, environment)]
        if _difference(*data):
            yield "of other data or another task"
        if case.target:
            facts = [_mapping(each, "devices", case.target) for each in (earlier, environment)]
            for key, called in _OF_DEVICE.items():
                if difference := _difference(*(each.get(key) for each in facts)):
                    yield f"on {case.target} by another {called} ({difference})"

    def _differs_beside(
        self, cell: Cell, records: Sequence[Record], whole: set[tuple[Case, Scope]]
    ) -> str:
        """Why what a cell was compared with is not the same; nothing if it is."""
        artifacts = cell.context.artifacts
        for other in cell.compared_with:
            if cell.scope == "evaluation":
                if (other, cell.scope) not in whole:
                    return f"beside {other.variant}, which is measured anew"
            elif self._digests.get(other.file) != {artifacts.of(other).sha256}:
                return f"beside another file of {other.variant}"
        engines = {record.beside for record in records} - {""}
        if cell.first is not None and engines and engines != {cell.first.engine}:
            return "beside another runtime"
        return ""


def _difference(earlier: Any, now: Any) -> str:
    """What differs between two parts of environments, shortly; nothing where they are the same."""
    now = json.loads(json.dumps(now))  # as a file has it
    if earlier == now:
        return ""
    if not isinstance(earlier, Mapping) or not isinstance(now, Mapping):
        shown = [str(each)[:40] for each in (earlier, now)]
        return f"{shown[0]} then, {shown[1]} now"
    key = next(key for key in {**earlier, **now} if earlier.get(key) != now.get(key))
    return f"{key} {str(earlier.get(key))[:40]} then, {str(now.get(key))[:40]} now"


def _dated(span: Any) -> list[str]:
    """What disturbed a part of a run, with when that was."""
    if not isinstance(span, Mapping):
        return []
    return [f"{told} ({span.get('date')})" for told in _list(span.get("disturbances"))]


def _joined(now: Mapping[str, Any], earlier: Mapping[str, Any]) -> list[str]:
    """What disturbed a device then and now."""
    told = (*_list(earlier.get("disturbances")), *_list(now.get("disturbances")))
    return list(dict.fromkeys(map(str, told)))


def _mapping(environment: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    value: Any = environment
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
