"""Measuring without pytest: every cell has its turn, and whatever happens is in its records."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.unrun import SUITE, FakeArtifacts, run_of, settings
from helpers.watching import FakeRuntime, FakeSession, FakeWatcher

from weighin import registry
from weighin.core import Case, Record, SkippedError, WeighinError
from weighin.job import measuring
from weighin.job.measuring import functions, measure
from weighin.job.run import Run
from weighin.job.unmeasured import NOT_YET
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext
from weighin.records import store
from weighin.report.gates import parse


@pytest.fixture
def fake(run: Run) -> FakeRuntime:
    """The only runtime of the run."""
    return use(run, FakeRuntime("fake"))[0]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[measuring.Bench], None]:
    """Put a function in the place of all bench functions: one that times single inferences."""

    def put(function: measuring.Bench) -> None:
        monkeypatch.setattr(measuring, "functions", lambda: [(function, "inference")])

    return put


def use(run: Run, *runtimes: FakeRuntime) -> tuple[FakeRuntime, ...]:
    """Let a run use these runtimes alone."""
    for each in runtimes:
        runtime: Any = each
        registry.runtimes.add(each.name, runtime)
    folder = run.settings.results_dir.parent
    run.settings = settings(SUITE, folder, runtimes=tuple(each.name for each in runtimes))
    return runtimes


def recorded(cell: Cell, seconds: float = 1e-4) -> None:
    """Let a cell have a latency."""
    digest = cell.artifact.sha256
    cell.records.append(Record(cell.case, "latency", "s", "ok", seconds, artifact=digest))


def told(run: Run) -> dict[str, tuple[str, str]]:
    """Status and reason of each variant's latency in the results file."""
    assert run.path is not None
    return {
        record.variant: (record.status, record.reason)
        for record in store.load(run.path).records
        if record.metric == "latency"
    }


# -- all cells ------------------------------------------------------------------------------------


def test_weighins_own_bench_functions_are_those_that_pytest_runs() -> None:
    """One for each operation, by its mark."""
    assert [
        ("bench_compress", "artifact"),
        ("bench_engines", "engines"),
        ("bench_evaluate", "evaluation"),
        ("bench_latency", "inference"),
        ("bench_memory", "memory"),
        ("bench_speedup", "pair"),
        ("bench_start", "start"),
    ] == sorted((function.__name__, scope) for function, scope in functions())


def test_every_cell_has_its_turn_those_that_load_tensorflow_last(run: Run, bench: Any) -> None:
    """It would disturb what is timed in the same process; else the order is the suite's."""
    use(run, FakeRuntime("heavy", needs_tensorflow=True), FakeRuntime("light"))
    done, watcher = list[Case](), FakeWatcher()
    bench(lambda benchmark, cell: done.append(cell.case))

    assert measure(run, watcher)

    variants = ("baseline", "dynamic")
    expected = [(variant, name) for name in ("light", "heavy") for variant in variants]
    assert expected == [(case.variant, case.runtime) for case in done] == watcher.turns
    assert 4 == watcher.total


def test_records_are_written_cell_by_cell(run: Run, fake: FakeRuntime, bench: Any) -> None:
    """What ends the process later takes nothing of them; at the end they are all there."""
    found = []

    def keeping(benchmark: Any, cell: Cell) -> None:
        found.append({variant: status for variant, (status, _) in told(run).items()})
        recorded(cell)

    bench(keeping)

    assert measure(run, FakeWatcher())
    assert [
        {"baseline": "not measured", "dynamic": "not measured"},
        {"baseline": "ok", "dynamic": "not measured"},
    ] == found
    assert {"baseline": ("ok", ""), "dynamic": ("ok", "")} == told(run)


