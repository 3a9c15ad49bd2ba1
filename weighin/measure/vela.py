"""What Arm's compiler Vela estimates of a file on Ethos-U NPUs: a calculation, no measurement.

Vela lays a graph out for an NPU and adds up cycles by a model of it; that model supposes a clock
and memories, by default those of its `internal-default` system.
"""

from __future__ import annotations

import csv
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from weighin import packages
from weighin.core import Skip

NPUS = ("ethos-u55-128", "ethos-u55-256", "ethos-u65-256", "ethos-u65-512", "ethos-u85-256")
SECONDS = 120.0  # that it may take for one NPU
_MAIN = "import sys; from ethosu.vela.vela import main; sys.exit(main())"
_PLACED = re.compile(r"^(CPU|NPU) operators = (\d+)", re.MULTILINE)
Estimate = tuple[float, str]


def estimates(path: Path) -> dict[str, Estimate | Skip]:
    """What Vela estimates for each NPU: seconds and what it supposes, or why there is none.

    Args:
        path: a .tflite file.
    """
    if missing := packages.missing("ethos-u-vela"):
        return dict.fromkeys(NPUS, Skip(missing))
    return {npu: estimate(path, npu) for npu in NPUS}


def estimate(path: Path, npu: str, seconds: float = SECONDS) -> Estimate | Skip:
    """What Vela estimates for one NPU."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", _MAIN, str(path.resolve())]
        command += ["--accelerator-config", npu, "--output-dir", folder]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                cwd=folder,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Skip(f"Vela did not end within {seconds:g} s", "not measured")
        said = done.stdout.decode(errors="replace")
        if done.returncode:
            errors = done.stderr.decode(errors="replace") or said
            last = (errors.strip().splitlines() or ["no message"])[-1]
            return Skip(f"Vela failed: {last[:200]}", "not measured")
        return _estimate(said, sorted(Path(folder).glob("*_summary_*.csv")))


def _estimate(said: str, summaries: list[Path]) -> Estimate | Skip:
    """The seconds of Vela's summary, if all operators run on the NPU."""
    placed = {where: int(count) for where, count in _PLACED.findall(said)}
    if set(placed) != {"CPU", "NPU"} or len(summaries) != 1:
        return Skip("what Vela says is not understood: another version?", "not measured")
    if not placed["NPU"]:
        return Skip("no operator fits the NPU: it computes with integers of 8 and 16 bits")
    if placed["CPU"]:
        total = sum(placed.values())
        return Skip(
            f"{placed['CPU']} of {total} operators stay on the CPU beside the NPU, whose time Vela "
            f"does not estimate"
        )
    with summaries[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        (row,) = rows
        seconds, clock = float(row["inference_time"]), float(row["core_clock"])
        supposed = (
            f"Vela {packages.version('ethos-u-vela')}: {clock / 1e6:.0f} MHz, "
            f"{row['system_config']}, {row['memory_mode']}"
        )
    except (ValueError, KeyError):
        return Skip("Vela's summary is not understood: another version?", "not measured")
    if not 0 < seconds < math.inf:
        return Skip("Vela estimates no time", "not measured")
    return seconds, supposed
