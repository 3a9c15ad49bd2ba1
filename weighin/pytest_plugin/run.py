"""One pytest run: its settings, the cases they name, and the records that become of them."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from weighin import grammar, packages, registry
from weighin.build import pretrained
from weighin.core import Record, Results, Suite, Variant, WeighinError
from weighin.core.case import Case
from weighin.definitions import default_definitions, load_definitions
from weighin.diagnostics.explaining import explain
from weighin.measure import calibration
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext
from weighin.measure.paired import NARROW
from weighin.pytest_plugin.progress import BuildProgress
from weighin.records import store
from weighin.report import gates
from weighin.stats import SMALLEST_SPEEDUP
from weighin.targets import machine

CONTROL = "finetune"  # stands beside whatever trains further, so that epochs get no credit


class Run:
    """One pytest run: its settings, cells and records."""

    def __init__(self, config: pytest.Config) -> None:
        """Read the options; nothing is loaded yet."""
        option = config.getoption
        self.config = config
        self.problem = ""
        self.path: Path | None = None
        self.deselected: list[pytest.Item] = []
        self.outcomes: list[gates.Outcome] = []
        self._gates = [gates.parse(text) for text in option("--weighin-gate")]
        self._whys: list[Record] = []
        self._items: list[pytest.Item] = []
        self._suite: Suite | None = None
        self.context = RunContext.here(
            self._definitions(),
            cache_dir=option("--weighin-cache-dir"),
            data_dir=option("--weighin-data-dir"),
            workers=option("--weighin-workers"),
        )
        self.context.pair_seconds = option("--weighin-pair-seconds")
        self.context.margin = option("--weighin-margin") / 100
        self.began = datetime.datetime.now(datetime.UTC)

    def cases(self, scope: str) -> list[Case]:
        """What a bench function of this scope is run for; none, and a problem, on bad options."""
        try:
            return self._cases(scope)
        except WeighinError as error:
            self.problem = str(error)
            return []

    def begin(self, items: list[pytest.Item]) -> None:
        """Build what the items need; make sure that results can be written.

        Raises:
            pytest.UsageError: if a data set is missing or a folder cannot be written.
        """
        self._items = items
        named = self.config.getoption("--weighin-results-dir")
        folder = Path(named) if named else self.config.rootpath / "results" / "local"
        suite = self._suite.name if self._suite else "run"
        self.path = folder / f"{self.began:%Y%m%dT%H%M%SZ}-{suite}.json"
        capture = self.config.pluginmanager.getplugin("capturemanager")
        try:
            self.save()
            cells = [cell for cell in map(cell_of, items) if cell is not None]
            cases = [cell.case for cell in cells if not cell.unavailable()]
            for dataset in dict.fromkeys(case.dataset for case in cases):
                self.context.load_dataset(dataset)
            with capture.global_and_fixture_disabled(), BuildProgress() as progress:
                print()
                self.context.build(cases, begun=progress.begun, finished=progress.finished)
        except WeighinError as error:
            self.path = None
            raise pytest.UsageError(str(error)) from None

    def save(self) -> None:
        """Write all records so far."""
        if self.path is not None:
            store.save(self.path, self.results())

    def finish(self) -> None:
        """Say of every row why it is as it is, judge the gates, write all records."""
        by_case: dict[Case, dict[str, Record]] = {}
        for record in self.results().records:
            by_case.setdefault(record.case, {})[record.metric] = record
        for case, own in by_case.items():
            is_measured = any(record.status == "ok" for record in own.values())
            if case.runtime and case != case.baseline and is_measured:
                file = by_case.get(case.file, {})
                graph_of = dataclasses.replace(case, format="tflite")
                with contextlib.suppress(WeighinError):  # then the row has a reason of its own
                    path, baseline = (
                        self.context.artifact(each).path for each in (graph_of, graph_of.baseline)
                    )
                    said = explain(case, {**file, **own}, path, baseline)
                    if said:
                        self._whys.append(Record(case, "why", "", "ok", note="\n".join(said)))
        self.outcomes = gates.judge(self._gates, self.results().records)
        self.save()

    def keeps_gates(self) -> bool:
        """Whether every gate is kept."""
        strict = self.config.getoption("--weighin-strict")
        return all(outcome.passes(strict) for outcome in self.outcomes)

    def results(self) -> Results:
        """All records so far, and the environment."""
        records = [record for item in self._items for record in _records(item)]
        known = {(r.model, r.variant, r.runtime) for r in records}
        for item in self.deselected:
            cell = cell_of(item)
            if cell and (cell.case.model, cell.case.variant, cell.case.runtime) in known:
                records += _unmeasured(cell, "deselected")
        return Results(self._environment(records), (*records, *self._whys))

    def _cases(self, scope: str) -> list[Case]:
        suite = self._load_suite()
        option = self.config.getoption
        if not option("--weighin-pair-seconds") > 0 or not option("--weighin-margin") >= 0:
            raise WeighinError("--weighin-pair-seconds, --weighin-margin: wanted numbers above 0.")
        if option("--weighin-workers") < 0:
            raise WeighinError(
                f"--weighin-workers {option('--weighin-workers')}: wanted a number from 1, "
                f"or 0 for one per core."
            )
        if suite.seeds < 1:
            raise WeighinError(f"--weighin-seeds {suite.seeds}: wanted a number from 1.")
        threads = _threads(option("--weighin-threads"))
        cases = []
        for model in suite.models:
            recipe = registry.models[model].recipe(self.context.profile)
            _ = registry.datasets[recipe.dataset]
            variants = [grammar.parse(name) for name in suite.variants_of(model)]
            names = _with_controls(variants, trains=recipe.finetune_epochs > 0)
            for seed, parsed in itertools.product(range(suite.seeds), names):
                for format in _formats(parsed):
                    case = Case(model, recipe.dataset, parsed.name, seed, format)
                    runs = self._on_runtimes(case, threads)
                    cases += [case] * bool(runs) if scope == "artifact" else runs
        if scope == "pair":
            cases = [case for case in cases if case != case.baseline]
        return cases

    def _on_runtimes(self, case: Case, threads: list[int]) -> list[Case]:
        chosen = self.config.getoption("--weighin-runtimes")
        usual = [each.name for each in registry.runtimes.values() if not each.on_request]
        names = _split(chosen) if chosen else usual
        return [
            dataclasses.replace(case, runtime=name, threads=number)
            for name in names
            if case.format in registry.runtimes[name].formats
            for number in threads
        ]

    def _load_suite(self) -> Suite:
        if self._suite is None:
            option = self.config.getoption
            load_definitions(self.context.build_context.definitions)
            named = registry.suites[option("--weighin-suite")]
            models = option("--weighin-models")
            variants = option("--weighin-variants")
            seeds = option("--weighin-seeds")
            self._suite = Suite(
                named.name,
                option("--weighin-profile") or named.profile,
                tuple(_split(models)) if models else named.models,
                tuple(_split(variants)) if variants else named.variants,
                named.seeds if seeds is None else seeds,
            )
            self.context.profile = self._suite.profile
        return self._suite

    def _definitions(self) -> tuple[Path, ...]:
        named: list[Path] = self.config.getini("weighin_definitions")
        return tuple(named or default_definitions(self.config.rootpath))

    def _weights(self, records: list[Record]) -> dict[str, str]:
        """Of models whose recipe names published weights: what their dense start is made of."""
        found = {}
        for name in dict.fromkeys(record.model for record in records):
            recipe = registry.models[name].recipe(self.context.profile)
            if recipe.weights is not None:
                published = pretrained.find(recipe.weights, self.context.build_context.search)
                own = "trained" if recipe.epochs else "random"
                found[name] = f"{published[0].name} {published[1][:12]}" if published else own
        return found

    def _environment(self, records: list[Record]) -> dict[str, Any]:
        names = dict.fromkeys(record.dataset for record in records)
        known = calibration.load(self.context.build_context.cache)
        loaded = {name: self.context.load_dataset(name) for name in names}
        return {
            "date": f"{self.began:%Y-%m-%d %H:%M} UTC",
            "suite": self._suite.name if self._suite else "",
            "profile": self.context.profile,
            "machine": machine.facts(),
            "packages": packages.packages(),
            "commit": packages.commit(),
            "datasets": {
                name: {"digest": data.digest, "train": len(data.train), "test": len(data.test)}
                for name, data in loaded.items()
            },
            "weights": self._weights(records),
            "seeds": self._suite.seeds if self._suite else 0,
            "pairs": {
                "seconds": self.context.pair_seconds,
                "narrow": NARROW,
                "smallest": SMALLEST_SPEEDUP,
            },
            "margin": self.context.margin,
            "calibration": dataclasses.asdict(known) if known else None,
            "anchors": {
                name: [dataclasses.asdict(each) for each in registry.anchors[name]]
                for name in dict.fromkeys(record.model for record in records)
                if name in registry.anchors
            },
            "artifacts": self.context.origins({record.artifact for record in records}),
        }


def cell_of(item: pytest.Item) -> Cell | None:
    """The cell that an item of a marked bench function is run for."""
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("cell") if callspec else None
    return found if isinstance(found, Cell) else None


def _records(item: pytest.Item) -> list[Record]:
    cell = cell_of(item)
    if cell is None:
        return []
    return cell.records or _unmeasured(cell, "the run ended before its turn")


def _unmeasured(cell: Cell, reason: str) -> list[Record]:
    blank = Cell(cell.case, cell.scope, cell.context)
    blank.record_status("not measured", reason)
    return blank.records


def _formats(parsed: Variant) -> list[str]:
    """A .tflite file always; the Keras file too, where the export changes no weight.

    Not of the dense control, whose Keras file differs in nothing from the baseline's but weights.
    """
    own = parsed.export.name == "float32" and parsed != grammar.parse(CONTROL)
    return ["tflite", "h5"] if own else ["tflite"]


def _with_controls(variants: list[Variant], *, trains: bool) -> list[Variant]:
    """The variants, each once, after the baseline and the dense control if any trains further."""
    baseline = grammar.parse("baseline")
    variants = [baseline, *(each for each in dict.fromkeys(variants) if each != baseline)]
    control = grammar.parse(CONTROL)
    trained = trains and any(each.steps for each in variants)
    if not trained or control in variants:
        return variants
    return [baseline, control, *variants[1:]]


def _split(text: str) -> list[str]:
    """Split at commas outside parentheses; each word once."""
    words = (word.strip() for word in re.split(r",(?![^()]*\))", text))
    return list(dict.fromkeys(word for word in words if word))


def _threads(text: str) -> list[int]:
    words = _split(text)
    if not words or not all(word.isdecimal() and int(word) for word in words):
        raise WeighinError(f"--weighin-threads {text}: wanted numbers from 1, as 1,2.")
    return list(dict.fromkeys(map(int, words)))
