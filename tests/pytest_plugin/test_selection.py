"""What a run weighs and what it leaves out, in pytest runs of the tiny project."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import re
from pathlib import Path

from weighin.records import store

HEAVY = {"tensorflow", "keras", "tf_keras", "tensorflow_model_optimization"}

# Writes, when pytest ends, the names of all modules that were loaded to the file `loaded`.
SPY = """
import os, pathlib, sys

def pytest_unconfigure(config):
    pathlib.Path(os.environ["SPY"]).write_text("\\n".join(sys.modules))
"""


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
    names = [line for line in ran.text.splitlines() if "::" in line and "NOTSET" not in line]
    heavy = ["keras-cpu" in name for name in names]

    assert 0 == ran.code
    assert 39 == len(names)
    assert [True] == [each for name, each in zip(names, heavy, strict=True) if "engines" in name]
    assert sorted(heavy) == heavy


def test_tables_may_compare_runtimes(run):
    """Each variant on the second one is paired with itself on the first."""
    words = ("--weighin-runtimes=litert,litert-builtin", "--weighin-variants=int8")
    ran = run("-k=latency or engines", "--weighin-by=runtime", *words)
    beside = {record.variant: record.beside for record in ran.all(metric="engine_speedup")}

    assert 0 == ran.code
    assert {"baseline": "litert", "int8": "litert"} == beside
    assert "tiny on tiny, by runtime" in ran.text
    assert "× beside litert" in ran.text


def test_what_is_deselected_is_not_measured(run):
    """It has no value but a reason, in the records and below the table."""
    ran = run("-k=compress or evaluate", "--weighin-runtimes=litert", "--weighin-variants=int8")
    records = ran.all(metric="latency", variant="int8")

    assert 0 == ran.code
    assert [("not measured", "deselected", None)] == [
        (r.status, r.reason, r.value) for r in records
    ]
    assert "ok" == ran.one("top1", "int8").status
    assert "not measured: latency, × faster (deselected)" in ran.text


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
