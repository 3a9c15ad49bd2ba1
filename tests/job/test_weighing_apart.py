"""Weighing in a process of its own: orders and events by JSON, results by a file."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from helpers.finished import write, write_data
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from weighin import subprocesses
from weighin.build.jobs import Job
from weighin.core import Artifact, Call, Failure, WeighinError
from weighin.datasets.bringing import Brought
from weighin.datasets.kinds.reading import Reading
from weighin.job import process
from weighin.job.progress import Told, show
from weighin.job.weighing import Asked
from weighin.records import store

JOB = Job("tiny", "quick", 0, (Call("prune", (("sparsity", 0.5),), 1),), Call("int8"))
BUILT = Artifact("k" * 8, Path("file"), "tflite", "ab" * 32, 9, None, {}, 1.25)
NAMES = st.lists(st.text("abc()0.,+"), max_size=3).map(tuple)
READINGS = st.builds(
    Reading,
    size=st.none() | st.tuples(st.integers(1, 99), st.integers(1, 99)),
    mean=st.lists(st.floats(-9, 9), max_size=3).map(tuple),
    scale=st.none() | st.floats(0.1, 9),
)
DATA = st.sampled_from([None, "mine.npz", Brought("mine", Path("/x/mine.npz"), 0.5, "so", 3)])


def quiet() -> Console:
    """A console that nobody sees."""
    return Console(file=io.StringIO())


@given(
    st.builds(
        Asked,
        data=DATA,
        reading=READINGS,
        variants=NAMES,
        gates=NAMES,
        proven=st.booleans(),
        threads=st.lists(st.integers(1, 8), max_size=3, min_size=1).map(tuple),
        weights=st.sampled_from([None, Path("w.h5")]),
        resume=st.sampled_from([None, Path("results.json")]),
        epochs=st.none() | st.integers(1, 9),
    )
)
def test_orders_arrive_as_they_were_given(asked: Asked) -> None:
    arrived = json.loads(json.dumps(process.as_json(asked)))

    assert asked == process.of_json(arrived)


def test_events_are_shown_and_all_else_is_handed_on() -> None:
    lines, shown = io.StringIO(), io.StringIO()
    told = Told(lines)
    with told.building() as builder:
        builder.asking(["tiny"])
        builder.begun(2)
        builder.finished(JOB, BUILT)
        builder.finished(JOB, Failure("no layers left", skipped=True))
    with told.measuring(1):
        pass
    told.tell(path="there.json")

    rest = list(show(lines.getvalue().splitlines(), Console(file=shown, width=100)))

    assert [{"path": "there.json"}] == rest
    text = shown.getvalue()
    assert "asking what tiny returns" in text
    assert "tiny prune(0.5) → int8 (1.2 s)" in text
    assert "skipped: no layers left" in text


def test_a_run_leaves_its_records_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [write(tmp_path / "a.tflite"), write(tmp_path / "b.tflite")]
    data = write_data(tmp_path / "d.npz")

    path = process.weigh(files, Asked(data=data, pair_seconds=0.05), quiet())

    assert path.parent == tmp_path / "results" / "local"
    variants = dict.fromkeys(record.variant for record in store.load(path).records)
    assert ["baseline", "b.tflite"] == list(variants)


def test_what_is_refused_there_is_refused_here(tmp_path: Path) -> None:
    with pytest.raises(WeighinError, match=r"nothing\.tflite is missing"):
        process.weigh([tmp_path / "nothing.tflite"], Asked(), quiet())


def test_a_process_that_dies_is_told_by_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it cannot even be imported."""
    (tmp_path / "weighin").mkdir()
    (tmp_path / "weighin" / "__init__.py").write_text("raise SystemExit('no such luck')")
    monkeypatch.setattr(subprocesses, "FOLDER", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    file = write(tmp_path / "a.tflite")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(WeighinError, match="ended with exit code 1: no such luck"):
        process.weigh([file], Asked(), quiet())
