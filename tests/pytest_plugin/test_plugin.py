"""A whole pytest run of the tiny project, from different sides."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers.runs import Ran

from weighin import registry

VARIANTS = ("baseline", "finetune", "prune(0.5)", "dynamic", "int8", "prune(0.5)+int8")
KERAS = ("baseline", "prune(0.5)")


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
    own = {quality.name for quality in registry.tasks["classification"].figures}
    for metric in (each for each in registry.metrics.values() if each.applies(own)):
        for format, variant in tflite + keras:
            runtime = {"tflite": "litert", "h5": "keras-cpu"}[format]
            place = "" if metric.scope == "artifact" else runtime
            wanted[variant, format, place, metric.name] = "ok"
            compares = metric.name in ("agreement", "sqnr", "cosine", "top1_delta")
            graph = metric.name in ("macs", "effective_macs", "delegated", "fixed_cost")
            # the first, or one that is slow
            is_alone = runtime == "litert" or variant != "baseline"
            if (
                (metric.scope == "pair" and variant == "baseline")
                or (metric.scope == "engines" and is_alone)
                or metric.scope == "memory"  # which these runtimes do not tell
            ):
                del wanted[variant, format, place, metric.name]
                continue
            if (
                (compares and variant == "baseline")
                or metric.name == "accelerated"
                or (graph and format == "h5")
                or (metric.name == "depth" and format == "tflite")
                or (metric.scope == "start" and format == "h5")
            ):
                wanted[variant, format, place, metric.name] = "skipped"
            if metric.quality == "top5":  # of three classes every answer would be right
                wanted[variant, format, place, metric.name] = "not measured"
            if metric.of_control and "prune" not in variant:
                wanted[variant, format, place, metric.name] = "skipped"
    records = [each for each in full.ran.records if each.metric != "why"]
    found = {(r.variant, r.format, r.runtime, r.metric): r.status for r in records}
    for each in records:  # a loaded machine times fewer inferences than a tail needs
        if each.metric == "latency":
            for metric, fewest in (("latency_p90", 64), ("latency_p99", 662)):
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
        assert record.low is None or record.low <= record.value <= record.high
        assert record.runtime == runtime
        assert record.verdict in ("faster", "slower", "same within ±2 %", "no evidence")
        assert record.stopped in ("narrow", "power", "time", "blocks")
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
    scopes |= {"latency": "inference", "start": "start", "speedup": "pair", "engines": "engines"}
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
        told = info.get(f"{record.metric}_interval")
        if record.metric == "latency" and told:  # the pairs, which come later, have widened it
            assert ends[0] <= told[0] <= told[1] <= ends[1]
        else:
            assert ends == told

    assert seen > 50


def test_benchmarks_are_grouped_by_operation(full):
    """What is compared in one of pytest-benchmark's tables is the same operation and model."""
    operations = ("artifact", "engines", "evaluation", "inference", "pair", "start")

    assert {f"{name}: tiny" for name in operations} == {each["group"] for each in full.benchmarks}


def test_a_run_can_be_compared_with_a_saved_one(full, run):
    """`--benchmark-autosave` has saved the run, and `--benchmark-compare` finds it."""
    saved = f"--benchmark-storage=file://{full.results}/benchmarks"
    ran = run("-k=compress", "--weighin-runtimes=litert", saved, "--benchmark-compare")

    assert 0 == ran.code
    assert "Comparing against benchmarks from" in ran.text
    assert re.search(r"bench_compress\[tiny-int8-tflite\] \(0001_", ran.text)


def test_the_tables_of_pytest_benchmark_are_for_who_asks(full, run):
    """Its files have all operations; its tables only where it is told to be verbose."""
    asked = run("-k=latency", "--weighin-runtimes=litert", "--benchmark-verbose")

    assert "benchmark 'inference: tiny'" in asked.text
    assert "benchmark '" not in full.ran.text
    assert {"artifact: tiny", "evaluation: tiny"} < {each["group"] for each in full.benchmarks}
