"""Whole runs in which something fails, or that are stopped: the rest has its figures."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.runs import command, ran, run_pytest

from weighin import pytest_plugin
from weighin.core import SkippedError

TROUBLE = '''"""Definitions that go wrong, each in its own way."""

import numpy as np

from weighin import Recipe, model, runtime, step
from weighin.core import SkippedError
from weighin.formats.tflite import read_tflite


@model(quick=Recipe("tiny", epochs=1, finetune_epochs=1))
def broken(keras):
    """A model that cannot be made."""
    raise ValueError("no layers left")


@step("collapse")
def collapse(model, trainer):
    """A step that never works."""
    raise RuntimeError("the roof came down\\nand so did the walls")


@step("leave")
def leave(model, trainer):
    """A step that no model here is for."""
    raise SkippedError("it has no layers of that kind")


class Anything:
    """A session that answers the same to everything."""

    def __init__(self, path):
        self.names = list(read_tflite(path).outputs_by_name())

    def predict(self, inputs):
        n = len(next(iter(inputs.values())))
        return {name: np.full((n, 3), 1 / 3, np.float32) for name in self.names}

    def inference(self, inputs):
        return lambda: None

    def answer(self):
        return self.predict({"x": [0]})

    def close(self):
        pass


@runtime
class Liar:
    """A runtime that answers nonsense, but fast."""

    name, formats, needs_tensorflow = "liar", ("tflite",), False

    def available(self):
        return None

    def load(self):
        pass

    def open(self, path, threads):
        return Anything(path)


@runtime
class Nowhere(Liar):
    """A runtime that is not to be had on this machine."""

    name = "nowhere"

    def available(self):
        return "no such chip here"
'''

# Between bench_latency and bench_start: tells that its turn has come, then waits to be stopped.
SLEEP = """
import pathlib, signal, time
import pytest

@pytest.mark.weigh("start")
def bench_sleep(benchmark, cell):
    if pathlib.Path("asleep").exists():
        pytest.skip("it has slept")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    pathlib.Path("asleep").touch()
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def troubled(shop, run, tmp_path_factory):
    """A run with a model and a step that raise, and a runtime that is not to be had."""
    project = tmp_path_factory.mktemp("troubled") / "project"
    shutil.copytree(shop.project, project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "models" / "trouble.py").write_text(TROUBLE)
    return run(
        "--weighin-models=tiny,broken",
        "--weighin-variants=baseline,int8,collapse+int8,leave+int8",
        "--weighin-runtimes=litert,nowhere",
        project=project,
    )


def test_what_fails_has_its_reason_and_the_rest_goes_on(troubled):
    """A model or variant that cannot be built fails by itself, each metric with the reason."""
    reasons = {"broken": "no layers left", "tiny": "the roof came down"}
    failed = [r for r in troubled.records if r.runtime != "nowhere" and r.status == "failed"]

    assert 1 == troubled.code
    assert {
        ("broken", "baseline"),
        ("broken", "finetune"),
        ("broken", "int8"),
        ("broken", "collapse+int8"),
        ("broken", "leave+int8"),
        ("tiny", "collapse+int8"),
    } == {(record.model, record.variant) for record in failed}
    for record in failed:
        assert record.value is None
        assert reasons[record.model] in record.reason
        assert "\n" not in record.reason
    for metric in ("gzip_bytes", "parameters", "top1", "throughput", "latency"):
        for variant in ("baseline", "int8"):
            runtime = {} if metric in ("gzip_bytes", "parameters") else {"runtime": "litert"}
            assert "ok" == troubled.one(metric, variant, model="tiny", **runtime).status


def test_failures_are_told_while_building_and_in_the_table(troubled):
    """The user sees which artifact failed, and why, without a traceback of the harness."""
    progress = [line for line in troubled.text.splitlines() if " failed: " in line]
    rows = {row.split()[0]: row for row in troubled.table()}

    assert any("broken" in line and "no layers left" in line for line in progress)
    assert any("collapse" in line and "the roof came down" in line for line in progress)
    assert "failed [" in rows["collapse+int8"]
    assert "failed" not in rows["baseline"] + rows["int8"]
    assert "weighin/measure.py" not in troubled.text


def test_a_cause_is_told_once_and_what_else_fails_by_it_is_counted(troubled):
    """Whole, with the log of the process that tried; a line each in pytest's summary."""
    errors = troubled.text.split("= ERRORS =")[1].split("= weighin =")[0]
    summary = troubled.text.split("= short test summary info =")[1].splitlines()[1:]
    causes = [line for line in errors.splitlines() if line.startswith("not built: ")]
    counts = dict.fromkeys(re.findall(r"^and (\d+) more for the same reason: (\w+)", errors, re.M))
    logs = re.findall(r"^log: (.*)$", errors, re.MULTILINE)
    failed = [line for line in summary if line.startswith(("ERROR ", "FAILED "))]

    assert 2 == len(causes) == len(counts) == len(failed)
    assert ["broken", "tiny"] == sorted(model for _, model in counts)
    assert re.search(
        rf"2 errors, {sum(int(count) for count, _ in counts)} for the same reason in", summary[-1]
    )
    for cause, log in zip(causes, logs, strict=True):
        assert cause.partition(": ")[2].partition(" (")[0] in Path(log).read_text()


def test_a_cause_is_told_once_while_building(troubled):
    """The steps and exports that go without their start say so in a word."""
    progress = [line for line in troubled.text.splitlines() if re.match(r"\[\d+/\d+, ", line)]

    for cause in ("no layers left", "the roof came down"):
        assert 1 == sum(cause in line for line in progress)
    assert any(
        line.endswith("broken dense start → int8 failed for the same reason") for line in progress
    )


