"""Finished .onnx files on engines of a device and of this machine: what nobody builds alone."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers import agents, onnx_files
from helpers.finished import write_data
from helpers.support import isolate_registries

from weighin.cli import main
from weighin.core import Record, Results
from weighin.records import store
from weighin.report import engines

for package in ("onnxruntime", "openvino"):
    pytest.importorskip(package, reason="pip install -e '.[onnx,openvino]'")
ENGINES = ("onnxruntime@box", "openvino@box", "onnxruntime")


@pytest.fixture(scope="module")
def weighed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Results, Path]:
    """A float file and an int8 one, on two engines of a device and on one of this machine."""
    folder = tmp_path_factory.mktemp("weighed")
    words = shlex.join(agents.command(folder / "agent"))
    (folder / "weighin-devices.toml").write_text(f"[devices.box]\ncommand = {words!r}\n")
    onnx_files.write(folder / "a.onnx")
    onnx_files.write(folder / "b.onnx", stored="int8")
    write_data(folder / "d.npz")
    with pytest.MonkeyPatch.context() as patch:
        isolate_registries(patch)
        patch.chdir(folder)
        patch.setattr("weighin.bench.bench_start.PROCESSES", 1)
        asked = ["a.onnx", "b.onnx", "--data", "d.npz", "--pair-seconds", "0.2"]
        told = CliRunner().invoke(main, ["weigh", *asked, "--runtimes", ",".join(ENGINES)])
    (path,) = (folder / "results" / "local").glob("*.json")
    return told, store.load(path), folder


def of(results: Results, metric: str, variant: str = "b.onnx") -> dict[str, Record]:
    """Records of a variant by engine."""
    there = [each for each in results.records if (each.metric, each.variant) == (metric, variant)]
    return {each.case.engine: each for each in there}


def test_every_engine_answers_and_is_timed(weighed: tuple[Result, Results, Path]) -> None:
    """The same answers in each; times where they were measured."""
    told, results, _ = weighed

    assert 0 == told.exit_code, told.output
    for metric in ("top1", "latency", "speedup", "cold_start"):
        assert dict.fromkeys(ENGINES, "ok") == {e: r.status for e, r in of(results, metric).items()}
    assert 1 == len({record.value for record in of(results, "top1").values()})


def test_engines_are_paired_on_the_device_alone(weighed: tuple[Result, Results, Path]) -> None:
    """This machine has one, beside which there is nothing."""
    _, results, _ = weighed

    for variant in ("baseline", "b.onnx"):
        pairs = of(results, "engine_speedup", variant)
        assert {"openvino@box": "onnxruntime@box"} == {e: r.beside for e, r in pairs.items()}
    (section,) = engines.sections([results])[:1]
    assert ["onnxruntime", "onnxruntime@box", "openvino@box"] * 2 == [r[1] for r in section.rows]


def test_the_device_says_which_engines_it_has(weighed: tuple[Result, Results, Path]) -> None:
    """Their versions decide what the figures mean."""
    _, results, _ = weighed
    packages = results.environment["devices"]["box"]["packages"]

    assert packages["onnxruntime"]
    assert packages["openvino"]


def test_what_was_sent_is_kept_as_what_it_is(weighed: tuple[Result, Results, Path]) -> None:
    """Two .onnx files, and nothing under another ending."""
    *_, folder = weighed
    kept = {path.suffix for path in (folder / "agent" / "received").iterdir() if path.suffix}

    assert 2 == len(list((folder / "agent" / "received").glob("*.onnx")))
    assert {".onnx", ".arrays"} == kept - {".lock"}
