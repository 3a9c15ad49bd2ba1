"""The pytest plugin: options, parametrization, the `cell` fixture and the summary tables.

A bench function is marked with the operation that it times, and takes one `cell`:

    @pytest.mark.weigh("evaluation")
    def bench_evaluate(benchmark, cell):
        cell.record(benchmark.pedantic(cell.evaluate))

It is run for every model, variant, seed and (unless the file itself is weighed) runtime and
number of threads of the suite.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import itertools
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from weighin import calibration, environment, registry, store, variant
from weighin.core import Record, Results, Suite, Variant, WeighinError
from weighin.measure import Case, Cell, Workbench, explain
from weighin.pairs import NARROW, PAIR_SECONDS
from weighin.progress import BuildProgress
from weighin.report import gates
from weighin.report.table import render
from weighin.stats import MARGIN, SMALLEST_SPEEDUP

CONTROL = "finetune"  # stands beside whatever trains further, so that epochs get no credit
_RUN = pytest.StashKey["Run"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add weighin's options."""
    group = parser.getgroup("weighin")
    add = group.addoption
    add("--weighin-suite", default="quick", metavar="NAME", help="suite to weigh (quick)")
    add("--weighin-profile", metavar="NAME", help="training profile, if not the suite's own")
    add("--weighin-models", metavar="A,B", help="only these models, also outside the suite")
    add("--weighin-variants", metavar="A,B", help="these variants instead of the suite's")
    add("--weighin-runtimes", metavar="A,B", help="only these runtimes (all)")
    add("--weighin-seeds", type=int, default=1, metavar="N", help="train each model N times (1)")
    add("--weighin-threads", default="1", metavar="1,2", help="threads of a session (1)")
    add("--weighin-data-dir", metavar="DIR", help="where to look for data first")
    add("--weighin-cache-dir", metavar="DIR", help="where artifacts are kept")
    add("--weighin-results-dir", metavar="DIR", help="where records are written (results/local)")
    add("--weighin-workers", type=int, default=0, metavar="N", help="build processes (cores)")
    add(
        "--weighin-pair-seconds",
        type=float,
        default=PAIR_SECONDS,
        metavar="S",
        help=f"time for a variant beside its baseline ({PAIR_SECONDS:g})",
    )
    add(
        "--weighin-margin",
        type=float,
        default=MARGIN * 100,
        metavar="POINTS",
        help=f"difference in top-1 that does not matter ({MARGIN * 100:g})",
    )
    add(
        "--weighin-gate",
        action="append",
        default=[],
        metavar="GATE",
        help="fail if a figure breaches it: 'top1_delta >= -0.005'; may be repeated",
    )
    add("--weighin-strict", action="store_true", help="gates judge the bare figure")
    parser.addini(
        "weighin_definitions",
        "files and folders that register models, data sets and suites",
        type="paths",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", "weigh(scope): the operation that a bench function times")
    try:
        config.stash[_RUN] = Run(config)
    except WeighinError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a marked bench function one cell for each case."""
    marker = metafunc.definition.get_closest_marker("weigh")
    if marker is None or "cell" not in metafunc.fixturenames:
        return
    run = metafunc.config.stash[_RUN]
    cases = run.cases(marker.args[0])
    cells = [Cell(case, marker.args[0], run.bench) for case in cases]
    metafunc.parametrize("cell", cells, ids=[str(case) for case in cases], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse what is unknown; put what needs TensorFlow last, so that it disturbs nothing."""
    run = config.stash[_RUN]
    if run.problem:
        raise pytest.UsageError(run.problem)
    items.sort(key=lambda item: (cell := _cell(item)) is not None and _needs_tensorflow(cell))


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember what will not be measured."""
    for item in items:
        if _cell(item) is not None:
            item.config.stash[_RUN].deselected.append(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Build everything before anything is measured: nothing heavy runs beside a measurement."""
    items = [item for item in session.items if _cell(item) and not _is_skipped(item)]
    if items and not session.config.option.collectonly:
        session.config.stash[_RUN].begin(items)
    return (yield)


@pytest.fixture
def cell(request: pytest.FixtureRequest) -> Iterator[Cell]:
    """One variant of one model on one runtime; see `weighin.measure.Cell`."""
    cell: Cell = request.param
    if "benchmark" in request.fixturenames:
        request.getfixturevalue("benchmark").group = f"{cell.scope}: {cell.case.model}"
    if cell.case.runtime:
        reason = cell.runtime.available()
        if reason:
            pytest.skip(reason)
    _ = cell.artifact  # a variant that could not be built fails here, with its reason
    yield cell
    cell.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give every figure that was not measured a reason, and keep what was."""
    report = yield
    cell = _cell(item)
    if cell is None or report.when == "teardown":
        return report
    if call.excinfo is not None and isinstance(call.excinfo.value, WeighinError):
        report.longrepr = str(call.excinfo.value)
    if report.failed and call.excinfo is not None:
        cell.record_status("failed", _first_line(call.excinfo.value))
    elif report.skipped and call.excinfo is not None:
        cell.record_status("skipped", _first_line(call.excinfo.value))
    elif report.when == "call" and not cell.records:
        cell.record_status("not measured", "pytest-benchmark was disabled")
    benchmark = getattr(item, "funcargs", {}).get("benchmark")
    if benchmark is not None:
        benchmark.extra_info.update(_extra_info(cell))
    if cell.records:
        item.config.stash[_RUN].save()
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Explain every row, write all records, and fail if a gate does."""
    run = session.config.stash[_RUN]
    if run.path is not None:
        run.finish()
        if not run.keeps_gates() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the comparison tables last, and say where the records are."""
    run = config.stash[_RUN]
    if run.path is None:
        return
    terminalreporter.section("weighin")
    terminalreporter.line("")
    terminalreporter.write_line(render([run.results()], "text"))
    terminalreporter.line("")
    if run.outcomes:
        terminalreporter.write_line(gates.render(run.outcomes))
        terminalreporter.line("")
    terminalreporter.write_line(f"records: {_shorter(run.path)}")


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
        self.bench = Workbench.here(
            self._definitions(),
            cache_dir=option("--weighin-cache-dir"),
            data_dir=option("--weighin-data-dir"),
            workers=option("--weighin-workers"),
        )
        self.bench.pair_seconds = option("--weighin-pair-seconds")
        self.bench.margin = option("--weighin-margin") / 100
        known = calibration.load(self.bench.workshop.cache)
        self._calibration = dataclasses.asdict(known) if known else None
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
            cases = [cell.case for cell in map(_cell, items) if cell is not None]
            for dataset in dict.fromkeys(case.dataset for case in cases):
                self.bench.dataset(next(case for case in cases if case.dataset == dataset))
            with capture.global_and_fixture_disabled(), BuildProgress() as progress:
                print()
                self.bench.build(cases, begun=progress.begun, finished=progress.finished)
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
            by_case.setdefault(Case.of(record), {})[record.metric] = record
        for case, own in by_case.items():
            if case.runtime and case.format == "tflite" and case != case.baseline:
                file = by_case.get(case.file, {})
                with contextlib.suppress(WeighinError):  # then the row has a reason of its own
                    path = self.bench.artifact(case).path
                    self._whys += explain(case, {**file, **own}, path)
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
            cell = _cell(item)
            if cell and (cell.case.model, cell.case.variant, cell.case.runtime) in known:
                records += _unmeasured(cell, "deselected")
        return Results(self._environment(records), (*records, *self._whys))

    def _cases(self, scope: str) -> list[Case]:
        suite = self._load_suite()
        option = self.config.getoption
        names = _with_control([variant.parse(name) for name in suite.variants])
        if option("--weighin-workers") < 0:
            raise WeighinError(
                f"--weighin-workers {option('--weighin-workers')}: wanted a number from 1, "
                f"or 0 for one per core."
            )
        seeds = range(option("--weighin-seeds"))
        if not seeds:
            raise WeighinError(
                f"--weighin-seeds {option('--weighin-seeds')}: wanted a number from 1."
            )
        threads = _threads(option("--weighin-threads"))
        cases = []
        for model in suite.models:
            recipe = registry.models[model].recipe(self.bench.profile)
            _ = registry.datasets[recipe.dataset]
            for seed, parsed in itertools.product(seeds, names):
                for format in _formats(parsed):
                    case = Case(model, recipe.dataset, parsed.name, seed, format)
                    runs = self._on_runtimes(case, threads)
                    cases += [case] * bool(runs) if scope == "artifact" else runs
        if scope == "pair":
            cases = [case for case in cases if case != case.baseline]
        return cases

    def _on_runtimes(self, case: Case, threads: list[int]) -> list[Case]:
        chosen = self.config.getoption("--weighin-runtimes")
        names = _split(chosen) if chosen else list(registry.runtimes)
        return [
            dataclasses.replace(case, runtime=name, threads=number)
            for name in names
            if case.format in registry.runtimes[name].formats
            for number in threads
        ]

    def _load_suite(self) -> Suite:
        if self._suite is None:
            option = self.config.getoption
            registry.load_definitions(self.bench.workshop.definitions)
            named = registry.suites[option("--weighin-suite")]
            models = option("--weighin-models")
            variants = option("--weighin-variants")
            self._suite = Suite(
                named.name,
                option("--weighin-profile") or named.profile,
                tuple(_split(models)) if models else named.models,
                tuple(_split(variants)) if variants else named.variants,
            )
            self.bench.profile = self._suite.profile
        return self._suite

    def _definitions(self) -> tuple[Path, ...]:
        named: list[Path] = self.config.getini("weighin_definitions")
        return tuple(named or registry.default_definitions(self.config.rootpath))

    def _environment(self, records: list[Record]) -> dict[str, Any]:
        names = dict.fromkeys(record.dataset for record in records)
        loaded = {name: self.bench.load_dataset(name) for name in names}
        return {
            "date": f"{self.began:%Y-%m-%d %H:%M} UTC",
            "suite": self._suite.name if self._suite else "",
            "profile": self.bench.profile,
            "machine": environment.machine(),
            "packages": environment.packages(),
            "datasets": {
                name: {"digest": data.digest, "train": len(data.train), "test": len(data.test)}
                for name, data in loaded.items()
            },
            "seeds": self.config.getoption("--weighin-seeds"),
            "pairs": {
                "seconds": self.bench.pair_seconds,
                "narrow": NARROW,
                "smallest": SMALLEST_SPEEDUP,
            },
            "margin": self.bench.margin,
            "calibration": self._calibration,
            "artifacts": self.bench.origins({record.artifact for record in records}),
        }


def _cell(item: pytest.Item) -> Cell | None:
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("cell") if callspec else None
    return found if isinstance(found, Cell) else None


def _records(item: pytest.Item) -> list[Record]:
    cell = _cell(item)
    if cell is None:
        return []
    return cell.records or _unmeasured(cell, "the run ended before its turn")


def _unmeasured(cell: Cell, reason: str) -> list[Record]:
    blank = Cell(cell.case, cell.scope, cell.bench)
    blank.record_status("not measured", reason)
    return blank.records


def _needs_tensorflow(cell: Cell) -> bool:
    return bool(cell.case.runtime) and cell.runtime.needs_tensorflow


def _is_skipped(item: pytest.Item) -> bool:
    return item.get_closest_marker("skip") is not None


def _formats(parsed: Variant) -> list[str]:
    """A .tflite file always; the Keras file too, where the export changes no weight.

    Not of the dense control, whose Keras file differs in nothing from the baseline's but weights.
    """
    own = parsed.export.name == "float32" and parsed != variant.parse(CONTROL)
    return ["tflite", "h5"] if own else ["tflite"]


def _with_control(variants: list[Variant]) -> list[Variant]:
    """The variants, each once, and the dense control before the first that trains further."""
    variants = list(dict.fromkeys(variants))
    control = variant.parse(CONTROL)
    trained = any(each.steps for each in variants)
    if not trained or control in variants:
        return variants
    at = next((at for at, each in enumerate(variants) if each.steps), 0)
    return [*variants[:at], control, *variants[at:]]


def _split(text: str) -> list[str]:
    """Split at commas outside parentheses; each word once."""
    words = (word.strip() for word in re.split(r",(?![^()]*\))", text))
    return list(dict.fromkeys(word for word in words if word))


def _threads(text: str) -> list[int]:
    words = _split(text)
    if not words or not all(word.isdecimal() and int(word) for word in words):
        raise WeighinError(f"--weighin-threads {text}: wanted numbers from 1, as 1,2.")
    return list(dict.fromkeys(map(int, words)))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _extra_info(cell: Cell) -> dict[str, Any]:
    case = cell.case
    info: dict[str, Any] = {"model": case.model, "variant": case.variant, "dataset": case.dataset}
    for record in cell.records:
        info[record.metric] = record.value
        if record.low is not None:
            info[f"{record.metric}_interval"] = [record.low, record.high]
    return info


def _shorter(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