def test_what_cannot_be_had_of_a_model_is_skipped_and_no_failure(troubled):
    """Each metric with the reason, and the build says so as it comes to it."""
    left_out = troubled.all(model="tiny", variant="leave+int8", runtime="litert")
    summary = troubled.text.split("= short test summary info =")[1]

    assert {("skipped", "it has no layers of that kind", None)} == {
        (record.status, record.reason, record.value) for record in left_out
    }
    assert re.search(r"\] tiny leave skipped: it has no layers of that kind", troubled.text)
    assert re.search(r"skipped: .*leave\+int8 on litert \(it has no layers of", troubled.text)
    assert "no layers of that kind" not in summary


def test_a_runtime_that_is_not_to_be_had_is_skipped(troubled):
    """What could be built has the runtime's reason; it takes no row of the table."""
    skipped = troubled.all(runtime="nowhere", model="tiny", variant="int8")

    assert {("skipped", "no such chip here", None)} == {
        (record.status, record.reason, record.value) for record in skipped
    }
    assert not any("nowhere" in row for row in troubled.table())
    assert re.search(r"skipped: .* on nowhere \(no such chip here\)", troubled.text)


def test_a_runtime_that_answers_nonsense_fails(run, project_copy):
    """It is not timed, though its speed would be a record."""
    (project_copy / "models" / "trouble.py").write_text(TROUBLE)
    words = ("-k=latency or evaluate", "--weighin-runtimes=liar", "--weighin-variants=baseline")
    ran = run(*words, project=project_copy)

    assert 1 == ran.code
    for metric in ("latency", "top1", "throughput"):
        record = ran.one(metric)
        assert ("failed", None) == (record.status, record.value)
        assert "from the Keras model's" in record.reason
    assert "warning" not in ran.text


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
@pytest.mark.parametrize(("stop", "code"), [("SIGINT", 2), ("SIGKILL", -9)])
def test_a_run_that_is_stopped_keeps_what_it_has_measured(
    shop, project_copy, tmp_path, child_environment, stop, code
):
    """After Ctrl-C, or worse, the file has the figures so far, and says why it has no others."""
    (project_copy / "bench" / "bench_sleep.py").write_text(SLEEP)
    results = tmp_path / "results"
    words = ("--weighin-runtimes=litert", "--weighin-variants=baseline,int8")
    with (tmp_path / "output").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            command(results, *words),
            cwd=project_copy,
            env={**child_environment, "WEIGHIN_CACHE_DIR": str(shop.cache.folder)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        while process.poll() is None and not (project_copy / "asleep").exists():
            time.sleep(0.05)
        process.send_signal(getattr(signal, stop))
        process.wait(timeout=60)
        output.seek(0)
        stopped = ran(process.returncode, output.read(), results)

    assert code == stopped.code, stopped.text
    for metric in ("gzip_bytes", "top1", "latency"):
        for variant in ("baseline", "int8"):
            assert "ok" == stopped.one(metric, variant).status
    waiting = [(each.status, each.reason) for each in stopped.all(metric="cold_start")]
    assert {("not measured", "the run ended before its turn")} == set(waiting)
    assert ("\nrecords: " in stopped.text) == (stop == "SIGINT")
    assert (" goes on with it" in stopped.text) == (stop == "SIGINT")

    (written,) = results.glob("*.json")
    resumed = run_pytest(
        project_copy,
        shop.cache.folder,
        tmp_path / "more",
        *words,
        f"--weighin-resume={written}",
        environment=child_environment,
    )

    assert 0 == resumed.code, resumed.text
    taken = f" measurements are taken over from {written}"
    assert taken in resumed.text, resumed.text
    for metric in ("top1", "top1_delta", "delegated", "gzip_bytes"):
        assert stopped.one(metric, "int8") == resumed.one(metric, "int8")
    assert stopped.one("latency", "int8").samples == resumed.one("latency", "int8").samples
    assert "ok" == resumed.one("speedup", "int8").status
    ended = {"broken_off": stop == "SIGKILL", "file": written.name}
    (span,) = resumed.environment["resumed"]
    assert ended.items() <= span.items()


def test_a_breached_gate_fails_the_run(run):
    """Each gate prints its figure and verdict; a breach is a failure, told below pytest's line."""
    words = ("-k=compress", "--weighin-runtimes=litert", "--weighin-variants=baseline,int8")
    gate = "--weighin-gate=int8: file_bytes <= {} * baseline"
    kept, breached = run(*words, gate.format(9)), run(*words, gate.format(0.01))

    assert (0, 1) == (kept.code, breached.code)
    assert re.search(r"^int8: file_bytes <= 9 \* baseline .* kept$", kept.text, re.MULTILINE)
    assert "= 1 gate breached, mode breached =" in breached.text.splitlines()[-1]


@pytest.mark.parametrize(
    ("is_ours", "raised"), [(True, pytest.skip.Exception), (False, SkippedError)]
)
def test_what_is_skipped_while_it_runs_has_not_failed(monkeypatch, is_ours, raised):
    """As a file of a kind that its runtime never opens; a test of somebody's own is left alone."""
    of_others = pytest_plugin.cell_of  # this test is one, too

    def cell_of(item):
        return ("a cell" if is_ours else None) if item == "item" else of_others(item)

    monkeypatch.setattr(pytest_plugin, "cell_of", cell_of)
    called = pytest_plugin.pytest_pyfunc_call("item")
    next(called)

    with pytest.raises(raised, match="is hybrid"):
        called.throw(SkippedError("model.tflite is hybrid"))
