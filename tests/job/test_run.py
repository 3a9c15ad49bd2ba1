"""One run: records are planned before anything is built, appended as they come, then finished."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from helpers.unrun import (
    SUITE,
    FakeArtifacts,
    FakeConfig,
    digest_of,
    run_of,
    settings,
)

from weighin import pytest_plugin, registry
from weighin.cli import main
from weighin.core import Case, Dataset, Record, Results, Scope, Suite, WeighinError
from weighin.job import measuring, weighing
from weighin.job.run import Run
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext
from weighin.pytest_plugin.failures import Told
from weighin.pytest_plugin.run import PytestRun, cell_of
from weighin.records import store
from weighin.report import gates

NOT_YET = "the run ended before its turn"


def cells_of(run: Run, *scopes: Scope) -> list[Cell]:
    """The cells of bench functions of these scopes."""
    return [cell for scope in scopes for cell in run.cells(scope)]


def item_of(cell: Cell) -> Any:
    """What pytest would collect for a cell."""
    callspec = SimpleNamespace(params={"cell": cell})
    return SimpleNamespace(callspec=callspec, path=Path("bench_it.py"))


def pytest_run_of(run: Run, folder: Path) -> PytestRun:
    """The same run as a pytest session has it."""
    config: Any = FakeConfig(folder)
    session = PytestRun(config)
    session.run = run
    return session


def measured(cell: Cell, metric: str, value: float) -> Cell:
    """A cell, after it has recorded one more figure."""
    unit = registry.metrics[metric].unit
    sha256 = digest_of(cell.case.variant)
    cell.records.append(Record(cell.case, metric, unit, "ok", value, artifact=sha256))
    return cell


def written(run: Run) -> Results:
    """What the results file holds."""
    assert run.path is not None
    return store.load(run.path)


def told(results: Results, metric: str) -> list[tuple[str, str, float | None, str]]:
    """Variant, status, value and reason of a metric's records, in order."""
    return [
        (record.variant, record.status, record.value, record.reason)
        for record in results.records
        if record.metric == metric
    ]


# -- what is to come ----------------------------------------------------------------------------


def test_what_is_to_come_is_written_before_anything_is_built(
    run: Run, files: FakeArtifacts, tmp_path: Path
) -> None:
    """A folder that cannot be written is found out first; what ends the run ends no file."""
    found: list[Results] = []
    files.while_building = lambda: found.extend(
        store.load(path) for path in (tmp_path / "results").glob("*.json")
    )

    run.begin(cells_of(run, "artifact", "inference"))

    (early,) = found
    for results in (early, written(run)):
        assert [
            ("baseline", "not measured", None, NOT_YET),
            ("dynamic", "not measured", None, NOT_YET),
        ] == told(results, "latency")
        assert {"artifact", "inference"} == {
            registry.metrics[record.metric].scope for record in results.records
        }
    assert {} == early.environment["artifacts"]
    assert {digest_of("baseline"), digest_of("dynamic")} == set(
        written(run).environment["artifacts"]
    )


def test_a_file_is_called_by_when_the_run_began_and_its_suite(run: Run) -> None:
    """So that files stand in the order of their runs."""
    run.begin(cells_of(run, "artifact"))

    assert run.path == run.settings.results_dir / f"{run.began:%Y%m%dT%H%M%SZ}-quick.json"


def test_what_cannot_be_run_here_is_not_built(run: Run, files: FakeArtifacts) -> None:
    """It has its records, as everything has."""

    class Nowhere:
        name, formats, needs_tensorflow, on_request = "nowhere", ("tflite",), False, True

        def available(self) -> str:
            return "no such chip here"

    chip: Any = Nowhere()
    registry.runtimes.add("nowhere", chip)
    case = Case("tiny", "tiny", "dynamic", 0, "tflite", "nowhere", 1)
    nowhere = Cell(case, "inference", run.context)

    run.begin([nowhere, *cells_of(run, "inference")])

    assert {"litert"} == {case.runtime for case in files.asked}
    assert 3 == len(told(written(run), "latency"))


def test_data_that_are_missing_end_the_run_before_it_builds(
    run: Run, files: FakeArtifacts, tmp_path: Path
) -> None:
    """As pytest tells wrong use, with the message alone."""
    session = pytest_run_of(run, tmp_path)

    def lost(search: object) -> Dataset:
        raise WeighinError("tiny.npz is nowhere")

    registry.datasets.add("tiny", lost)

    with pytest.raises(pytest.UsageError, match=r"^tiny\.npz is nowhere$"):
        session.begin(list(map(item_of, cells_of(run, "artifact"))))
    assert [] == files.asked
    assert run.path is None


