"""A run that was broken off goes on: what is as it would be measured again is taken over."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.commands import importing
from helpers.crashing import COUNTED, PROGRAM
from helpers.finished import part, quantized, write, write_data
from helpers.watching import FakeWatcher
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weighin import packages
from weighin.core import Record, Results, WeighinError
from weighin.datasets import loading
from weighin.job import measuring, resuming, weighing
from weighin.job.measuring import measure
from weighin.job.run import Run
from weighin.job.weighing import Asked
from weighin.measure.cell import Cell
from weighin.measure.context import RunContext
from weighin.outcomes import Inferences, Pair
from weighin.publish import folders
from weighin.records import derivation, provenance, store
from weighin.report import origin
from weighin.stats import FEWEST
from weighin.targets import machine

FILES = ("a.tflite", "b.tflite", "c.tflite")
TIMED = ("artifact", "evaluation", "inference", "pair")


@dataclasses.dataclass
class Went:
    """A run, whose times are made up and all else is real.

    Attributes:
        measured: the cells that were, as `scope variant`.
        journals: the results file as it was when each of them had its turn.
        said: what the watcher was told.
    """

    run: Run
    measured: list[str]
    journals: list[bytes]
    said: list[str]

    @property
    def results(self) -> Results:
        """What its file holds."""
        assert self.run.path is not None
        return store.load(self.run.path)

    @property
    def path(self) -> Path:
        """Its file."""
        assert self.run.path is not None
        return self.run.path


class Watching(FakeWatcher):
    """Remembers what is said."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        super().__init__()
        self.said = list[str]()

    def say(self, text: str) -> None:
        """Something is."""
        self.said.append(text)


def _measured(cell: Cell, paired: float) -> None:
    if cell.scope == "artifact":
        cell.record(cell.compress())
    elif cell.scope == "evaluation":
        cell.record(cell.evaluate())
    elif cell.scope == "inference":
        times = [1e-4 + 1e-7 * at for at in range(70)]
        cell.record(Inferences(times, (1, 2), 1e-6, [7] * 10))
    else:
        blocks = tuple((2e-4 + 1e-7 * at, paired) for at in range(FEWEST))
        cell.record(Pair(blocks, "narrow", False))


Go = Callable[..., Went]


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated_registries: None) -> Iterator[Go]:
    """Weigh three files, whose times are made up."""
    write(tmp_path / FILES[0])
    write(tmp_path / FILES[1], quantized(part()))
    write(tmp_path / FILES[2], quantized(part(), "uint8"))
    write_data(tmp_path / "d.npz")
    # no process is started to try a file
    monkeypatch.setattr(RunContext, "cold_starts", lambda self, case, count=1: [None])

    def going(
        resume: Path | None = None,
        files: tuple[str, ...] = FILES,
        fails: tuple[str, ...] = (),
        paired: float = 1e-4,
        **asked: Any,
    ) -> Went:
        loading.forget()
        measured, journals, watcher = list[str](), list[bytes](), Watching()

        def bench(benchmark: Any, cell: Cell) -> None:
            assert run.path is not None
            for each in run._cells:
                run.keep(each)  # as pytest does, whatever it skips
            journals.append(run.path.read_bytes())
            measured.append(f"{cell.scope} {cell.case.variant}")
            if measured[-1] in fails:
                raise WeighinError("lost on the way")
            _measured(cell, paired)

        monkeypatch.setattr(measuring, "functions", lambda: [(bench, scope) for scope in TIMED])
        usual = {"data": tmp_path / "d.npz", "runtimes": ("litert",)}
        usual |= {"results_dir": tmp_path / "results", "cache_dir": str(tmp_path / "cache")}
        whole = Asked(**{**usual, **asked}, resume=resume)
        run = weighing.planned([tmp_path / name for name in files], whole)
        measure(run, watcher)
        return Went(run, measured, journals, watcher.said)

    yield going
    loading.forget()


def cut(went: Went, at: int, folder: Path) -> Path:
    """The journal of a run that was killed when a cell had its turn."""
    path = folder / f"cut{at}.json"
    path.write_bytes(went.journals[at])
    return path


def figures(results: Results) -> list[Record]:
    """The records but for what was timed in fact."""
    return [record for record in results.records if record.metric != "throughput"]


# -- broken off -----------------------------------------------------------------------------------


