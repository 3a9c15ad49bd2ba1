"""What a run was asked to do, checked."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weighin import registry
from weighin.core import Suite, WeighinError, nearest
from weighin.core.case import engine_parts
from weighin.devices import settings as devices_files
from weighin.devices.settings import DevicesFile
from weighin.report import gates
from weighin.report.gates import Gate, Mode
from weighin.targets.machine import usable_cores

_ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:\d+")
THREADS = 512  # more than any machine has cores; the interpreter crashes on very many


@dataclass(frozen=True)
class Settings:
    """The options of one run.

    Attributes:
        suite: what is weighed, with what the options put in place of the suite's own.
        definitions: files and folders that register models and suites.
        runtimes: engines to run on: names of runtimes, or `litert@pi5` on a device.
        is_choice: whether somebody named the runtimes; the usual ones else.
        threads: numbers of threads of a session.
        gates: bounds that figures must keep.
        mode: how gates are judged.
        pair_seconds: that a pair may take.
        margin: difference of two shares that does not matter.
        workers: build processes, 0 for one per core.
        cluster: address of the cluster that builds and measures, or `local`; empty for none.
        quiet: names of the cluster's workers that measure.
        results_dir: where records are written.
        cache_dir: where artifacts are kept, if not in the usual place.
        data_dir: where data are looked for first, if anywhere.
        devices: the user's devices file, as far as it is needed.
        resume: a results file of this run's beginning, whose figures are taken over.
    """

    suite: Suite
    definitions: tuple[Path, ...]
    runtimes: tuple[str, ...]
    threads: tuple[int, ...]
    gates: tuple[Gate, ...]
    mode: Mode
    pair_seconds: float
    margin: float
    workers: int
    results_dir: Path
    cache_dir: str | None
    data_dir: str | None
    devices: DevicesFile = field(default_factory=DevicesFile)
    cluster: str = ""
    quiet: tuple[str, ...] = ()
    is_choice: bool = True
    resume: Path | None = None

    def target(self, model: str) -> str:
        """Where a model is measured where nothing else is said: here, or on one quiet worker."""
        if not self.quiet:
            return ""
        at = self.suite.models.index(model) if model in self.suite.models else 0
        return self.quiet[at % len(self.quiet)]


@dataclass(frozen=True)
class Options:
    """How options are called where a user gives them, for messages."""

    prefix: str = "--weighin-"

    def checked_numbers(self, pair_seconds: float, margin: float, workers: int, seeds: int) -> None:
        """Refuse numbers that mean nothing.

        Raises:
            WeighinError: naming the option.
        """
        if not 0 < pair_seconds < math.inf or not 0 <= margin < math.inf:
            raise WeighinError(
                f"{self.prefix}pair-seconds, {self.prefix}margin: wanted numbers above 0."
            )
        if workers < 0:
            raise WeighinError(
                f"{self.prefix}workers {workers}: wanted a number from 1, or 0 for one per core."
            )
        if seeds < 1:
            raise WeighinError(f"{self.prefix}seeds {seeds}: wanted a number from 1.")

    def cluster(self, text: str) -> str:
        """The address of a cluster's scheduler, or `local`; empty if none is named.

        Raises:
            WeighinError: if it is none.
        """
        if text and text != "local" and not _ADDRESS.fullmatch(text):
            raise WeighinError(
                f"{self.prefix}cluster {text}: wanted the address of a Dask scheduler, as "
                f"tcp://host:8786, or local for worker processes of this machine."
            )
        return text

    def threads(self, text: str) -> tuple[int, ...]:
        """Numbers of threads: `1,2`.

        Raises:
            WeighinError: if they are none.
        """
        words = split(text)
        if not words or not all(word.isdecimal() and int(word) for word in words):
            raise WeighinError(f"{self.prefix}threads {text}: wanted numbers from 1, as 1,2.")
        if max(map(int, words)) > THREADS:
            raise WeighinError(
                f"{self.prefix}threads {text}: no more than {THREADS}; this machine has "
                f"{usable_cores()} cores."
            )
        return tuple(dict.fromkeys(map(int, words)))


def runtimes(
    chosen: Sequence[str], devices: DevicesFile | None = None, formats: Collection[str] = ()
) -> tuple[str, ...]:
    """The engines that are chosen: runtimes, or `litert@pi5`; all usual ones if none are.

    Args:
        chosen: as a user names them.
        devices: the devices that there are.
        formats: of files that are asked for by name: of those that no usual runtime opens, the
            runtimes that are made for them run too.

    Raises:
        WeighinError: if a runtime or a device is unknown.
    """
    known = registry.runtimes.values()
    opened = {format for each in known if not each.on_request for format in each.formats}
    needed = set(formats) - opened
    usual = [each.name for each in known if not each.on_request or each.formats[0] in needed]
    for engine in chosen:
        runtime, device = engine_parts(engine)
        _ = registry.runtimes[runtime]
        if "@" in engine:
            (devices or DevicesFile()).entry(device)
    return tuple(dict.fromkeys(chosen or usual))


def devices_file(chosen: Sequence[str], named: Path | None) -> DevicesFile:
    """The devices file, read where it is named or an engine is on a device.

    Raises:
        WeighinError: if it cannot be read, or has a mistake.
    """
    needed = named is not None or any("@" in engine for engine in chosen)
    return devices_files.read(named) if needed else DevicesFile()


def parsed_gates(texts: Sequence[str]) -> tuple[Gate, ...]:
    """Gates as they are written, checked against the metrics that there are.

    Raises:
        WeighinError: if one is not understood, has a bound that is none for its metric, or would
            check nothing.
    """
    parsed, metrics = tuple(gates.parse(text) for text in texts), registry.catalogue()
    for gate in parsed:
        if gate.metric not in metrics:
            near = nearest(gate.metric, metrics)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(metrics)}."
            raise WeighinError(f"Gate {gate.text!r}: there is no metric {gate.metric!r}: {hint}")
    gates.check(parsed, metrics)
    return parsed


def split(text: str) -> list[str]:
    """Split at commas outside parentheses; each word once."""
    words = (word.strip() for word in re.split(r",(?![^()]*\))", text))
    return list(dict.fromkeys(word for word in words if word))
