"""Whole pytest runs of the tiny project, each in a process of its own, on shared artifacts."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.runs import Ran, command, ran, run_pytest
from helpers.support import results_of

from weighin import registry
from weighin.records import store
from weighin.report.table import render

VARIANTS = ("baseline", "finetune", "prune(0.5)", "dynamic", "int8", "prune(0.5)+int8")
KERAS = ("baseline", "prune(0.5)")
HEAVY = {"tensorflow", "keras", "tf_keras", "tensorflow_model_optimization"}

# Writes, when pytest ends, the names of all modules that were loaded to the file `loaded`.
SPY = """
import os, pathlib, sys

def pytest_unconfigure(config):
    pathlib.Path(os.environ["SPY"]).write_text("\\n".join(sys.modules))
"""

TROUBLE = '''"""Definitions that go wrong, each in its own way."""

import numpy as np

from weighin import Recipe, model, runtime, step


@model(quick=Recipe("tiny", epochs=1, finetune_epochs=1))
def broken(keras):
    """A model that cannot be made."""
    raise ValueError("no layers left")


@step("collapse")
def collapse(model, trainer):
    """A step that never works."""
    raise RuntimeError("the roof came down\\nand so did the walls")


class Anything:
    """A session that answers the same to everything."""

    def predict(self, images):
        return np.full((len(images), 3), 1 / 3, np.float32)

    def inference(self, image):
        return lambda: None

    def answer(self):
        return self.predict([0])

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
        return Anything()


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
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
    pathlib.Path("asleep").touch()
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def run(shop, child_environment, tmp_path_factory):
    """Run pytest on the project, or on a copy of it; the words are its options."""
    surroundings = {k: v for k, v in child_environment.items() if k != "WEIGHIN_CACHE_DIR"}

    def run_project(*words, project=shop.project, results=None, **environment):
        results = results or tmp_path_factory.mktemp("results")
        environment = {**surroundings, **environment}
        return run_pytest(project, shop.cache.folder, results, *words, environment=environment)

    return run_project


@pytest.fixture
def project_copy(shop, tmp_path):
    """A copy of the project, to be spoilt."""
    return Path(
        shutil.copytree(
            shop.project,
            tmp_path / "project",
            ignore=shutil.ignore_patterns("__pycache__", ".benchmarks"),
        )
    )


# -- a whole run --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Full:
    """The whole quick suite, run once for the tests that look at it from different sides."""

    ran: Ran
    benchmarks: list[dict[str, Any]]
    results: Path


@pytest.fixture(scope="module")
def full(run, tmp_path_factory):
    """Every bench function, every variant, LiteRT and Keras on the CPU."""
    results = tmp_path_factory.mktemp("full")
    report = results / "benchmarks" / "report.json"
    report.parent.mkdir()
    ran = run(
        "--benchmark-only",
        "--weighin-runtimes=litert,keras-cpu",
        "--benchmark-autosave",
        f"--benchmark-json={report}",
        results=results,
    )
    assert ran.code == 0, ran.text
    return Full(ran, json.loads(report.read_text("utf-8"))["benchmarks"], results)


def test_a_whole_run_passes_and_says_where_its_records_are(full):
    """It ends with the table and the file."""
    (path,) = full.results.glob("*.json")

    assert 0 == full.ran.code
    assert re.search(rf"^records: {re.escape(str(path))}$", full.ran.text, re.MULTILINE)
    assert ("quick", "quick") == (full.ran.environment["suite"], full.ran.environment["profile"])


def test_a_whole_run_prints_every_variant(full):
    """The table has a row for each variant and runtime, and a figure in each of its cells."""
    rows = [re.split(r"\s{2,}", line) for line in full.ran.table()]
    wanted = [(variant, "litert") for variant in VARIANTS]
    wanted += [(variant, "keras-cpu") for variant in KERAS]

    assert wanted == [(row[0], row[1]) for row in rows]
    for row in rows:
        filled = [cell for cell in row if cell]
        assert len(filled) >= (6 if row[0] == "baseline" else 9)
        assert not re.search("failed|skipped|not measured", " ".join(row))
    assert "tiny: 60 test images" in full.ran.text


def test_a_whole_run_has_a_record_for_every_metric(full):
    """Each case has each metric of each operation once, with a value or a good reason."""
    tflite = [("tflite", variant) for variant in VARIANTS]
    keras = [("h5", variant) for variant in KERAS]
    wanted = {}
    for metric in registry.metrics.values():
        for format, variant in tflite + keras:
            runtime = {"tflite": "litert", "h5": "keras-cpu"}[format]
            place = "" if metric.scope == "artifact" else runtime
            wanted[variant, format, place, metric.name] = "ok"
            compares = metric.name in ("agreement", "top1_delta")
            graph = metric.name in ("macs", "effective_macs", "delegated", "fixed_cost")
            if metric.scope == "pair" and variant == "baseline":
                del wanted[variant, format, place, metric.name]
                continue
            if (
                (compares and variant == "baseline")
                or (graph and format == "h5")
                or (metric.name == "depth" and format == "tflite")
                or (metric.scope == "start" and format == "h5")
            ):
                wanted[variant, format, place, metric.name] = "skipped"
    records = [each for each in full.ran.records if each.metric != "why"]
    found = {(r.variant, r.format, r.runtime, r.metric): r.status for r in records}
    for each in records:  # a loaded machine times fewer inferences than a tail needs
        if each.metric == "latency":
            for metric, fewest in (("latency_p90", 10), ("latency_p99", 100)):
                if each.n < fewest:
                    wanted[each.variant, each.format, each.runtime, metric] = "not measured"

    assert wanted == found
    assert len(found) == len(records)
    for record in records:
        assert (record.value is not None) == (record.status == "ok")
        assert bool(record.reason) == (record.status != "ok")


def test_every_variant_is_paired_with_its_baseline(full):
    """Every variant but the baseline has one, on each of its runtimes."""
    speedups = {(r.variant, r.runtime): r for r in full.ran.all(metric="speedup")}
    latency = {(r.variant, r.runtime): r.value for r in full.ran.all(metric="latency")}
    wanted = {(variant, runtime) for variant, runtime in latency if variant != "baseline"}

    assert wanted == set(speedups)
    for (_, runtime), record in speedups.items():
        assert record.low <= record.value <= record.high
        assert record.runtime == runtime
        assert record.verdict in ("faster", "slower", "no evidence")
        assert record.stopped in ("narrow", "time", "blocks")
        assert record.n == len(record.samples)


def test_every_compressed_row_is_explained(full):
    """What is not faster or not smaller has its reason."""
    whys = {record.variant: "\n".join(record.reasons) for record in full.ran.all(metric="why")}

    assert "stored dense" in whys["prune(0.5)"]
    assert "the dense control" in whys["finetune"]
    assert "baseline" not in whys


def test_records_name_the_file_they_are_of(full, shop):
    """Each has its artifact's sha256, whose origin stands in the environment."""
    for variant in ("baseline", "prune(0.5)", "int8", "prune(0.5)+int8"):
        artifact = shop.artifact(variant)
        record = full.ran.one("top1", variant, runtime="litert")
        stages = full.ran.environment["artifacts"][artifact.sha256]

        assert artifact.sha256 == record.artifact
        assert dict(artifact.provenance) == stages[-1]
        assert "dense start" == stages[0]["stage"]