def test_a_run_killed_at_any_cell_ends_as_one_that_was_not(go: Go, tmp_path: Path) -> None:
    """Nothing is measured twice; the same rows, files and figures come out."""
    whole = go()
    assert 3 + 3 + 3 + 2 == len(whole.measured)

    for at in range(0, len(whole.measured), 3):
        rest = go(resume=cut(whole, at, tmp_path))
        # what its figures are made with is asked again, its own cell is not
        assert whole.measured[at:] == rest.measured
        assert figures(whole.results) == figures(rest.results)
        assert rest.results == folders.load(rest.path).results, "it could be published"
        assert not rest.results.broken_off


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1))
def test_a_journal_that_was_cut_within_a_line_goes_on_as_well(
    go: Go, tmp_path: Path, share: float
) -> None:
    """A cell of which some figures are written is measured whole."""
    whole = go(files=FILES[:2])
    journal = whole.journals[-1]
    head = journal.index(b"\n") + 1
    path = tmp_path / "cut.json"
    path.write_bytes(journal[: head + int(share * (len(journal) - head))])

    rest = go(resume=path, files=FILES[:2])

    assert rest.measured == whole.measured[len(whole.measured) - len(rest.measured) :]
    assert figures(whole.results) == figures(rest.results)


def test_what_had_measured_nothing_goes_on_from_its_beginning(go: Go, tmp_path: Path) -> None:
    first = go()

    assert first.measured == go(resume=cut(first, 0, tmp_path)).measured


def test_what_is_taken_over_is_written_once(go: Go, tmp_path: Path) -> None:
    second = go(resume=cut(go(), 5, tmp_path))
    journal = cut(second, 0, tmp_path)

    assert 1 + len(store.load(journal).records) == len(journal.read_bytes().splitlines())


def test_the_file_says_what_is_of_which_time(go: Go, tmp_path: Path) -> None:
    """Each time it went on, with the machine's state then and what is not known of it."""
    first = go()
    second = go(resume=cut(first, 4, tmp_path))
    third = go(resume=cut(second, 3, tmp_path))
    spans = third.results.environment["resumed"]

    assert [4, 7] == [span["measurements"] for span in spans]
    assert ["cut4.json", "cut3.json"] == [span["file"] for span in spans]
    assert all(span["broken_off"] and len(span["states"]) == 1 for span in spans)
    (line,) = (each for each in origin.origin(third.results) if each.startswith("resumed: "))
    former, latter = (
        f"{n} measurements from the run of {span['date']} (what disturbed that is not known)"
        for n, span in zip((4, 7), spans, strict=True)
    )
    assert f"resumed: it took over {latter}, which took over {former}" == line
    assert ["7 of 11 measurements are taken over from " + str(tmp_path / "cut3.json")] == third.said
    assert not any(each.startswith("resumed") for each in origin.origin(first.results))


def test_what_disturbed_an_earlier_part_is_told_with_its_time(go: Go) -> None:
    """A run that ended by itself knows it; a part's parts are told once."""
    first = go(fails=("pair b.tflite",))
    content = json.loads(first.path.read_text())
    content["environment"]["disturbances"] = ["others took half of it"]
    first.path.write_text(json.dumps(content))
    date = content["environment"]["date"]

    second = go(resume=first.path, fails=("pair b.tflite",))
    third = go(resume=second.path)

    for went in (second, third):
        told = went.results.environment["disturbances"]
        assert f"others took half of it ({date})" == told[0]
        assert 1 == sum("others took half" in each for each in told)


# -- what failed ----------------------------------------------------------------------------------


def test_only_what_failed_is_measured_anew(go: Go) -> None:
    first = go(fails=("inference b.tflite", "pair c.tflite"))

    second = go(resume=first.path)

    assert ["inference b.tflite", "pair c.tflite"] == second.measured
    assert {"failed"} & {record.status for record in first.results.records}
    assert not {"failed"} & {record.status for record in second.results.records}


def test_a_latency_keeps_to_its_own_openings_and_the_pairs_that_now_count(go: Go) -> None:
    """It was widened to where pairs had seen it that are measured anew, elsewhere."""
    first = go(fails=("evaluation b.tflite",), paired=5e-4)
    path = first.path
    content = json.loads(path.read_text())
    for record in content["records"]:
        if record["variant"] == "b.tflite" and record["metric"] in ("speedup", "paired_latency"):
            record |= {"status": "failed", "reason": "lost on the way"}
            for gone in ("value", "low", "high", "samples", "verdict", "stopped", "pinned", "n"):
                record.pop(gone, None)
    path.write_text(json.dumps(content))

    second = go(resume=path)

    assert ["evaluation b.tflite", "pair b.tflite"] == second.measured
    assert [] == derivation.faults(second.results)