def test_no_runtime_is_loaded_before_it_has_answered_in_a_fresh_process(
    run: Run, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that crashes does so there. Then once, so that what it says is not shown between."""
    light, heavy = use(run, FakeRuntime("light"), FakeRuntime("heavy", needs_tensorflow=True))
    started = list[tuple[str, list[str]]]()

    def start(context: Any, case: Case, count: int = 1) -> list[Any]:
        started.append((case.runtime, list(light.asked)))
        return [None]

    monkeypatch.setattr(RunContext, "cold_starts", start)
    bench(lambda benchmark, cell: cell.session)

    measure(run, FakeWatcher())

    assert [("light", []), ("light", ["load", "call"])] == started
    assert ["load", "call"] == light.asked
    assert [] == heavy.asked


# -- whatever happens -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (WeighinError("out of memory\nby a lot"), ("failed", "out of memory")),
        (ValueError("not a number\nat all"), ("failed", "ValueError: not a number")),
        (ValueError(), ("failed", "ValueError: no reason given")),
        (SystemExit(3), ("failed", "SystemExit: 3")),
        (SkippedError("no such chip\nhere"), ("skipped", "no such chip")),
        (pytest.skip.Exception("no labels"), ("skipped", "no labels")),
    ],
    ids=repr,
)
def test_what_goes_wrong_is_told_by_its_first_line_and_the_others_go_on(
    run: Run, fake: FakeRuntime, bench: Any, error: BaseException, expected: tuple[str, str]
) -> None:
    """Only what failed makes the whole run fail."""

    def falling(benchmark: Any, cell: Cell) -> None:
        if cell.case.variant == "baseline":
            raise error
        recorded(cell)

    bench(falling)

    assert ("skipped" == expected[0]) is measure(run, FakeWatcher())
    assert {"baseline": expected, "dynamic": ("ok", "")} == told(run)


def test_figures_that_came_before_the_failure_are_kept(
    run: Run, fake: FakeRuntime, bench: Any
) -> None:
    """Only the others of the operation have failed."""

    def half(benchmark: Any, cell: Cell) -> None:
        recorded(cell)
        raise WeighinError("no power")

    bench(half)

    assert not measure(run, FakeWatcher())
    records = run.results().records
    assert {"ok"} == {record.status for record in records if record.metric == "latency"}
    assert {"failed"} == {record.status for record in records if record.metric == "latency_p90"}


def test_what_could_not_be_built_fails_unmeasured(run: Run, tmp_path: Path, bench: Any) -> None:
    """With the reason of building."""
    broken = run_of(tmp_path, FakeArtifacts(tmp_path, broken=("dynamic",)))
    use(broken, FakeRuntime("fake"))
    seen = []
    bench(lambda benchmark, cell: seen.append(cell.case.variant))

    assert not measure(broken, FakeWatcher())

    assert ["baseline"] == seen
    assert ("failed", "not built: no layers left") == told(broken)["dynamic"]


def test_what_is_not_here_is_skipped_unmeasured(
    run: Run, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason that it has; nothing has failed."""
    use(run, FakeRuntime("fake"))
    absent = {"dynamic": "no such chip here"}
    monkeypatch.setattr(Cell, "unavailable", lambda cell: absent.get(cell.case.variant))
    seen = []
    bench(lambda benchmark, cell: seen.append(cell.case.variant))

    assert measure(run, FakeWatcher())

    assert ["baseline"] == seen
    assert ("skipped", "no such chip here") == told(run)["dynamic"]


def test_a_run_of_which_nothing_is_here_is_refused(run: Run, bench: Any) -> None:
    """With the reason, before anything is built; no file is left."""
    use(run, FakeRuntime("fake", "no such chip here"))
    bench(lambda benchmark, cell: None)

    with pytest.raises(WeighinError, match=r"Nothing can be measured\. fake: no such chip here\."):
        measure(run, FakeWatcher())

    assert [] == run.context.artifacts.asked
    assert not run.settings.results_dir.exists()


@pytest.mark.parametrize("error", [None, WeighinError("no"), KeyboardInterrupt()], ids=repr)
def test_sessions_are_closed_whatever_happens(
    run: Run, fake: FakeRuntime, bench: Any, error: BaseException | None
) -> None:
    """Native memory would pile up from cell to cell."""
    sessions: list[FakeSession] = []

    def opened(case: Case) -> FakeSession:
        assert all(session.closed for session in sessions)
        sessions.append(FakeSession())
        return sessions[-1]

    def opening(benchmark: Any, cell: Cell) -> None:
        session: Any = cell.session
        assert not session.closed
        if error is not None:
            raise error

    context: Any = run.context
    context.open = opened
    bench(opening)

    with contextlib.suppress(KeyboardInterrupt):
        measure(run, FakeWatcher())
    assert sessions
    assert all(session.closed for session in sessions)


def test_what_was_measured_is_written_when_the_run_is_interrupted(
    run: Run, fake: FakeRuntime, bench: Any
) -> None:
    """The cell whose turn it was, and those after it, say that they were not; gates are judged."""

    def interrupted(benchmark: Any, cell: Cell) -> None:
        if cell.case.variant == "dynamic":
            raise KeyboardInterrupt
        recorded(cell)

    run.settings = settings(
        SUITE,
        run.settings.results_dir.parent,
        runtimes=("fake",),
        gates=(parse("baseline: latency <= 1 s"),),
    )
    bench(interrupted)

    with pytest.raises(KeyboardInterrupt):
        measure(run, FakeWatcher())

    assert {"baseline": ("ok", ""), "dynamic": ("not measured", NOT_YET)} == told(run)
    assert run.judged.kept
    assert [1e-4] == [outcome.record.value for outcome in run.judged.outcomes if outcome.record]


def test_nothing_is_written_where_nothing_could_begin(
    run: Run, fake: FakeRuntime, bench: Any
) -> None:
    """A folder that is a file is told before anything is measured."""
    run.settings.results_dir.write_text("a file")
    seen = []
    bench(lambda benchmark, cell: seen.append(cell))

    with pytest.raises(WeighinError, match="results"):
        measure(run, FakeWatcher())
    assert ([], None) == (seen, run.path)