def test_benchmarks_extra_info_equals_the_records(full):
    """pytest-benchmark's file holds the same figures as the records."""
    scopes = {"compress": "artifact", "evaluate": "evaluation"}
    scopes |= {"latency": "inference", "start": "start", "speedup": "pair"}
    metrics = {name: registry.metrics[name].scope for name in registry.metrics}
    seen = 0
    for record in full.ran.records:
        if record.status != "ok" or record.metric not in metrics:
            continue
        scope = metrics[record.metric]
        function = next(name for name, each in scopes.items() if each == scope)
        ending = f"[tiny-{record.variant}-{record.runtime or record.format}]"
        (info,) = (
            benchmark["extra_info"]
            for benchmark in full.benchmarks
            if benchmark["name"] == f"bench_{function}{ending}"
        )
        seen += 1

        assert ("tiny", record.variant, "tiny") == (info["model"], info["variant"], info["dataset"])
        assert record.value == info[record.metric]
        ends = None if record.low is None else [record.low, record.high]
        assert ends == info.get(f"{record.metric}_interval")

    assert seen > 50


def test_benchmarks_are_grouped_by_operation(full):
    """What is compared in one of pytest-benchmark's tables is the same operation and model."""
    operations = ("artifact", "evaluation", "inference", "pair", "start")

    assert {f"{name}: tiny" for name in operations} == {each["group"] for each in full.benchmarks}


