"""What `weighin doctor` finds: facts, data sets, what is missing, what can be told apart."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from tabulate import tabulate

from weighin import packages, registry
from weighin.build.cache import Cache
from weighin.core import WeighinError
from weighin.datasets import loading
from weighin.datasets.loading import NotPreparedError
from weighin.datasets.search import SearchPaths
from weighin.formats.tflite import read_tflite
from weighin.frameworks import versions
from weighin.measure import calibration
from weighin.measure.calibration import Calibration
from weighin.report import units
from weighin.subprocesses import SubprocessError, run_module
from weighin.targets import machine

# Needed by one export, by one task, and by TensorFlow from 2.16 on (which `versions` knows)
NOT_ALWAYS = ("ai-edge-quantizer", "faster-coco-eval", "tf-keras")


def examine(cache: Cache, search: SearchPaths) -> tuple[str, bool]:
    """A report on this machine, and whether all that the main job needs is there."""
    here = machine.facts()
    artifacts, total = cache.size()
    devices, problem = _devices()
    known = calibration.load(cache)
    facts = [
        ["processor", f"{here['cpu']}, {here['cores']} usable cores"],
        ["features", " ".join(here["cpu_features"]) or "none that matter"],
        ["memory", units.size(here["memory_bytes"])],
        ["system", f"{here['system']} ({here['architecture']})"],
        *([name, version or "none"] for name, version in packages.packages().items()),
        ["devices", devices],
        ["cache", f"{cache.folder}: {artifacts} artifacts, {units.size(total)}"],
        ["calibration", known.summary() if known else "none: weighin doctor --calibrate"],
    ]
    found_sets = [[name, found(name, search)] for name in registry.datasets]
    needed = [name for name in packages.PACKAGES if name not in NOT_ALWAYS]
    told = (*map(packages.missing, needed), versions.conflict_here(), problem)
    mends = [mend for mend in told if mend]
    lines = [
        tabulate(facts, tablefmt="plain", disable_numparse=True),
        "\ndata sets:",
        indented(tabulate(found_sets, tablefmt="plain", disable_numparse=True)),
        "\n" + ("\n".join(mends) if mends else "nothing that the main job needs is missing"),
    ]
    return "\n".join(lines), not mends


def found(name: str, search: SearchPaths) -> str:
    """Whether a data set can be loaded here without a download."""
    try:
        loaded = loading.load(name, dataclasses.replace(search, offline=True, looking=True))
    except NotPreparedError as error:
        return str(error)
    except WeighinError as error:
        refused = [line.strip() for line in str(error).splitlines() if "refused" in line]
        if not search.offline and "keras.datasets" in str(error):
            refused.append("keras.datasets will try to download it")
        return "; ".join(["not found", *refused])
    counts = f"{len(loaded.train):,} + {len(loaded.test):,} {loaded.examples}"
    return f"{counts}, checked ({loaded.digest[:12]})"


def calibrate(cache: Cache, seconds: float, artifact: Path | None) -> str:
    """Run the trials, keep their outcome in the cache, say what was found.

    Raises:
        WeighinError: if there is no artifact to run, or the cache cannot be written.
    """
    path = artifact or calibration.any_float_artifact(cache)
    graph, generator = read_tflite(path), np.random.default_rng(0)
    example = {
        name: generator.random(graph.tensors[number].shape, dtype=np.float32)
        for name, number in graph.inputs_by_name().items()
    }
    cache.make_folders()
    console = Console(stderr=True)
    ticks = iter(
        track(
            range(calibration.AA_TRIALS + calibration.SLOW_TRIALS),
            "calibrating",
            console=console,
            disable=not console.is_terminal,
        )
    )
    measured: Calibration = calibration.calibrate(
        registry.runtimes["litert"],
        path,
        example,
        seconds=seconds,
        progress=lambda: next(ticks, None),
    )
    calibration.save(cache, measured)
    return measured.summary()


def indented(text: str) -> str:
    """Each line two spaces in, without trailing blanks."""
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


def _devices() -> tuple[str, str]:
    """The devices that TensorFlow sees, asked in a process of its own, and what is wrong."""
    if packages.missing(versions.TENSORFLOW):
        return "unknown", ""
    try:
        return run_module("weighin.frameworks.process").decode().strip(), ""
    except SubprocessError as error:
        mend = "pip install --force-reinstall 'weighin[keras]'"
        return "unknown", f"TensorFlow does not start: {error}. {mend}"
