"""Agents in processes of their own, whole and faulty ones, and files to ask them about."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
from helpers.finished import part, write

import weighin
from weighin.build.finished import FinishedFiles
from weighin.build.keys import BuildContext
from weighin.core import Artifact, Case
from weighin.devices.device import Device
from weighin.devices.operations import Operations
from weighin.devices.settings import Entry
from weighin.measure.target import Opening, ThisMachine

Spoil = Callable[[str, dict[str, Any], bytes], tuple[dict[str, Any], bytes]]
ROOT = Path(weighin.__file__).resolve().parent.parent
FAULTY = ROOT / "tests" / "helpers" / "faulty_agent.py"
SILENT = 20.0  # seconds; an agent starts within one


def command(cache: Path, *words: str) -> tuple[str, ...]:
    """What runs a real agent that keeps its files in a folder."""
    agent = ("-m", "weighin", "agent", "--cache-dir", str(cache), *words)
    return ("env", f"PYTHONPATH={ROOT}", sys.executable, *agent)


def faulty(fault: str) -> tuple[str, ...]:
    """What runs an agent whose link has a fault, one of `helpers.faulty_agent`."""
    return ("env", f"PYTHONPATH={ROOT}", sys.executable, str(FAULTY), fault)


class InProcess:
    """A transport to operations in this process, which a test may spoil.

    Attributes:
        spoil: given the operation's name and what was replied, gives what comes instead.
        asked: the operations, in order.
    """

    def __init__(self, folder: Path, spoil: Spoil | None = None) -> None:
        """Keep files in a folder."""
        self.operations, self.spoil = Operations(folder), spoil
        self.asked: list[str] = []

    def ask(
        self, message: Mapping[str, Any], content: bytes = b"", *, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """As of a transport; messages go through JSON."""
        self.asked.append(message["operation"])
        told = msgspec.json.decode(msgspec.json.encode(message))
        reply, arrays = self.operations.perform(told, content)
        reply = msgspec.json.decode(msgspec.json.encode(reply))
        return self.spoil(message["operation"], reply, arrays) if self.spoil else (reply, arrays)

    def close(self) -> None:
        """Close its sessions."""
        self.operations.close()


def spoilt(folder: Path, spoil: Spoil | None = None) -> Device:
    """A device whose agent is in this process, and spoilt."""
    return Device("box", lambda: InProcess(folder, spoil))


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