def test_a_run_can_be_compared_with_a_saved_one(full, run):
    """`--benchmark-autosave` has saved the run, and `--benchmark-compare` finds it."""
    saved = f"--benchmark-storage=file://{full.results}/benchmarks"
    ran = run("-k=compress", "--weighin-runtimes=litert", saved, "--benchmark-compare")

    assert 0 == ran.code
    assert "Comparing against benchmarks from" in ran.text
    assert re.search(r"bench_compress\[tiny-int8-tflite\] \(0001_", ran.text)


# -- what is chosen and left out ----------------------------------------------------------------


def test_a_warm_run_loads_no_tensorflow(run, tmp_path):
    """Where everything is built, LiteRT is measured in a process without TensorFlow."""
    (tmp_path / "spy.py").write_text(SPY)
    path = f"{tmp_path}:{Path(store.__file__).parents[1]}"
    words = ("-p", "spy", "-k=not start", "--weighin-runtimes=litert")
    ran = run(*words, PYTHONPATH=path, SPY=str(tmp_path / "loaded"))
    loaded = set((tmp_path / "loaded").read_text().split("\n"))

    assert 0 == ran.code
    assert {"ok"} == {record.status for record in ran.all(metric="latency")}
    assert "ai_edge_litert.interpreter" in loaded
    assert set() == loaded & HEAVY


def test_some_runtimes_are_measured_on_request_only(run):
    """What nobody asks for takes no time: named, a runtime is measured, and else left out."""
    names = [
        run("--collect-only", "-q", "-k=latency", *words).text
        for words in ((), ("--weighin-runtimes=litert,litert-builtin",))
    ]

    assert ["litert-builtin" in text for text in names] == [False, True]
    assert all("-litert]" in text for text in names)


def test_what_needs_tensorflow_comes_last(run):
    """Nothing is measured in a process that has loaded TensorFlow for something else."""
    ran = run("--collect-only", "-q", "--weighin-runtimes=keras-cpu,litert")
    names = [line for line in ran.text.splitlines() if "::" in line]
    heavy = ["keras-cpu" in name for name in names]

    assert 0 == ran.code
    assert 38 == len(names)
    assert sorted(heavy) == heavy


def test_what_is_deselected_is_not_measured(run):
    """It has no value but a reason, in the records and in the table."""
    ran = run("-k=compress or evaluate", "--weighin-runtimes=litert", "--weighin-variants=int8")
    records = ran.all(metric="latency", variant="int8")
    _, row = ran.table()

    assert 0 == ran.code
    assert [("not measured", "deselected", None)] == [
        (r.status, r.reason, r.value) for r in records
    ]
    assert "ok" == ran.one("top1", "int8").status
    assert "not measured [" in row
    assert "deselected" in ran.text


# -- a step's summary on GitHub -----------------------------------------------------------------

SIZES = ("-k=compress", "--weighin-runtimes=litert", "--weighin-variants=baseline,int8")


def test_tables_are_appended_to_the_summary_of_a_step(run, tmp_path):
    """As `weighin table --format github` has them, below what is there already."""
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n\n", "utf-8")

    ran = run(*SIZES, GITHUB_STEP_SUMMARY=str(summary))

    assert 0 == ran.code, ran.text
    own = results_of(ran.environment, ran.records)
    assert f"# Before\n\n{render([own], 'github')}\n\n" == summary.read_text("utf-8")
    assert "step summary" not in ran.text


