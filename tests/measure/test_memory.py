"""Memory as an operation: whose rows it has, its records, and what a table makes of them."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import re

import pytest
from helpers import engine_files
from helpers.answering import CLASSIFICATION
from helpers.finished import FinishedRun, weigh_files

from weighin import registry
from weighin.core import Case, Skip
from weighin.measure import vela
from weighin.measure.figures import figures
from weighin.outcomes import Arena, Inferences, Memory
from weighin.packages import missing

CASE = Case("m", "d", "baseline", 0, "tflite", "tflite-micro", 1)
ESTIMATES = [name for name in registry.metrics if name.startswith("ethos_")]
TOLD = Memory(
    Arena(24_272, 16_000, 8_272), dict.fromkeys(vela.NPUS, (2e-4, "Vela 5: 500 MHz, a, b"))
)


def records(outcome: Memory) -> dict[str, object]:
    """The records of an outcome, by metric."""
    return {each.metric: each for each in figures(CASE, "memory", outcome, "ab", CLASSIFICATION)}


def test_an_arena_is_three_figures() -> None:
    """The whole, which tables show, and its ends."""
    told = records(TOLD)

    assert {"arena_bytes", "arena_head", "arena_tail", *ESTIMATES} == set(told)
    assert [24_272, 16_000, 8_272] == [
        told[f"arena_{part}"].value for part in ("bytes", "head", "tail")
    ]
    assert [True, False, False] == [
        registry.metrics[f"arena_{part}"].column for part in ("bytes", "head", "tail")
    ]


def test_an_estimate_is_called_one() -> None:
    """Never latency; it is no matter of this machine, and says what it supposes."""
    assert len(vela.NPUS) == len(ESTIMATES)
    for name in ESTIMATES:
        metric, record = registry.metrics[name], records(TOLD)[name]
        assert metric.title.endswith(" estimate")
        assert "latency" not in f"{metric.title} {metric.summary}"
        assert not metric.machine_bound
        assert metric.exact
        assert 2e-4 == record.value
        assert "by Vela 5: 500 MHz, a, b; calculated, not measured" == record.note


def test_no_estimate_has_its_reason() -> None:
    """That of Vela, or that none was made."""
    none = dict.fromkeys(vela.NPUS, Skip("no operator fits the NPU"))
    told = records(Memory(TOLD.arena, none))
    left = records(Memory(TOLD.arena))

    for name in ESTIMATES:
        assert ("skipped", "no operator fits the NPU") == (told[name].status, told[name].reason)
        assert "not measured" == left[name].status


def test_whether_all_is_accelerated_is_a_figure() -> None:
    """1 or 0, or that the runtime does not say."""
    accelerated = registry.metrics["accelerated"].compute
    values = [accelerated(Inferences([1.0], accelerated=told)) for told in (True, False)]

    assert [1.0, 0.0] == [each.value for each in values]
    assert isinstance(accelerated(Inferences([1.0])), Skip)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, child_environment: dict[str, str]) -> FinishedRun:
    """Floats, bytes and a hybrid file, by compiled models and a microcontroller's interpreter."""
    if reason := missing("tflite-micro"):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("engines")
    files = [make(folder) for make in (engine_files.floats, engine_files.bytes_)]
    files.append(engine_files.same_hybrid(folder))
    words = ("--runtimes", "litert-compiled,tflite-micro", "--gate", "accelerated >= 1")
    return weigh_files(folder, *files, *words, environment=child_environment)


def test_engines_are_weighed_in_one_run(run: FinishedRun) -> None:
    """Every row has figures or a reason; a microcontroller's has no times."""
    told = {
        (each.metric, each.variant, each.runtime): each
        for each in run.results.records
        if each.runtime
    }
    micro = {key[:2]: each for key, each in told.items() if key[2] == "tflite-micro"}

    assert "Traceback" not in run.out + run.err
    assert "ok" == micro["arena_bytes", "baseline"].status
    assert "ok" == micro["arena_bytes", "bytes.tflite"].status
    for variant in ("baseline", "bytes.tflite"):
        for metric in ("latency", "throughput"):
            assert "skipped" == micro[metric, variant].status
            assert "cannot be told on a PC" in micro[metric, variant].reason
        assert "ok" == told["throughput", variant, "litert-compiled"].status
        assert "ok" == told["latency", variant, "litert-compiled"].status
        assert ("arena_bytes", variant, "litert-compiled") not in told
    assert "ok" == told["speedup", "bytes.tflite", "litert-compiled"].status


def test_the_table_says_what_such_figures_are(run: FinishedRun) -> None:
    """Below it, as their records do: of what interpreter, of which processor."""
    assert "\narena: RAM that tflite-micro takes" in run.out
    if missing("ethos-u-vela") is None:
        assert re.search(r"\nEthos-U55-128 estimate: by Vela \S+: 500 MHz, \S+, \S+; calc", run.out)


def test_a_hybrid_file_is_a_skip_on_a_microcontroller(run: FinishedRun) -> None:
    """Its other rows have their figures, and the run does not fail by it."""
    hybrid = [each for each in run.results.records if each.variant == "same_hybrid.tflite"]
    micro = {each.metric: each for each in hybrid if each.runtime == "tflite-micro"}

    assert {"skipped"} == {each.status for name, each in micro.items() if name != "why"}
    assert "is hybrid" in micro["arena_bytes"].reason
    assert "ok" in {each.status for each in hybrid if each.runtime == "litert-compiled"}
    assert not any(each.status == "failed" for each in run.results.records)


def test_a_gate_asks_for_whole_acceleration(run: FinishedRun) -> None:
    """As a claim: rows of runtimes that tell it are judged, and what they have is said."""
    assert "accelerated" in run.out
    told = {
        (each.variant, each.value)
        for each in run.results.records
        if each.metric == "accelerated" and each.status == "ok"
    }
    assert told
    kept = all(value == 1 for _, value in told)
    assert run.code == (0 if kept else 1)


def test_the_table_says_no_rule_of_litert_on_other_engines(run: FinishedRun) -> None:
    """XNNPACK runs nothing there, so that it explains nothing."""
    whys = {
        (each.variant, each.runtime): " ".join(each.reasons)
        for each in run.results.records
        if each.metric == "why"
    }
    assert not any(
        "XNNPACK" in reasons or "dynamic range" in reasons
        for (_, runtime), reasons in whys.items()
        if runtime == "tflite-micro"
    )