def test_a_folder_that_cannot_be_written_ends_the_run_before_it_builds(
    run: Run, files: FakeArtifacts, tmp_path: Path
) -> None:
    """The message names it."""
    (tmp_path / "results").write_text("a file")

    with pytest.raises(WeighinError, match="results"):
        run.begin(cells_of(run, "artifact"))
    assert [] == files.asked


def test_options_without_sense_are_a_problem_not_an_error(run: Run) -> None:
    """Pytest is still collecting: no cells, and the reason why."""
    run.settings = settings(Suite("s", "quick", ("huge",), ()), Path("nowhere"))
    session = pytest_run_of(run, Path("nowhere"))

    assert [] == session.cells("artifact")
    assert "Unknown model 'huge'" in session.problem


# -- while it runs ------------------------------------------------------------------------------


def test_each_record_is_appended_once(run: Run) -> None:
    """However often a cell is kept, and whichever cells are kept in between."""
    cells = cells_of(run, "artifact")
    run.begin(cells)
    path = run.settings.results_dir / str(run.path)
    sizes = [path.stat().st_size]

    def keep(cell: Cell) -> None:
        run.keep(cell)
        sizes.append(path.stat().st_size)

    keep(measured(cells[0], "file_bytes", 9.0))
    keep(cells[0])
    keep(measured(cells[1], "file_bytes", 4.0))
    keep(measured(cells[0], "gzip_bytes", 7.0))

    assert sizes[0] < sizes[1] == sizes[2] < sizes[3] < sizes[4]
    values = {(r.variant, r.metric): r.value for r in written(run).records if r.status == "ok"}
    assert {
        ("baseline", "file_bytes"): 9.0,
        ("baseline", "gzip_bytes"): 7.0,
        ("dynamic", "file_bytes"): 4.0,
    } == values


def test_before_a_run_has_begun_nothing_is_kept(run: Run) -> None:
    """Where everything was deselected there is no file."""
    run.keep(measured(cells_of(run, "artifact")[0], "file_bytes", 9.0))
    run.finish()

    assert run.path is None
    assert not run.settings.results_dir.exists()


def lost(run: Run) -> Path:
    """A run's folder of results, in whose place there is a file now; where what it held is."""
    folder = run.settings.results_dir
    kept = folder.rename(folder.with_name("kept"))
    folder.write_text("a file")
    return kept


def test_a_run_whose_results_cannot_be_written_goes_on(run: Run) -> None:
    """It keeps its figures for the tables, and says at its end what is wrong and what to do."""
    cells = cells_of(run, "artifact")
    run.begin(cells)
    lost(run)

    for cell, value in zip(cells, (9.0, 4.0), strict=True):
        run.keep(measured(cell, "file_bytes", value))
    run.finish()

    assert run.unwritten.startswith(f"{run.path} cannot be written: ")
    assert [9.0, 4.0] == [each[2] for each in told(run.results(), "file_bytes")]


def measured_in_vain(run: Run, watcher: object = None, guarded: object = None) -> bool:
    """What measures a run whose folder of results is lost meanwhile."""
    cells = cells_of(run, "artifact")
    run.begin(cells)
    lost(run)
    run.keep(measured(cells[0], "gzip_bytes", 90_000.0))
    run.finish()
    return True


def test_a_pytest_session_without_records_prints_its_table_and_fails(
    run: Run, tmp_path: Path
) -> None:
    """With one message, where the path of the records stands; no error of pytest's own."""
    session = pytest_run_of(run, tmp_path)
    session.begun = measured_in_vain(run)
    config: Any = FakeConfig(tmp_path)
    config.stash = {pytest_plugin._RUN: session, pytest_plugin._TOLD: Told()}
    ended: Any = SimpleNamespace(config=config, exitstatus=pytest.ExitCode.OK)
    lines: list[str] = []
    reporter: Any = SimpleNamespace(isatty=False, hasmarkup=False, section=lines.append)
    reporter.line = reporter.write_line = lambda line, **colours: lines.append(line)

    assert [None] == list(pytest_plugin.pytest_sessionfinish(ended))  # around pytest's own
    pytest_plugin.pytest_terminal_summary(reporter, config)

    assert pytest.ExitCode.TESTS_FAILED == ended.exitstatus
    assert "90.0 kB" in "\n".join(lines)
    assert 1 == sum("cannot be written" in line for line in lines)
    assert lines[-1] == f"error: not all records are there: {run.unwritten}"