def test_a_summary_that_cannot_be_written_fails_nothing(run, tmp_path):
    """A warning; the records are kept."""
    ran = run(*SIZES, GITHUB_STEP_SUMMARY=str(tmp_path))

    assert 0 == ran.code, ran.text
    assert "ok" == ran.one("gzip_bytes", "int8").status
    assert f"warning: no step summary: {tmp_path} cannot be written" in ran.text


def test_a_disabled_benchmark_measures_no_latency(run):
    """With `--benchmark-disable` everything is tried once, and nothing claims to be timed."""
    words = ("-k=not start", "--benchmark-disable", "--weighin-runtimes=litert")
    ran = run(*words, "--weighin-variants=baseline,int8")
    latencies = ran.all(metric="latency")

    assert 0 == ran.code
    assert 2 == len(latencies)
    for record in latencies:
        assert ("not measured", None) == (record.status, record.value)
        assert "pytest-benchmark was disabled" == record.reason
    assert "ok" == ran.one("top1", "int8").status


def test_threads_are_rows_of_their_own(run):
    """Each number of threads is measured, and shown."""
    words = ("-k=latency", "--weighin-runtimes=litert", "--weighin-variants=baseline,int8")
    ran = run(*words, "--weighin-threads=1,2")
    measured = {(r.variant, r.threads, r.status) for r in ran.all(metric="latency")}

    assert 0 == ran.code
    assert {
        ("baseline", 1, "ok"),
        ("baseline", 2, "ok"),
        ("int8", 1, "ok"),
        ("int8", 2, "ok"),
    } == measured
    assert ["litert", "litert ×2"] * 2 == [re.split(r"\s{2,}", row)[1] for row in ran.table()]
    assert {1, 2} == {record.threads for record in ran.all(metric="speedup")}


def test_what_is_named_twice_is_measured_once(run):
    """One variant has one name, however it is written, and is no row beside itself."""
    words = ("-k=compress", "--weighin-runtimes=litert,litert", "--weighin-threads=1,1")
    ran = run(*words, "--weighin-models=tiny,tiny", "--weighin-variants=prune(0.5),prune( .50 )")

    assert 0 == ran.code
    named = ["baseline", "finetune", "prune(0.5)"]
    assert named == [record.variant for record in ran.all(metric="gzip_bytes")]
    assert 3 == len(ran.table())


def test_a_model_outside_the_suite_can_be_weighed(run):
    """`--weighin-models` takes any registered model."""
    ran = run("-k=compress", "--weighin-models=tiny_cnn", "--weighin-variants=int8")

    assert 0 == ran.code
    assert {("tiny_cnn", "baseline"), ("tiny_cnn", "int8")} == {
        (r.model, r.variant) for r in ran.records if not r.runtime
    }


# -- what cannot be -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "wrong", "known"),
    [
        ("suite", "nope", ["quick"]),
        ("profile", "nope", ["quick"]),
        ("models", "nope", ["tiny", "tiny_cnn"]),
        ("models", "tiny,nope", ["tiny", "tiny_cnn"]),
        ("variants", "nope", ["prune(sparsity", "finetune", "int8", "dynamic"]),
        ("variants", "baseline,prune(2)", ["sparsity=2", "below 1"]),
        ("runtimes", "nope", ["litert", "keras-cpu"]),
        ("threads", "0", ["--weighin-threads 0", "numbers from 1"]),
        ("threads", "1,two", ["--weighin-threads 1,two", "numbers from 1"]),
        ("workers", "-1", ["--weighin-workers"]),
    ],
)
def test_unknown_names_are_refused_with_the_known_ones(run, tmp_path, option, wrong, known):
    """The run ends at once with exit code 4 and one message, and leaves nothing."""
    # a cache of its own, so that there is work for workers, if it came to that
    ran = run(
        f"--weighin-{option}={wrong}",
        "-k=latency",
        results=tmp_path / "results",
        WEIGHIN_CACHE_DIR=str(tmp_path / "cache"),
    )
    errors = [line for line in ran.text.splitlines() if re.match(r"(\S+: )?error", line, re.I)]

    assert 4 == ran.code
    assert 1 == len(errors)
    assert wrong.split(",")[-1] in errors[0]
    assert [] == [word for word in known if word not in errors[0]]
    assert "Traceback" not in ran.text
    assert [] == list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize("option", ["results", "cache"])
