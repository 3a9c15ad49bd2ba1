"""One pytest run: what it was asked to do, its cells, and the records that become of them."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path

import pytest

from weighin import registry
from weighin.core import Case, Record, Results, Scope, WeighinError
from weighin.diagnostics.explaining import explain
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext
from weighin.pytest_plugin import plan
from weighin.pytest_plugin.environment import environment
from weighin.pytest_plugin.progress import BuildProgress
from weighin.pytest_plugin.settings import Settings
from weighin.records.recorder import Recorder
from weighin.report import gates


class Run:
    """One pytest run.

    Attributes:
        problem: why it cannot be done; empty if it can.
        path: of the results file, once there is one.
        deselected: items that will not be run.
        outcomes: of the gates, once all is measured.
    """

    def __init__(self, config: pytest.Config) -> None:
        """Remember where the options are; nothing is read or loaded yet."""
        self.config = config
        self.problem = ""
        self.path: Path | None = None
        self.deselected: list[pytest.Item] = []
        self.outcomes: list[gates.Outcome] = []
        self.began = datetime.datetime.now(datetime.UTC)
        self._whys: list[Record] = []
        self._items: list[pytest.Item] = []
        self._recorder: Recorder | None = None
        self._appended: dict[int, int] = {}  # of each cell, how many of its records are written

    @cached_property
    def settings(self) -> Settings:
        """The options, read when a bench function asks for its cases; definitions are loaded."""
        return Settings.read(self.config)

    @cached_property
    def context(self) -> RunContext:
        """What all cells share."""
        settings = self.settings
        return RunContext.here(
            settings.definitions,
            profile=settings.suite.profile,
            cache_dir=settings.cache_dir,
            data_dir=settings.data_dir,
            workers=settings.workers,
            pair_seconds=settings.pair_seconds,
            margin=settings.margin,
            optional=settings.suite.optional,
        )

    def cells(self, scope: Scope) -> list[Cell]:
        """What a bench function of this scope is run for; none, and a problem, on bad options."""
        try:
            return [Cell(case, scope, self.context) for case in plan.cases(self.settings, scope)]
        except WeighinError as error:
            self.problem = str(error)
            return []

    def begin(self, items: list[pytest.Item]) -> None:
        """Build what the items need; make sure that results can be written.

        Raises:
            pytest.UsageError: if a data set is missing or a folder cannot be written.
        """
        self._items = items
        name = f"{self.began:%Y%m%dT%H%M%SZ}-{self.settings.suite.name}.json"
        path = self.settings.results_dir / name
        capture = self.config.pluginmanager.getplugin("capturemanager")
        try:
            Recorder(path, self._planned())  # before hours of building, not after
            cells = [cell for cell in map(cell_of, items) if cell is not None]
            cases = [cell.case for cell in cells if not cell.unavailable()]
            for dataset in dict.fromkeys(case.dataset for case in cases):
                self.context.load_dataset(dataset)
            with capture.global_and_fixture_disabled(), BuildProgress() as progress:
                print()
                self.context.build(
                    cases,
                    asking=progress.asking,
                    begun=progress.begun,
                    finished=progress.finished,
                )
            self._recorder = Recorder(path, self._planned())
        except WeighinError as error:
            raise pytest.UsageError(str(error)) from None
        self.path = path

    def keep(self, cell: Cell) -> None:
        """Append what a cell has recorded since it was kept last."""
        if self._recorder is not None:
            written = self._appended.get(id(cell), 0)
            self._recorder.append(cell.records[written:])
            self._appended[id(cell)] = len(cell.records)

    def finish(self) -> None:
        """Say of every row why it is as it is, judge the gates, write all records in order."""
        by_case: dict[Case, dict[str, Record]] = {}
        for record in self._records():
            by_case.setdefault(record.case, {})[record.metric] = record
        for case, figures in by_case.items():
            is_measured = any(record.status == "ok" for record in figures.values())
            if case.runtime and case != case.baseline and is_measured:
                self._explain(case, {**by_case.get(case.file, {}), **figures})
        results = self.results()
        self.outcomes = gates.judge(self.settings.gates, results)
        if self._recorder is not None:
            self._recorder.finish(results)

    def keeps_gates(self) -> bool:
        """Whether every gate is kept."""
        return all(outcome.passes(self.settings.strict) for outcome in self.outcomes)

    def results(self) -> Results:
        """All records so far, and the environment."""
        records = self._records()
        return self._results(records, {record.artifact for record in records})

    def _planned(self) -> Results:
        """What is to come, with the provenance of all that is built."""
        return self._results(self._records())

    def _results(
        self, records: Sequence[Record], artifacts: Collection[str] | None = None
    ) -> Results:
        where = environment(self.settings, self.context, self.began, records, artifacts)
        return Results(where, (*records, *self._whys), registry.catalogue())

    def _records(self) -> list[Record]:
        """The figures of all rows so far; without the reasons why they are as they are."""
        records = [record for item in self._items for record in _records(item)]
        known = {(r.model, r.variant, r.runtime) for r in records}
        for item in self.deselected:
            cell = cell_of(item)
            if cell and (cell.case.model, cell.case.variant, cell.case.runtime) in known:
                records += _unmeasured(cell, "deselected")
        return records

    def _explain(self, case: Case, figures: dict[str, Record]) -> None:
        graph_of = dataclasses.replace(case, format="tflite")
        with contextlib.suppress(WeighinError):  # then the row has a reason of its own
            artifact, baseline = (
                self.context.artifact(compared_case)
                for compared_case in (graph_of, graph_of.baseline)
            )
            reasons = explain(case, figures, artifact.path, baseline.path, artifact.facts)
            if reasons:
                self._whys.append(Record(case, "why", "", "ok", reasons=tuple(reasons)))


def cell_of(item: pytest.Item) -> Cell | None:
    """The cell that an item of a marked bench function is run for."""
    callspec = getattr(item, "callspec", None)
    cell = callspec.params.get("cell") if callspec else None
    return cell if isinstance(cell, Cell) else None


def _records(item: pytest.Item) -> list[Record]:
    cell = cell_of(item)
    if cell is None:
        return []
    return cell.records or _unmeasured(cell, "the run ended before its turn")


def _unmeasured(cell: Cell, reason: str) -> list[Record]:
    blank = Cell(cell.case, cell.scope, cell.context)
    blank.record_status("not measured", reason)
    return blank.records
