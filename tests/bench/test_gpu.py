"""The script for a GPU machine, run without one: a CPU stands in the GPU's place."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import needing

from weighin.records import store

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "bench" / "gpu.sh"


def weighed(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script into a folder, on one small model that nothing is trained of."""
    told = {
        "VENV": sys.prefix,
        "MODELS": "mobilenet_v1_025_96",
        "PYTEST_ADDOPTS": "-k latency",
        "WEIGHIN_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [str(SCRIPT), str(folder / "records"), "--variants", "baseline", *words],
        env=os.environ | told | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@needing.tensorflow
def test_what_can_be_used_is_weighed_and_the_rest_is_named(tmp_path: Path) -> None:
    """A GPU that is not there: its reason, the other rows all the same, and an exit code."""
    if Path("/proc/driver/nvidia/gpus").is_dir():
        pytest.skip("there is a GPU here")
    done = weighed(tmp_path, RUNTIMES="litert,keras-cpu,keras-gpu")

    assert 3 == done.returncode, done.stdout + done.stderr
    assert "keras-gpu: no NVIDIA GPU here" in done.stderr
    (path,) = (tmp_path / "records").glob("*-gpu.json")
    rows = {r.runtime for r in store.load(path).records if r.metric == "latency" and r.value}
    assert {"litert", "keras-cpu"} == rows
    assert f"kept in {tmp_path / 'records'}" in done.stdout


def test_nothing_that_can_be_used_is_an_exit_code(tmp_path: Path) -> None:
    """Nothing is built where no runtime is to be had."""
    if Path("/proc/driver/nvidia/gpus").is_dir():
        pytest.skip("there is a GPU here")
    done = weighed(tmp_path, RUNTIMES="keras-gpu")

    assert 3 == done.returncode
    assert "keras-gpu: " in done.stderr
    assert not list((tmp_path / "records").glob("*.json"))


def test_without_a_folder_it_says_how_it_is_called() -> None:
    """The head of the script is its help."""
    done = subprocess.run([str(SCRIPT)], capture_output=True, text=True, check=False)

    assert 2 == done.returncode
    assert "bench/gpu.sh FOLDER" in done.stderr