def test_a_folder_that_cannot_be_written_is_refused_early(run, tmp_path, option):
    """Nothing is built or measured; the message names the folder and the option."""
    (tmp_path / "file").write_text("This is no folder.")
    wrong = tmp_path / "file" / "inside"
    ran = run("-k=latency and litert", f"--weighin-{option}-dir={wrong}")
    errors = [line for line in ran.text.splitlines() if line.startswith("ERROR")]

    assert 4 == ran.code
    assert 1 == len(errors)
    assert str(wrong) in errors[0]
    assert "cannot be written" in errors[0]
    assert f"--weighin-{option}-dir" in errors[0]
    assert [] == ran.all(status="ok")


def test_damaged_data_are_refused_by_name(run, project_copy):
    """A data file that is cut off ends the run with one message that names it."""
    data = project_copy / "models" / "data" / "tiny.npz"
    data.write_bytes(data.read_bytes()[:2000])
    ran = run("-k=latency and litert", project=project_copy)
    errors = [line for line in ran.text.splitlines() if line.startswith("ERROR")]

    assert 4 == ran.code
    assert 1 == len(errors)
    assert str(data) in errors[0]
    assert 1 == ran.text.count(str(data))
    assert "Traceback" not in ran.text


def test_definitions_that_cannot_be_loaded_are_refused_by_name(run, project_copy):
    """A model file with a mistake in it ends the run with one message that names both."""
    (project_copy / "models" / "typo.py").write_text("import weighin\nweighin.mdoel\n")
    ran = run("-k=latency and litert", project=project_copy)
    errors = [line for line in ran.text.splitlines() if line.startswith("ERROR")]

    assert 4 == ran.code
    assert 1 == len(errors)
    assert "typo.py" in errors[0]
    assert "mdoel" in errors[0]


