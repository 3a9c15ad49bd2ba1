"""Weighing on devices, whole: one table, records that say where, rows that fail with a reason."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import io
import json
import shlex

import pytest
from click.testing import CliRunner
from helpers import agents
from helpers.finished import part, quantized, write, write_data
from helpers.support import isolate_registries
from rich.console import Console

from weighin.cli import main
from weighin.devices import operations
from weighin.devices.settings import Entry
from weighin.job import weighing
from weighin.job.measuring import measure
from weighin.job.progress import Shown
from weighin.job.weighing import Asked
from weighin.records import store


@pytest.fixture(scope="module")
def weighed(tmp_path_factory):
    """Two files on a device, on this machine, on one that is not there and one that dies."""
    folder = tmp_path_factory.mktemp("weighed")
    devices = {
        "box": agents.command(folder / "agent"),
        "gone": ("no-such-command",),
        "dying": agents.faulty("crashes"),
    }
    entries = (f"[devices.{n}]\ncommand = {shlex.join(w)!r}\n" for n, w in devices.items())
    (folder / "weighin-devices.toml").write_text("".join(entries))
    write(folder / "a.tflite")
    write(folder / "b.tflite", quantized(part("image", "probs")))
    write_data(folder / "d.npz")
    with pytest.MonkeyPatch.context() as patch:
        isolate_registries(patch)
        patch.chdir(folder)
        patch.setattr("weighin.bench.bench_start.PROCESSES", 2)
        patch.setattr("weighin.devices.link.PAUSES", ())
        engines = "litert@box,litert,litert@gone,litert@dying"
        words = ["a.tflite", "b.tflite", "--data", "d.npz", "--pair-seconds", "0.2"]
        gate = ["--gate", "b.tflite on litert@box: latency <= 1"]
        told = CliRunner().invoke(main, ["weigh", *words, "--runtimes", engines, *gate])
    (path,) = (folder / "results" / "local").glob("*.json")
    return told, store.load(path), folder


def one(results, metric, engine, variant="b.tflite"):
    """A record."""
    (record,) = (
        each
        for each in results.records
        if (each.metric, each.variant, each.case.engine) == (metric, variant, engine)
    )
    return record


def test_one_table_has_a_row_for_each_place(weighed):
    """Also those of devices that are not there, with the reason; the run goes on."""
    told, _, _ = weighed
    rows = [line.split()[:2] for line in told.output.splitlines()[4:12]]

    engines = ("litert", "litert@box", "litert@dying", "litert@gone")
    assert [[name, each] for name in ("baseline", "b.tflite") for each in engines] == rows
    assert 1 == told.exit_code  # as rows failed
    assert "1 gate kept" in told.output


def test_what_is_no_time_is_the_same_everywhere(weighed):
    """Answers, and what is delegated."""
    _, results, _ = weighed
    for metric in ("top1", "agreement", "delegated"):
        here, there = (one(results, metric, each) for each in ("litert", "litert@box"))
        assert (here.status, here.value, here.n) == (there.status, there.value, there.n)
        assert "ok" == there.status
    assert 120 == one(results, "top1", "litert@box").n


@pytest.mark.parametrize("metric", ["latency", "speedup", "cold_start", "throughput", "fixed_cost"])
def test_times_are_of_the_device(weighed, metric):
    """Each with what it needs to be derived again."""
    _, results, _ = weighed
    record = one(results, metric, "litert@box")

    assert ("ok", "box") == (record.status, record.target)
    assert record.value > 0


def test_a_device_that_fails_has_rows_that_say_why(weighed):
    """They failed; nothing was left out."""
    _, results, _ = weighed
    for metric in ("latency", "top1", "speedup", "cold_start"):
        gone, dying = (one(results, metric, f"litert@{each}") for each in ("gone", "dying"))
        assert ("failed", "failed") == (gone.status, dying.status)
        assert "gone: no-such-command cannot be run: No such file or directory" == gone.reason
        assert dying.reason.startswith("dying: env ended by signal 6")


def test_records_say_what_each_device_is(weighed):
    """Also below the table; nothing of one that was never reached."""
    told, results, folder = weighed
    devices = results.environment["devices"]

    assert {"box", "gone", "dying"} == set(devices)
    assert {} == devices["gone"] == devices["dying"]
    box = devices["box"]
    assert results.environment["machine"] == box["machine"]
    assert box["packages"]["weighin"] == results.environment["packages"]["weighin"]
    assert [] == box["calibrations"]
    assert 2 == len(box["states"])
    assert str(folder) not in json.dumps(devices)
    lines = told.output.splitlines()
    assert any(line.startswith(f"box: {box['machine']['cpu']}") for line in lines)
    assert "gone: was not reached" in lines


def test_what_a_device_lacks_is_skipped_with_its_own_reason(
    tmp_path, monkeypatch, isolated_registries
):
    """Though it is to be had here; nothing of it is tried."""
    monkeypatch.setattr(operations, "_available", lambda runtime: f"no {runtime} here")
    (tmp_path / "d.toml").write_text("[devices.box]\ncommand = 'false'\n")
    monkeypatch.setattr(Entry, "device", lambda entry: agents.spoilt(tmp_path / "agent"))
    asked = Asked(
        runtimes=("litert@box",), devices=tmp_path / "d.toml", results_dir=tmp_path / "results"
    )
    run = weighing.planned([write(tmp_path / "a.tflite")], asked)

    assert measure(run, Shown(Console(file=io.StringIO())))
    records = [each for each in run.results().records if each.runtime]
    reasons = {(each.status, each.reason) for each in records}
    assert {("skipped", "box: no litert here")} == reasons


@pytest.mark.parametrize(
    ("engine", "problem"),
    [
        ("litert@bx", "There is no device 'bx': did you mean 'box'? weighin-devices.toml has box."),
        ("litert@", "There is no device '':"),
        ("litret@box", "Unknown runtime 'litret'"),
        ("keras-cpu@box", "opens no .tflite files"),
    ],
)
def test_what_is_not_known_is_named_before_anything_is_done(tmp_path, monkeypatch, engine, problem):
    """And what there is."""
    (tmp_path / "weighin-devices.toml").write_text("[devices.box]\ncommand = 'false'\n")
    write(tmp_path / "a.tflite")
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, ["weigh", "a.tflite", "--runtimes", engine])

    assert 2 == told.exit_code
    assert problem in told.output
    assert not (tmp_path / "results").exists()