def test_weigh_without_records_prints_its_table_and_fails(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the error that every command ends with that could not do what it was asked."""
    monkeypatch.setattr(weighing, "planned", lambda files, asked: run)
    monkeypatch.setattr(measuring, "measure", measured_in_vain)

    done = CliRunner().invoke(main, ["weigh", "any.tflite"])

    assert 2 == done.exit_code
    assert "90.0 kB" in done.output
    assert "Error: Not all records are there: " in done.output
    assert 1 == " ".join(done.output.split()).count("cannot be written")


def test_results_that_can_be_written_again_are_all_written(run: Run) -> None:
    """What was measured meanwhile is in the file as soon as there is one again."""
    cells = cells_of(run, "artifact")
    run.begin(cells)
    kept = lost(run)
    run.keep(measured(cells[0], "file_bytes", 9.0))
    assert run.unwritten

    run.settings.results_dir.unlink()
    kept.rename(run.settings.results_dir)
    run.keep(measured(cells[1], "file_bytes", 4.0))

    assert "" == run.unwritten
    assert [9.0, 4.0] == [each[2] for each in told(written(run), "file_bytes")]


def test_two_runs_that_begin_at_once_keep_what_each_measured(
    run: Run, files: FakeArtifacts, tmp_path: Path
) -> None:
    """A file bears the second in which its run began; the later of two gets a number, too."""
    other = run_of(tmp_path, files)
    other.began = run.began
    for each, value in ((run, 9.0), (other, 4.0)):
        cells = cells_of(each, "artifact")
        each.begin(cells)
        each.keep(measured(cells[0], "file_bytes", value))
        each.finish()

    assert run.path is not None
    assert other.path == run.path.with_stem(f"{run.path.stem}-2")
    assert [9.0, 4.0] == [told(written(each), "file_bytes")[0][2] for each in (run, other)]


# -- its end ------------------------------------------------------------------------------------


def test_the_end_puts_records_in_order(run: Run) -> None:
    """As cells were collected, not as they were measured; with why each row is as it is."""
    cells = cells_of(run, "inference")
    run.begin(cells)
    for cell, seconds in zip(reversed(cells), (2e-4, 1e-4), strict=True):
        run.keep(measured(cell, "latency", seconds))

    run.finish()

    results = written(run)
    assert [("baseline", "ok", 1e-4, ""), ("dynamic", "ok", 2e-4, "")] == told(results, "latency")
    assert run.results().records == results.records
    (why,) = [record for record in results.records if record.metric == "why"]
    assert why == results.records[-1]
    assert "dynamic" == why.variant
    assert "dynamic range quantizes activations anew in every call" in why.reasons


def test_what_was_not_measured_or_not_built_is_not_explained(run: Run, tmp_path: Path) -> None:
    """Such a row has a reason of its own."""
    unmeasured = cells_of(run, "inference")
    run.begin(unmeasured)
    run.finish()
    assert "why" not in {record.metric for record in run.results().records}

    broken = run_of(tmp_path, FakeArtifacts(tmp_path, broken=("dynamic",)))
    cells = cells_of(broken, "inference")
    broken.begin(cells)
    measured(cells[1], "latency", 1e-4)
    broken.finish()
    assert "why" not in {record.metric for record in broken.results().records}


@pytest.mark.parametrize(
    ("gate", "verdict", "keeps"),
    [
        ("dynamic: latency <= 0.001", "within, not proven", True),
        ("dynamic: latency <= 0.5 * baseline", "breached", False),
        ("dynamic: cold_start <= 9", "no figure", False),
    ],
)
def test_the_end_judges_the_gates(
    run: Run, tmp_path: Path, gate: str, verdict: str, keeps: bool
) -> None:
    """On all records; one gate that is not kept is enough."""
    run.settings = settings(SUITE, tmp_path, gates=(gates.parse(gate),))
    cells = cells_of(run, "inference")
    run.begin([*cells, *cells_of(run, "start")])
    for cell, seconds in zip(cells, (1e-4, 2e-4), strict=True):
        measured(cell, "latency", seconds)

    run.finish()

    assert [verdict] == [outcome.verdict for outcome in run.judged.outcomes]
    assert keeps is run.judged.kept


@pytest.mark.parametrize(
    ("mode", "keeps"), [("breached", True), ("strict", False), ("proven", False)]
)
def test_a_run_judges_in_its_mode(run: Run, tmp_path: Path, mode: str, keeps: bool) -> None:
    """A figure beyond a bound that its interval holds."""
    gate = gates.parse("dynamic: latency <= 150 us")
    run.settings = settings(SUITE, tmp_path, gates=(gate,), mode=gates.MODES[mode])
    cells = cells_of(run, "inference")
    run.begin(cells)
    case = cells[1].case
    cells[1].records.append(Record(case, "latency", "s", "ok", 2e-4, 1e-4, 3e-4))
    run.finish()

    assert (keeps, mode) == (run.judged.kept, run.judged.mode.name)


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ("int8: latency <= 1 ms", "no variant or model 'int8' here; there are baseline, dynamic"),
        ("dynamik: latency <= 1 ms", "did you mean 'dynamic'?"),
        ("on keras-cpu: latency <= 1 ms", "no runtime 'keras-cpu' here; there are "),
        ("x2: latency <= 1 ms", "no threads '2' here; there are 1"),
        ("cold_start <= 1 s", "no metric 'cold_start' here; there are "),
        ("mae <= 1", "no metric 'mae' here; there are "),
        ("baseline: top1_delta >= -1%", "top1_delta is a comparison with the baseline"),
        ("dynamic on litert: gzip_bytes <= 9 kB", "has no gzip_bytes here, which rows on tflite"),
    ],
)
def test_a_gate_in_vain_is_refused_before_anything_is_built(
    run: Run, tmp_path: Path, gate: str, told: str
) -> None:
    """Nothing is asked for, and no file of results is left."""
    run.settings = settings(SUITE, tmp_path, gates=(gates.parse(gate),))
    cells = cells_of(run, "artifact", "inference", "evaluation")

    with pytest.raises(WeighinError) as refused:
        run.begin(cells)

    assert f"Gate {gate!r}: " in str(refused.value)
    assert told in str(refused.value)
    assert [] == run.context.artifacts.asked
    assert not run.settings.results_dir.exists()


def test_a_gate_on_what_cannot_be_weighed_here_is_refused_with_the_reason(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows would all be skipped."""
    run.settings = settings(SUITE, tmp_path, gates=(gates.parse("latency <= 1 ms"),))
    monkeypatch.setattr(Cell, "unavailable", lambda cell: "no GPU here")

    with pytest.raises(WeighinError, match="no row has it: no GPU here"):
        run.begin(cells_of(run, "inference"))


def test_a_gate_may_be_on_a_figure_of_any_task_until_that_is_known(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model's answers may tell it only when it is built; then the gate is refused after all."""
    run.settings = settings(SUITE, tmp_path, gates=(gates.parse("mae <= 1"),))
    known = registry.tasks["classification"]
    monkeypatch.setattr(RunContext, "expected_task", lambda context, case: None)
    run.begin(cells_of(run, "evaluation"))

    monkeypatch.setattr(RunContext, "expected_task", lambda context, case: known)
    with pytest.raises(WeighinError, match="no metric 'mae' here; there are "):
        run.refuse_in_vain()


def test_without_gates_all_are_kept(run: Run) -> None:
    """Of none, none is breached."""
    run.begin(cells_of(run, "artifact"))
    run.finish()

    assert ((), True) == (run.judged.outcomes, run.judged.kept)


def test_what_was_deselected_is_told_beside_what_was_not(run: Run) -> None:
    """Of a row that is there; a row of which nothing was selected, as on a device, is no row."""
    cells, alone = cells_of(run, "inference"), cells_of(run, "start")
    on_device = [
        dataclasses.replace(each, case=dataclasses.replace(each.case, target="pi5"))
        for each in alone
    ]
    run.deselected = [*alone, *on_device, cells[1]]

    run.begin(cells[:1])

    deselected = [each for each in run.results().records if each.reason == "deselected"]
    assert {("baseline", "start", "not measured")} == {
        (each.variant, registry.metrics[each.metric].scope, each.status) for each in deselected
    }


# -- cells --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item",
    [
        SimpleNamespace(),
        SimpleNamespace(callspec=SimpleNamespace(params={})),
        SimpleNamespace(callspec=SimpleNamespace(params={"cell": "another plugin's"})),
    ],
)
def test_other_items_have_no_cell(run: Run, tmp_path: Path, item: Any) -> None:
    """They are run as ever, and nothing is recorded of them."""
    assert cell_of(item) is None

    pytest_run_of(run, tmp_path).begin([item])

    assert () == written(run).records


def test_a_figure_that_two_operations_yield_stands_once(run: Run) -> None:
    """A bench function of one's own may time what another does; what was measured is kept."""
    cells = [*cells_of(run, "artifact"), *cells_of(run, "artifact")]
    run.begin(cells)
    measured(cells[0], "file_bytes", 9.0)

    told = [each for each in run.results().records if each.metric == "file_bytes"]

    assert [("baseline", 9.0), ("dynamic", None)] == [(each.variant, each.value) for each in told]