# -- what fails ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def troubled(shop, run, tmp_path_factory):
    """A run with a model and a step that raise, and a runtime that is not to be had."""
    project = tmp_path_factory.mktemp("troubled") / "project"
    shutil.copytree(shop.project, project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "models" / "trouble.py").write_text(TROUBLE)
    return run(
        "--weighin-models=tiny,broken",
        "--weighin-variants=baseline,int8,collapse+int8",
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


# -- gates --------------------------------------------------------------------------------------


def test_a_breached_gate_fails_the_run(run):
    """Each gate prints its figure and verdict; a breach beyond the interval is a failure."""
    words = ("-k=compress", "--weighin-runtimes=litert", "--weighin-variants=baseline,int8")
    gate = "--weighin-gate=int8: file_bytes <= {} * baseline"
    kept, breached = run(*words, gate.format(9)), run(*words, gate.format(0.01))

    assert (0, 1) == (kept.code, breached.code)
    assert re.search(r"^int8: file_bytes <= 9 \* baseline .* kept$", kept.text, re.MULTILINE)
    assert "breached" in breached.text


def test_a_gate_that_is_none_is_refused(run):
    """A gate that cannot be read is told before anything is measured."""
    ran = run("--weighin-gate=as fast as it goes")

    assert 4 == ran.code
    assert "as fast as it goes" in ran.text
    assert () == ran.records


# -- seeds --------------------------------------------------------------------------------------


def test_seeds_share_a_row_and_have_records_of_their_own(run):
    """Two trainings are two sets of records, and a mean with its deviation in the table."""
    words = ("-k=compress or evaluate", "--weighin-runtimes=litert", "--weighin-variants=baseline")
    ran = run(*words, "--weighin-seeds=2")

    assert 0 == ran.code
    assert [0, 1] == [record.seed for record in ran.all(metric="top1")]
    assert 2 == len({record.artifact for record in ran.all(metric="top1")})
    (row,) = ran.table()
    assert " ± " in row
    assert "standard deviation over 2 seeds" in ran.text


MIXED = """
from weighin import suite

suite(
    "mixed",
    profile="quick",
    models=("tiny", "tiny_cnn"),
    variants={"tiny": ("baseline", "int8"), "tiny_cnn": ("dynamic",)},
    seeds=2,
)
"""


def _collected(ran):
    """Model, variant and seed of every cell that pytest has listed."""
    found = re.findall(r"\[(tiny\w*)-([^-\]]+)-litert(?:-seed(\d))?\]", ran.text)
    return {(model, variant, int(seed or 0)) for model, variant, seed in found}


@pytest.fixture
def mixed(run, project_copy):
    """List what would be weighed of a suite that gives each model its own variants."""
    (project_copy / "models" / "mixed.py").write_text(MIXED)
    words = ("--collect-only", "-q", "-k=latency", "--weighin-runtimes=litert")

    def collect(*more):
        return run(*words, "--weighin-suite=mixed", *more, project=project_copy)

    return collect


def test_a_suite_says_how_often_and_in_what_each_model_is_weighed(mixed):
    """Variants by model and the number of seeds are the suite's, if no option says otherwise."""
    wanted = {("tiny", "baseline"), ("tiny", "int8"), ("tiny_cnn", "baseline")}
    wanted |= {("tiny_cnn", "dynamic")}

    assert {(*each, seed) for each in wanted for seed in (0, 1)} == _collected(mixed())
    assert {(*each, 0) for each in wanted} == _collected(mixed("--weighin-seeds=1"))


def test_what_trains_no_further_needs_no_control(run, project_copy):
    """Steps of a recipe without further epochs work at once, and get no credit for any."""
    tiny = project_copy / "models" / "tiny.py"
    words = ("--collect-only", "-q", "-k=latency", "--weighin-runtimes=litert")
    words += ("--weighin-models=tiny", "--weighin-variants=prune(0.5)")
    wanted = {("tiny", "baseline", 0), ("tiny", "prune(0.5)", 0)}

    assert wanted | {("tiny", "finetune", 0)} == _collected(run(*words, project=project_copy))
    tiny.write_text(tiny.read_text().replace("finetune_epochs=1", "finetune_epochs=0"))
    assert wanted == _collected(run(*words, project=project_copy))


def test_a_model_that_a_suite_has_no_variants_for_needs_some(mixed, project_copy):
    """Nothing is guessed: the message names the option."""
    other = (
        (project_copy / "models" / "tiny.py").read_text("utf-8").replace("def tiny(", "def mini(")
    )
    (project_copy / "models" / "mini.py").write_text(other, "utf-8")

    refused = mixed("--weighin-models=mini")
    assert 4 == refused.code
    assert "no variants for the model 'mini'" in refused.text
    assert "--weighin-variants" in refused.text
    assert 0 == mixed("--weighin-models=mini", "--weighin-variants=int8").code


def test_seeds_are_numbers_from_1(run, tmp_path):
    """None is not taken for as many as the suite says."""
    ran = run("--weighin-seeds=0", results=tmp_path / "results")

    assert 4 == ran.code
    assert "--weighin-seeds 0: wanted a number from 1" in ran.text


# -- pytest-benchmark's own table ----------------------------------------------------------------


def test_operations_of_one_round_are_not_in_the_benchmark_table(full):
    """Their three columns would be one number; what has rounds is there, and so is its file."""
    assert "benchmark 'inference: tiny'" in full.ran.text
    assert "benchmark 'artifact: tiny'" not in full.ran.text
    assert "benchmark 'evaluation: tiny'" not in full.ran.text
    assert {"artifact: tiny", "evaluation: tiny"} < {each["group"] for each in full.benchmarks}


def test_operations_of_one_round_are_shown_where_nothing_else_is(run):
    """A table is not left empty."""
    ran = run("-k=compress", "--benchmark-only", "--weighin-variants=int8")

    assert "benchmark 'artifact: tiny'" in ran.text
