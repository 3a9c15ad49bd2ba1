"""Records of a run in progress: appended as they are made, readable after every append."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from helpers.commands import run_python
from helpers.support import record, results, results_of
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Record, WeighinError
from weighin.records import store
from weighin.records.recorder import Recorder

# Appends until the limit on a file's size stops it, then says what the error was.
FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from weighin.core import Case, Record, Results, WeighinError
from weighin.records.recorder import Recorder

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
recorder = Recorder(Path(sys.argv[1]), "run", Results({}))
try:
    for seed in range(1000):
        recorder.append([Record(Case("m", "d", "int8", seed, "tflite"), "top1", "", "ok", 0.5)])
except WeighinError as error:
    print(seed, error)
"""


def planned(*metrics: str) -> list[Record]:
    """What is to come."""
    return [record(name, status="not measured", reason="not yet") for name in metrics]


def test_the_file_is_whole_from_the_start(tmp_path: Path) -> None:
    """Before anything is measured it says what will be, and that it was not."""
    path = Recorder(tmp_path / "new", "run", results_of({"a": 1}, planned("top1"))).path

    loaded = store.load(tmp_path / "new" / "run.json")

    assert tmp_path / "new" / "run.json" == path
    assert [path] == list(path.parent.iterdir())
    assert ({"a": 1}, tuple(planned("top1"))) == (loaded.environment, loaded.records)
    assert loaded.broken_off
    assert "top-1" == loaded.metric("top1").title


@given(st.lists(st.integers(0, 3), max_size=4), st.booleans())
def test_it_is_whole_after_every_append(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], is_planned: bool
) -> None:
    """However many records come at once, and whether or not some were planned."""
    folder = tmp_path_factory.mktemp("appended")
    recorder = Recorder(folder, "run", results_of({}, planned("top1") if is_planned else []))
    appended: list[Record] = []
    for turn, size in enumerate(sizes):
        more = [record("latency", 1.0 + at, seed=turn, threads=at) for at in range(size)]
        recorder.append(more)
        appended += more

        assert [*(planned("top1") if is_planned else []), *appended] == list(
            store.load(recorder.path).records
        )


def test_what_is_measured_takes_the_place_of_what_was_planned(tmp_path: Path) -> None:
    """In the order of the plan; what did not come stays as it was."""
    recorder = Recorder(tmp_path, "run", results_of({}, planned("top1", "latency")))

    recorder.append([record("latency", 1.0)])
    recorder.append([record("top1", 0.5)])

    assert [record("top1", 0.5), record("latency", 1.0)] == list(store.load(recorder.path).records)


@given(st.data())
def test_wherever_it_is_cut_off_whole_records_are_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A line that was being written says nothing; what was written before stands."""
    folder = tmp_path_factory.mktemp("cut")
    recorder = Recorder(folder, "run", results_of({}, planned("top1", "latency")))
    begun = len(recorder.path.read_bytes())
    recorder.append([record("latency", 1.0), record("top1", 0.5)])
    whole = recorder.path.read_bytes()

    cut = data.draw(st.integers(begun, len(whole)))
    recorder.path.write_bytes(whole[:cut])

    loaded = store.load(recorder.path)
    written = whole[begun:cut].count(b"\n")
    assert written == sum(each.status == "ok" for each in loaded.records)
    assert loaded.broken_off


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    """Two runs of one second, or a clock that was set back: neither loses what it measured."""
    first, second, third = (Recorder(tmp_path, "run", results_of({})) for _ in range(3))
    for each, value in ((first, 1.0), (second, 2.0), (third, 3.0)):
        each.append([record("latency", value)])
        each.finish(results_of({}, [record("latency", value)]))

    names = [each.path.name for each in (first, second, third)]
    assert ["run.json", "run-2.json", "run-3.json"] == names
    assert [1.0, 2.0, 3.0] == [store.load(tmp_path / name).records[0].value for name in names]


def test_what_was_planned_is_planned_anew(tmp_path: Path) -> None:
    """With what is known only once all is built; what is appended comes after."""
    recorder = Recorder(tmp_path, "run", results_of({}, planned("top1")))
    recorder.plan(results_of({"built": True}, planned("top1", "latency")))
    recorder.append([record("top1", 0.5)])

    loaded = store.load(recorder.path)
    assert {"built": True} == loaded.environment
    assert [record("top1", 0.5), *planned("latency")] == list(loaded.records)


def test_what_could_not_be_appended_is_tried_again(tmp_path: Path) -> None:
    """With the next records; a part that was written of it is written over."""
    recorder = Recorder(tmp_path, "run", results_of({}))
    hidden = recorder.path.rename(tmp_path / "elsewhere.json")
    with pytest.raises(WeighinError, match="cannot be written: No such file"):
        recorder.append([record("top1", 0.5)])
    with hidden.open("ab") as file:
        file.write(b'{"model":"a part of a line')
    hidden.rename(recorder.path)

    recorder.append([record("latency", 1.0)])

    assert [record("top1", 0.5), record("latency", 1.0)] == list(store.load(recorder.path).records)


def test_appending_writes_what_is_new_alone(tmp_path: Path) -> None:
    """The records before are not written again: their bytes stay where they are."""
    recorder = Recorder(tmp_path, "run", results_of({"long": "x" * 10_000}, planned("top1")))
    before = recorder.path.read_bytes()
    recorder.append([record("latency", 1.0)])
    after = recorder.path.read_bytes()

    assert after.startswith(before)
    assert len(before) < len(after) < len(before) + 500


def test_a_finished_file_is_one_that_was_saved(tmp_path: Path) -> None:
    """Byte for byte: there is one format."""
    Recorder(tmp_path, "run", results_of({}, planned("top1"))).finish(results())
    store.save(tmp_path / "saved.json", results())

    assert (tmp_path / "saved.json").read_bytes() == (tmp_path / "run.json").read_bytes()
    assert store.UNFINISHED not in json.loads((tmp_path / "run.json").read_text("utf-8"))


def test_a_full_disk_keeps_what_was_measured(
    tmp_path: Path, child_environment: Mapping[str, str]
) -> None:
    """The append that does not fit is told, and leaves the file whole as it was before."""
    pytest.importorskip("resource", reason="limits on a file's size are Unix's")
    path = tmp_path / "run.json"
    done = run_python("-c", FULL_DISK, str(tmp_path), environment=child_environment)

    assert (0, "") == (done.returncode, done.stderr)
    count, _, error = done.stdout.partition(" ")
    assert error.startswith(f"{path} cannot be written: File too large.")
    assert int(count) > 5
    assert int(count) == len(store.load(path).records)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Before anything is measured."""
    tmp_path.chmod(0o500)

    with pytest.raises(WeighinError, match="cannot be written"):
        Recorder(tmp_path, "run", results_of({}))


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    """With its path and the way out."""
    (tmp_path / "results").write_text("a file")

    with pytest.raises(WeighinError, match="--weighin-results-dir"):
        Recorder(tmp_path / "results", "run", results_of({}))