# -- what is other now ----------------------------------------------------------------------------


def _another_machine(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    facts = {**machine.facts(), "cpu": "Other CPU"}
    monkeypatch.setattr(machine, "facts", lambda: facts)
    return {}


def _another_version(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    versions = {**packages.packages(), "ai-edge-litert": "9.9"}
    monkeypatch.setattr(packages, "packages", lambda: versions)
    return {}


def _other_code(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    monkeypatch.setattr(packages, "code", lambda: "ab" * 32)
    return {}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (_another_machine, r"another machine \(cpu .* then, Other CPU now\)"),
        (_another_version, r"another versions of packages \(ai-edge-litert .* then, 9\.9 now\)"),
        (_other_code, r"another state of the code \(weighin "),
        (lambda _: {"margin": 0.02}, r"another margin \(0\.005 then, 0\.02 now\)"),
        (lambda _: {"pair_seconds": 1.0}, r"another way to measure pairs \(seconds 10"),
    ],
)
def test_what_was_measured_otherwise_is_refused_before_anything_is_measured(
    go: Go, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: Any, told: str
) -> None:
    first = go(fails=("pair b.tflite",))

    with pytest.raises(WeighinError, match=f"cannot be gone on with, .* {told}"):
        go(resume=first.path, **changed(monkeypatch))

    assert [first.path] == list((tmp_path / "results").glob("*.json"))


def test_another_file_is_measured_anew_with_all_that_is_beside_it(go: Go, tmp_path: Path) -> None:
    first = go()
    write(tmp_path / FILES[1], quantized(part(taken="answers")))

    second = go(resume=first.path)

    assert ["artifact", "evaluation", "inference", "pair"] == [
        cell.split()[0] for cell in second.measured
    ]
    assert {"b.tflite"} == {cell.split()[1] for cell in second.measured}
    assert second.said[0].endswith("measured anew: 4 × of another file")
    assert [] == provenance.faults(second.results) + derivation.faults(second.results)


def test_beside_another_baseline_nothing_that_compares_is_taken_over(
    go: Go, tmp_path: Path
) -> None:
    first = go()
    write(tmp_path / FILES[0], part(taken="answers"))

    second = go(resume=first.path)

    kept = {"artifact b.tflite", "artifact c.tflite", "inference b.tflite", "inference c.tflite"}
    assert set(first.measured) - kept == set(second.measured)
    assert "beside baseline, which is measured anew" in second.said[0]
    assert "beside another file of baseline" in second.said[0]


def test_where_nothing_is_the_same_it_is_refused_with_the_reasons(go: Go, tmp_path: Path) -> None:
    first = go(files=FILES[:2])
    write_data(tmp_path / "d.npz", wrong=9)

    with pytest.raises(WeighinError, match=r"Nothing of .* of other data or another task"):
        go(resume=first.path, files=FILES[:2])
    with pytest.raises(WeighinError, match=r"Nothing of .*: it is of other rows"):
        go(resume=first.path, files=(FILES[2],))
    assert [first.path] == list((tmp_path / "results").glob("*.json"))


def test_a_file_without_the_codes_digest_is_refused(go: Go) -> None:
    """Older ones do not say by which state of weighin they were measured."""
    first = go()
    content = json.loads(first.path.read_text())
    del content["environment"]["code"]
    first.path.write_text(json.dumps(content))

    with pytest.raises(WeighinError, match="another state of the code"):
        go(resume=first.path)


def test_a_baseline_that_answers_otherwise_now_gives_no_differences(
    go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its figures are taken over, so they cannot be what others' differences are to."""
    first = go(fails=("evaluation b.tflite",))
    evaluate = RunContext.evaluate

    def otherwise(self: RunContext, session: Any, case: Any) -> Any:
        made = evaluate(self, session, case)
        if case != case.baseline:
            return made
        scores = {name: np.array(values) for name, values in made.answers.items()}
        (values,) = scores.values()
        values[6:18] = (values[6:18] + 1) % 3
        return dataclasses.replace(made, answers=scores)

    monkeypatch.setattr(RunContext, "evaluate", otherwise)

    second = go(resume=first.path)
    (record,) = (
        each
        for each in second.results.records
        if (each.metric, each.variant) == ("top1_delta", "b.tflite")
    )

    assert "ok" != record.status
    assert "answers otherwise than in the run that goes on (top1 " in record.reason
    assert [] == derivation.faults(second.results)


# -- devices --------------------------------------------------------------------------------------


class FakeDevice:
    """A device that is this machine, if it can be reached."""

    def __init__(self, context: RunContext, **facts: Any) -> None:
        """Stand before this machine."""
        self._here, self._facts = context.this_machine, facts
        self.name = "pi"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._here, name)

    def facts(self) -> dict[str, Any]:
        """What it tells of itself."""
        return self._facts


def on_device(went: Went, **facts: Any) -> Results:
    """The results as if they were of a device."""
    records = [
        record.of(target="pi") if record.runtime else record for record in went.results.records
    ]
    where = {**went.results.environment, "devices": {"pi": facts}}
    return Results(where, tuple(records), went.results.metrics)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"machine": {"cpu": "A"}}, 11),
        ({"machine": {"cpu": "B"}}, 3),
        ({"machine": {"cpu": "A"}, "commit": "0000000"}, 3),
        ({}, None),
    ],
    ids=["same", "another", "another weighin", "unreachable"],
)
def test_rows_of_a_device_are_taken_over_from_the_same_one_alone(
    go: Go, tmp_path: Path, now: dict[str, Any], expected: int | None
) -> None:
    first = go()
    path = tmp_path / "device.json"
    store.save(path, on_device(first, machine={"cpu": "A"}))
    run = first.run
    run.context.devices["pi"] = FakeDevice(run.context, **now)
    cells = [
        dataclasses.replace(
            cell, case=dataclasses.replace(cell.case, target="pi" * bool(cell.case.runtime))
        )
        for cell in run._cells
    ]
    earlier = resuming.Earlier.read(path)
    where = {**first.results.environment, "devices": {"pi": now} if now else {}}

    if expected is None:
        with pytest.raises(WeighinError, match="pi cannot be reached, where a part of"):
            earlier.take(cells, where)
    else:
        earlier.take(cells, where)
        assert expected == earlier.taken


