"""One run of the main job: its cells, what is built for them, and the records that become of them.

Whoever measures the cells, pytest's bench functions or `weighin.job.measuring`, lets `begin` build
what they need, gives each to `keep` when it has records, and calls `finish` at the end.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from weighin import registry
from weighin.cluster.connection import LOCAL
from weighin.core import (
    USUAL_FORMAT,
    Case,
    NotBuiltError,
    Record,
    Results,
    Scope,
    SkippedError,
    WeighinError,
)
from weighin.core.case import engine_parts
from weighin.devices import quiet
from weighin.diagnostics import analysed
from weighin.diagnostics.explaining import explain
from weighin.job import plan
from weighin.job.environment import environment
from weighin.job.progress import BuildProgress, Watcher
from weighin.job.resuming import Earlier
from weighin.job.settings import Settings
from weighin.job.unmeasured import NOT_YET, once, possible, unmeasured
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext
from weighin.records import latencies
from weighin.records.recorder import Recorder
from weighin.report import gates
from weighin.targets import state


class Run:
    """One run.

    Attributes:
        settings: what it was asked to do.
        context: what all cells share.
        path: of the results file, once there is one.
        deselected: cells that will not be measured.
        judged: what became of the gates, once all is measured.
        unwritten: why the results file lacks what was measured; empty while it does not.
        functions: files of functions that time and are not weighin's own.
        told: what else a reader of its records needs to know, by its name in the environment.
    """

    def __init__(self, settings: Settings, context: RunContext | None = None) -> None:
        """Plan a run; nothing is read or loaded yet.

        Args:
            settings: what it is asked to do.
            context: what its cells share; if not given, files that are built of registered models.

        Raises:
            WeighinError: if its cluster cannot be reached, or has nobody to measure; if a device is
                called as one of its workers is.
        """
        self.context = context or _building(settings)
        if settings.cluster not in ("", LOCAL) and not settings.quiet:
            self.context.devices |= (measuring := quiet.devices(settings.cluster))
            settings = dataclasses.replace(settings, quiet=tuple(measuring))
        self.settings = settings
        for _, device in map(engine_parts, settings.runtimes):
            if device in settings.quiet:
                raise WeighinError(
                    f"{device} is a device and a quiet worker of the cluster: their rows could not "
                    f"be told apart. Call the device otherwise in the devices file."
                )
            if device and device not in self.context.devices:
                self.context.devices[device] = settings.devices.entry(device).device()
        self.path: Path | None = None
        self.deselected: list[Cell] = []
        self.judged = gates.Judged(mode=settings.mode)
        self.unwritten = ""
        self.functions: tuple[Path, ...] = ()
        self.told: dict[str, Any] = {}
        self.began = datetime.datetime.now(datetime.UTC)
        self._whys: list[Record] = []
        self._cells: Sequence[Cell] = ()
        self._recorder: Recorder | None = None
        self._states: tuple[state.State, ...] = ()  # of the machine, before measuring and after
        self._appended: dict[int, int] = {}  # of each cell, how many of its records were kept
        self._earlier: Earlier | None = None
        if settings.resume is not None:
            self._earlier = Earlier.read(settings.resume)

    def cells(self, scope: Scope) -> list[Cell]:
        """What an operation is run for, in the order of the suite.

        Raises:
            WeighinError: if the suite names what is not known, or a variant makes no sense.
        """
        files = self.context.artifacts.cases
        if scope == "engines":
            pairs = plan.between_engines(self.settings, files)
            return [Cell(case, scope, self.context, first=pairs[case]) for case in pairs]
        cases = plan.cases(self.settings, scope, files)
        return [Cell(case, scope, self.context) for case in cases]

    def begin(self, cells: Sequence[Cell], watcher: Watcher | None = None) -> None:
        """Build what the cells need; make sure that results can be written.

        Args:
            cells: those that will be measured.
            watcher: who is told what is built; shown on standard output if not given.

        Raises:
            WeighinError: if a data set is missing or a folder cannot be written; or if a gate is on
                what no row has.
        """
        self._cells = cells
        self._check_gates()
        if self._earlier is not None:
            self._earlier.refuse_other(self._results(()).environment)
        name = f"{self.began:%Y%m%dT%H%M%SZ}-{self.settings.suite.name}"
        # before hours of building, not after
        recorder = Recorder(self.settings.results_dir, name, self._planned())
        cases = [cell.case for cell in cells if not cell.unavailable()]
        for dataset in dict.fromkeys(case.dataset for case in cases):
            self.context.load_dataset(dataset)
        with watcher.building() if watcher else BuildProgress() as progress:
            self.context.build(
                cases,
                asking=progress.asking,
                begun=progress.begun,
                finished=progress.finished,
            )
            self._recorder, self.path = recorder, recorder.path
            if self._earlier is not None:
                self._take_over(self._earlier)
                progress.say(self._earlier.said(len(cells)))
        self._states = (state.read(),)
        self._write(lambda: recorder.plan(self._planned()))

    def _take_over(self, earlier: Earlier) -> None:
        """Give cells the records that they have in a file.

        Raises:
            WeighinError: if none can have them; nothing is left of this run then.
        """
        try:
            earlier.take(self._cells, self._planned().environment)
        except WeighinError:
            self._forget()
            raise
        for cell in self._cells:
            if cell.taken:
                self._appended[id(cell)] = len(cell.records)
                if cell.scope == "evaluation":
                    self.context.recorded[cell.case] = tuple(cell.records)

    def _forget(self) -> None:
        """Leave nothing of a run that measures nothing."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self._recorder = self.path = None

    def refuse_in_vain(self) -> None:
        """End a run before it measures what nobody can use; nothing is left of it.

        Raises:
            WeighinError: if nothing at all could be built, with the reason; or if a gate is on a
                figure that no row has, now that every task is known.
        """
        try:
            self._check_built()
            self._check_gates()
        except WeighinError:
            self._forget()
            raise

    def _check_built(self) -> None:
        reasons: list[WeighinError] = []
        for case in dict.fromkeys(cell.case for cell in self._cells if not cell.unavailable()):
            try:
                self.context.artifact(case)
            except (NotBuiltError, SkippedError) as reason:
                reasons.append(reason)
            except WeighinError:
                return  # it was built, and its row says what is wrong with it
            else:
                return
        if reasons:
            failed = [reason for reason in reasons if isinstance(reason, NotBuiltError)]
            raise (failed or reasons)[0]

    def _check_gates(self) -> None:
        if self.settings.gates:
            rows = [record for cell in self._cells for record in possible(cell)]
            gates.refuse_vain(self.settings.gates, rows, registry.catalogue())

    def keep(self, cell: Cell) -> None:
        """Append what a cell has recorded since it was kept last."""
        recorder = self._recorder
        if recorder is not None:
            known = self._appended.get(id(cell), 0)
            self._appended[id(cell)] = len(cell.records)
            self._write(lambda: recorder.append(cell.records[known:]))

    def finish(self) -> None:
        """Say of every row why it is as it is, judge the gates, write all records in order.

        `unwritten` says whether the file then has them.
        """
        by_case: dict[Case, dict[str, Record]] = {}
        for record in self._records():
            by_case.setdefault(record.case, {})[record.metric] = record
        for case, figures in by_case.items():
            is_measured = any(record.status == "ok" for record in figures.values())
            if case.runtime and case != case.baseline and is_measured:
                self._explain(case, {**by_case.get(case.file, {}), **figures})
        self._states = (*self._states[:1], state.read())
        for device in self.context.devices.values():
            device.close()
        results = self.results()
        self.judged = gates.judge(self.settings.gates, results, self.settings.mode)
        recorder = self._recorder
        if recorder is not None:
            self._write(lambda: recorder.finish(results))

    def _write(self, write: Callable[[], None]) -> None:
        """Write to the results file; that it cannot be written ends no run, which has its tables.

        What was not written before is written, too, so the last attempt decides.
        """
        try:
            write()
        except WeighinError as error:
            self.unwritten = str(error)
        else:
            self.unwritten = ""

    def left(self) -> str:
        """What another run may measure by going on with this one, in words; nothing if all is."""
        ended = sum(not cell.records for cell in self._cells)
        lost = sum(
            any(record.status == "failed" for record in cell.records)
            for cell in self._cells
            if cell.case.target
        )
        told = [f"{ended} measurements had no turn"] * bool(ended)
        return " and ".join(told + [f"{lost} failed on a device"] * bool(lost))

    def results(self) -> Results:
        """All records so far, and the environment."""
        records = latencies.covering(self._records())
        return self._results(records, {record.artifact for record in records})

    def _planned(self) -> Results:
        """What is to come, with the provenance of all that is built."""
        return self._results(self._records())

    def _results(
        self, records: Sequence[Record], artifacts: Collection[str] | None = None
    ) -> Results:
        where = environment(
            self.settings,
            self.context,
            self.began,
            records,
            artifacts,
            self._states,
            self.functions,
        )
        where |= self.told
        if self._earlier is not None:
            where = self._earlier.accounted(where)
        return Results(where, (*records, *self._whys), registry.catalogue())

    def _records(self) -> list[Record]:
        """The figures of all rows so far; without the reasons why they are as they are."""
        records = [
            record for cell in self._cells for record in cell.records or unmeasured(cell, NOT_YET)
        ]
        known = {(r.model, r.variant, r.case.engine) for r in records}
        for cell in self.deselected:
            if (cell.case.model, cell.case.variant, cell.case.engine) in known:
                records += unmeasured(cell, "deselected")
        return once(records)

    def _explain(self, case: Case, figures: dict[str, Record]) -> None:
        has_graph = registry.formats[case.format].has_graph
        graph_of = case if has_graph else dataclasses.replace(case, format=USUAL_FORMAT)
        try:
            artifact, baseline = (
                self.context.artifact(compared_case)
                for compared_case in (graph_of, graph_of.baseline)
            )
        except WeighinError:  # then the row has a reason of its own
            return
        variant = self.context.artifacts.variant(case)
        machine = self.context.target(case).facts().get("machine")
        cache = self.context.artifacts.context.cache.folder
        layers = analysed.kept(cache, artifact.sha256, baseline.sha256)
        files, format = (artifact.path, baseline.path), artifact.format
        reasons = explain(case, figures, *files, artifact.facts, variant, format, machine, layers)
        if reasons:
            self._whys.append(Record(case, "why", "", "ok", reasons=tuple(reasons)))


def _building(settings: Settings) -> RunContext:
    return RunContext.here(
        settings.definitions,
        profile=settings.suite.profile,
        cache_dir=settings.cache_dir,
        data_dir=settings.data_dir,
        workers=settings.workers,
        cluster=settings.cluster,
        pair_seconds=settings.pair_seconds,
        margin=settings.margin,
        optional=settings.suite.optional,
    )
