"""What Vela estimates of a file on an NPU: taken only where it is understood and whole."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import engine_files
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import Skip
from weighin.measure import vela
from weighin.packages import missing

needs_vela = pytest.mark.skipif(
    missing("ethos-u-vela") is not None, reason=missing("ethos-u-vela") or ""
)
HEAD = "core_clock,inference_time,system_config,memory_mode"
ON_NPU = "Network summary\nCPU operators = 0 (0.0%)\nNPU operators = 57 (100.0%)\n"


def estimated(folder: Path, said: str, *lines: str) -> vela.Estimate | Skip:
    """What is made of Vela's output and of a summary of these lines."""
    path = folder / "model_summary_x.csv"
    path.write_text("\n".join(lines), "utf-8")
    return vela._estimate(said, [path])


def test_an_estimate_says_what_it_supposes(tmp_path: Path) -> None:
    """Clock, system and memories are part of it."""
    told = estimated(tmp_path, ON_NPU, HEAD, "500000000.0,0.00044,High_End,Shared_Sram")

    assert not isinstance(told, Skip)
    assert 0.00044 == told[0]
    assert told[1].endswith(": 500 MHz, High_End, Shared_Sram")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (ON_NPU.replace("57", "0"), "no operator fits the NPU"),
        (ON_NPU.replace("= 0 ", "= 3 "), "3 of 60 operators stay on the CPU"),
        ("", "not understood"),
        (ON_NPU.replace("CPU operators", "Operators"), "not understood"),
    ],
)
def test_what_is_not_whole_is_no_estimate(tmp_path: Path, said: str, reason: str) -> None:
    """Part of a graph's time would look like all of it."""
    told = estimated(tmp_path, said, HEAD, "500000000.0,0.00044,a,b")

    assert isinstance(told, Skip)
    assert reason in told.reason


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (HEAD,),
        (HEAD, "1,nan,a,b"),
        (HEAD, "1,0.0,a,b"),
        (HEAD, "1,inf,a,b"),
        (HEAD, "1,quick,a,b"),
        (HEAD.replace("inference_time", "time"), "1,0.1,a,b"),
        (HEAD, "1,0.1,a,b", "1,0.1,a,b"),
    ],
)
def test_a_summary_that_is_not_understood_is_no_estimate(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    """Another version's columns, no number, nothing, or several."""
    told = estimated(tmp_path, ON_NPU, *lines)

    assert isinstance(told, Skip)
    assert "not measured" == told.status


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_an_estimate_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, said: str, summary: str
) -> None:
    """No other error."""
    folder = tmp_path_factory.mktemp("vela")
    (folder / "a_summary_x.csv").write_text(summary, "utf-8")

    assert isinstance(vela._estimate(said, [folder / "a_summary_x.csv"]), Skip)


@needs_vela
def test_vela_estimates_integers_on_every_npu(tmp_path: Path) -> None:
    """A time for each, by its own clock; of floats nothing, with the reason."""
    told = vela.estimates(engine_files.bytes_(tmp_path))

    assert list(vela.NPUS) == list(told)
    for estimate in told.values():
        assert not isinstance(estimate, Skip), estimate
        assert 1e-7 < estimate[0] < 1e-3
        assert " MHz, Ethos_U" in estimate[1]
    floats = vela.estimate(engine_files.floats(tmp_path), vela.NPUS[0])
    assert isinstance(floats, Skip)
    assert "no operator fits the NPU" in floats.reason
    assert [] == [each for each in tmp_path.iterdir() if each.suffix != ".tflite"]


@needs_vela
def test_a_file_that_vela_cannot_read_is_no_estimate(tmp_path: Path) -> None:
    """Its last line is the reason."""
    path = tmp_path / "torn.tflite"
    path.write_bytes(b"\0\0\0\0TFL3" + b"torn" * 99)
    told = vela.estimate(path, vela.NPUS[0])

    assert isinstance(told, Skip)
    assert told.reason.startswith("Vela failed: ")
    assert 1 == len(told.reason.splitlines())


def test_vela_is_not_waited_for_endlessly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that it works on for ever has no estimate."""

    def run(*_: object, timeout: float, **__: object) -> Any:
        raise subprocess.TimeoutExpired("vela", timeout)

    monkeypatch.setattr(
        vela, "subprocess", SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)
    )
    told = vela.estimate(tmp_path / "model.tflite", vela.NPUS[0], seconds=3)

    assert isinstance(told, Skip)
    assert "did not end within 3 s" in told.reason


def test_without_vela_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For every NPU; nothing is run."""
    monkeypatch.setattr(vela.packages, "missing", lambda package: f"{package} is not installed")

    for told in vela.estimates(tmp_path / "model.tflite").values():
        assert Skip("ethos-u-vela is not installed") == told