def test_what_a_lost_device_failed_at_is_said_to_be_left(go: Go) -> None:
    went = go()
    assert "" == went.run.left()
    for cell in went.run._cells[:2]:
        cell.records[0] = dataclasses.replace(cell.records[0], status="failed", reason="lost")
    assert "" == went.run.left()
    for cell in went.run._cells[:2]:
        cell.case = dataclasses.replace(cell.case, target="pi")
    went.run._cells[-1].records.clear()

    assert "1 measurements had no turn and 2 failed on a device" == went.run.left()


# -- killed in fact -------------------------------------------------------------------------------


def test_a_command_that_is_killed_goes_on_and_measures_nothing_twice(tmp_path: Path) -> None:
    """The one that guards it is killed, which ends what measures, too."""
    write(tmp_path / FILES[0])
    write(tmp_path / FILES[1], quantized(part()))
    counted, out = tmp_path / "counted", tmp_path / "out"
    environment = {**importing(), "WEIGHIN_CACHE_DIR": str(tmp_path / "cache")}
    environment[COUNTED] = str(counted)
    words = ["weigh", *FILES[:2], "--runtimes", "litert", "--pair-seconds", "0.05", "-o", str(out)]
    resume: list[str] = []
    turns = list[list[str]]()
    for left in (4, None):
        counted.unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words, *resume],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and left is not None:
            if counted.exists() and len(counted.read_text().splitlines()) > left:
                process.kill()
            time.sleep(0.002)
        assert (0 if left is None else -9) == process.wait()
        turns.append(counted.read_text().splitlines())
        resume = ["--resume", str(max(out.glob("*.json"), key=lambda path: path.stat().st_mtime))]

    results = store.load(Path(resume[1]))
    done = [turn for part_of_it in turns for turn in part_of_it]
    assert 2 * 4 + 1 == len(set(done))
    # a cell that was being measured when it was killed is measured again, no other
    assert len(done) - len(set(done)) <= 1
    assert not results.broken_off
    assert {"ok"} == {r.status for r in results.records if r.metric in ("latency", "speedup")}
    assert [] == provenance.faults(results) + derivation.faults(results)
