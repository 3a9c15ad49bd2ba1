"""Agents in processes of their own, whole and faulty ones, and files to ask them about."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from helpers.finished import part, write

import weighin
from weighin.build.finished import FinishedFiles
from weighin.build.keys import BuildContext
from weighin.core import Artifact, Case
from weighin.devices.device import Device
from weighin.devices.settings import Entry
from weighin.measure.target import Opening, ThisMachine

ROOT = Path(weighin.__file__).resolve().parent.parent
FAULTY = ROOT / "tests" / "helpers" / "faulty_agent.py"
SILENT = 20.0  # seconds; an agent starts within one


def command(cache: Path, *words: str) -> tuple[str, ...]:
    """What runs a real agent that keeps its files in a folder."""
    agent = ("-m", "weighin", "agent", "--cache-dir", str(cache), *words)
    return ("env", f"PYTHONPATH={ROOT}", sys.executable, *agent)


def faulty(fault: str, cache: Path) -> tuple[str, ...]:
    """What runs an agent with a fault, one of `helpers.faulty_agent`."""
    return ("env", f"PYTHONPATH={ROOT}", sys.executable, str(FAULTY), fault, str(cache))


def device(words: Sequence[str], timeout: float = SILENT, name: str = "box") -> Device:
    """A device whose agent is run by these words."""
    return Entry(name, tuple(words), timeout).device()


def artifact(folder: Path, name: str = "a.tflite", size: int = 6) -> Artifact:
    """A file with one dense layer of `size` numbers to three."""
    weights = np.random.default_rng(size).normal(size=(3, size)).astype(np.float32)
    path = write(folder / name, part(weights=weights))
    context = BuildContext(SimpleNamespace(), None, ())  # type: ignore[arg-type]  # nothing is asked
    case = Case(path.stem, "d", "baseline", 0, "tflite")
    return FinishedFiles.read(context, [path], "d").of(case)


def examples(of: Artifact, n: int = 4) -> dict[str, np.ndarray]:
    """Inputs for a file, by the names of its signature."""
    generator = np.random.default_rng(n)
    return {
        port.name: generator.random((n, *port.shape), dtype=np.float32)
        for port in of.signature.inputs
    }


def opening(of: Artifact, runtime: str = "litert") -> Opening:
    """How a file is opened to be timed, with what it answers here."""
    example = examples(of, 1)
    session = ThisMachine().open(of, runtime, 1)
    answer = session.predict(example)
    session.close()
    return Opening(of, runtime, 1, example, answer)
