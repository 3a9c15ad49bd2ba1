"""The pytest plugin: options, parametrization, the `cell` fixture and the summary tables.

A bench function is marked with the operation that it times, and takes one `cell`:

    @pytest.mark.weigh("evaluation")
    def bench_evaluate(benchmark, cell):
        cell.record(benchmark.pedantic(cell.evaluate))

It is run for every model, variant, seed and (unless the file itself is weighed) runtime and
number of threads of the suite.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from weighin.core import SkippedError
from weighin.measure.cell import Cell
from weighin.pytest_plugin import failures, gating
from weighin.pytest_plugin.run import PytestRun, cell_of
from weighin.pytest_plugin.shipped import pytest_collect_file, pytest_pycollect_makemodule
from weighin.report import comment, compared, gates
from weighin.report.terminal import Terminal
from weighin.stats import MARGIN, PAIR_SECONDS

_HOOKS = (pytest_collect_file, pytest_pycollect_makemodule)  # pytest looks for them here
_RUN = pytest.StashKey[PytestRun]()
_TOLD = pytest.StashKey[failures.Told]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add weighin's options."""
    group = parser.getgroup("weighin")
    add = group.addoption
    add("--weighin-suite", metavar="NAME", help="suite to weigh (the first that is defined)")
    add("--weighin-profile", metavar="NAME", help="training profile, if not the suite's own")
    add("--weighin-models", metavar="A,B", help="only these models, also outside the suite")
    add("--weighin-variants", metavar="A,B", help="these variants instead of the suite's")
    add(
        "--weighin-runtimes",
        metavar="A,B",
        help="only these runtimes (all); litert@pi5 is litert on the device pi5",
    )
    add("--weighin-devices", metavar="FILE", help="what names devices (weighin-devices.toml)")
    add(
        "--weighin-seeds",
        type=int,
        metavar="N",
        help="train each model N times, if not as often as the suite says (1)",
    )
    add("--weighin-threads", default="1", metavar="1,2", help="threads of a session (1)")
    add("--weighin-data-dir", metavar="DIR", help="where to look for data first")
    add("--weighin-cache-dir", metavar="DIR", help="where artifacts are kept")
    add("--weighin-results-dir", metavar="DIR", help="where records are written (results/local)")
    add("--weighin-workers", type=int, default=0, metavar="N", help="build processes (cores)")
    add(
        "--weighin-cluster",
        default="",
        metavar="ADDRESS",
        help="build on a Dask cluster, measure on its quiet worker: tcp://host:8786, or local",
    )
    add(
        "--weighin-resume",
        metavar="FILE",
        help="go on with a run that was broken off: take over what its results file has",
    )
    add(
        "--weighin-pair-seconds",
        type=float,
        default=PAIR_SECONDS,
        metavar="S",
        help=f"longest time for a variant beside its baseline ({PAIR_SECONDS:g})",
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
        help="fail if a figure breaches it: 'top1_delta >= -0.5%%'; may be repeated",
    )
    add("--weighin-strict", action="store_true", help="gates judge the bare figure")
    add(
        "--weighin-proven",
        action="store_true",
        help="gates fail unless the whole interval lies within the bound: the safe way",
    )
    add(
        "--weighin-by",
        choices=("variant", "runtime"),
        default="variant",
        help="what the tables compare: variants, or the runtimes of each (variant)",
    )
    parser.addini(
        "weighin_definitions",
        "files and folders that register models, data sets and suites",
        type="paths",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; a cell that fails before it is timed needs no warning beside."""
    config.addinivalue_line("markers", "weigh(scope): the operation that a bench function times")
    config.addinivalue_line("filterwarnings", "ignore:Benchmark fixture was not used at all")
    config.stash[_RUN] = PytestRun(config)
    config.stash[_TOLD] = failures.Told()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a marked bench function one cell for each case."""
    marker = metafunc.definition.get_closest_marker("weigh")
    if marker is None or "cell" not in metafunc.fixturenames:
        return
    run = metafunc.config.stash[_RUN]
    cells = run.cells(marker.args[0])
    metafunc.parametrize("cell", cells, ids=[str(cell.case) for cell in cells], indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse what is unknown; put what needs TensorFlow last, so that it disturbs nothing."""
    run = config.stash[_RUN]
    if run.problem:
        raise pytest.UsageError(run.problem)
    items.sort(key=lambda item: (cell := cell_of(item)) is not None and cell.needs_tensorflow)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember what will not be measured."""
    for item in items:
        if (cell := cell_of(item)) is not None:
            item.config.stash[_RUN].run.deselected.append(cell)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Build everything before anything is measured: nothing heavy runs beside a measurement."""
    items = [item for item in session.items if cell_of(item) and not _is_skipped(item)]
    if items and not session.config.option.collectonly:
        session.config.stash[_RUN].begin(items)
    return (yield)


@pytest.fixture
def cell(request: pytest.FixtureRequest) -> Iterator[Cell]:
    """One variant of one model on one runtime; see `weighin.measure.Cell`."""
    cell: Cell = request.param
    if "benchmark" in request.fixturenames:
        request.getfixturevalue("benchmark").group = f"{cell.scope}: {cell.case.model}"
    reason = cell.unavailable()
    if reason:
        pytest.skip(reason)
    if cell.taken:
        pytest.skip("taken over from the run that goes on")
    try:
        _ = cell.artifact  # a variant that could not be built fails here, with its reason
    except SkippedError as error:
        pytest.skip(str(error))
    yield cell
    cell.close()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Let a bench function whose cell is skipped while it runs be skipped, too."""
    try:
        return (yield)
    except SkippedError as error:
        if cell_of(pyfuncitem) is None:  # somebody's own test
            raise
        pytest.skip(str(error))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give every figure that was not measured a reason, and keep what was."""
    report = yield
    cell = cell_of(item)
    if cell is None or report.when == "teardown":
        return report
    if report.failed and call.excinfo is not None:
        item.config.stash[_TOLD].tell(report, cell.case, call.excinfo)
        cell.record_status("failed", _first_line(call.excinfo.value))
    elif report.skipped and call.excinfo is not None:
        cell.record_status("skipped", _first_line(call.excinfo.value))
    elif report.when == "call" and not cell.records:
        cell.record_status("not measured", "pytest-benchmark was disabled")
    benchmark = getattr(item, "funcargs", {}).get("benchmark")
    if benchmark is not None:
        benchmark.extra_info.update(_extra_info(cell))
    if cell.records:
        item.config.stash[_RUN].run.keep(cell)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Keep what failed for a reason that is told already out of pytest's lists of failures."""
    return failures.status(report) if isinstance(report, pytest.TestReport) else None


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_benchmark_group_stats(config: pytest.Config) -> Generator[None, Any, Any]:
    """Leave weighin's operations out of pytest-benchmark's tables, unless those are asked for.

    They time how weighin measures; what it measures is in its own tables, which nothing should push
    off the screen. Other benchmarks keep theirs.
    """
    groups = yield
    asks = ("verbose", "compare", "compare_fail", "histogram", "cprofile")
    if any(config.getoption(f"benchmark_{name}") for name in asks):
        return groups
    return [group for group in groups if not all(map(_is_weighed, group[1]))]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Explain every row, write all records, and fail if a gate does or they cannot be written.

    Then that is said below pytest's own last line, which may be a green one.
    """
    session.config.stash[_TOLD].count()
    if not session.config.stash[_RUN].begun:
        return (yield)
    run = session.config.stash[_RUN].run
    run.finish()
    gating.report(session.config, run.judged)
    fails = run.unwritten or not run.judged.kept
    if fails and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    result = yield
    gating.end(session.config, run.judged)
    return result


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the comparison tables last, and say where the records are."""
    if not config.stash[_RUN].begun:
        return
    run = config.stash[_RUN].run
    terminalreporter.section("weighin")
    terminalreporter.line("")
    results, how = run.results(), compared.BY[config.getoption("--weighin-by")]
    terminalreporter.write_line(how.render([results], "text", _shown_on(terminalreporter)))
    terminalreporter.line("")
    if run.judged.outcomes:
        shown_on = _shown_on(terminalreporter)
        terminalreporter.write_line(gates.render(run.judged, "text", shown_on))
        terminalreporter.line("")
    path = _shorter(run.path or Path())
    terminalreporter.write_line(f"records: {path}")
    if left := run.left():
        terminalreporter.write_line(f"{left}: --weighin-resume {path} goes on with it")
    if run.unwritten:
        terminalreporter.write_line(f"error: not all records are there: {run.unwritten}", red=True)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        problem = comment.append(Path(summary), how.sections([results]), str(path))
        if problem:
            terminalreporter.write_line(f"warning: no step summary: {problem}", yellow=True)


def _shown_on(reporter: pytest.TerminalReporter) -> Terminal | None:
    """What pytest prints on, with colours as its `--color` says; None for a pipe."""
    if not reporter.isatty and not reporter.hasmarkup:
        return None
    return Terminal(reporter._tw.fullwidth if reporter.isatty else None, reporter.hasmarkup)


def _is_skipped(item: pytest.Item) -> bool:
    return item.get_closest_marker("skip") is not None


def _is_weighed(stats: Mapping[str, Any]) -> bool:
    return {"model", "variant", "dataset"} <= set(stats["extra_info"])


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
