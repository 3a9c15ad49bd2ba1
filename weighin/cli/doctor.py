"""What `weighin doctor` finds: facts, data sets, what is missing, what can be told apart."""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Mapping
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
from weighin.records import store
from weighin.report import units
from weighin.subprocesses import SubprocessError, run_module
from weighin.targets import machine, state

# Needed by two exports, by one task, and by TensorFlow from 2.16 on (which `versions` knows)
NOT_ALWAYS = ("litert-quantizer", "faster-coco-eval", "tf-keras")


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
        ["TensorFlow sees", devices],
        ["cache", f"{cache.folder}: {artifacts} artifacts, {units.size(total)}"],
        *(["calibration", each.summary()] for each in known.values()),
        *([] if known else [["calibration", "none: weighin doctor --calibrate"]]),
    ]
    availability = {name: found(name, search) for name in registry.datasets}
    needed = [name for name in packages.PACKAGES if name not in NOT_ALWAYS]
    own, others = _lacking(availability)
    told = (
        *map(packages.missing, needed),
        versions.conflict_here(),
        problem,
        _unwritable(cache.folder, "the cache: choose another by WEIGHIN_CACHE_DIR"),
        _unwritable(store.LOCAL, "results: choose another folder by --weighin-results-dir"),
        *own,
    )
    mends = [mend for mend in told if mend]
    unsteady = state.mends(state.read())
    lines = [
        tabulate(facts, tablefmt="plain", disable_numparse=True),
        "\nengines:",
        indented(tabulate(_engines(), tablefmt="plain", disable_numparse=True)),
        "\ndata sets:",
        indented(tabulate(list(availability.items()), tablefmt="plain", disable_numparse=True)),
        *(["\nmodels beside the main job's that cannot be trained:"] if others else []),
        *map(indented, others),
        *(["\nwhat makes times unsteady here:"] if unsteady else []),
        *map(indented, unsteady),
        "\n" + ("\n".join(mends) if mends else "nothing that the main job needs is missing"),
        *_open_to_others(cache),
    ]
    return "\n".join(lines), not mends


def _engines() -> list[tuple[str, str, str]]:
    """Each runtime, what it opens, and whether it can be used here or why not."""
    return [
        (
            runtime.name,
            ", ".join(f".{format}" for format in runtime.formats),
            runtime.available() or "can be used here",
        )
        for runtime in registry.runtimes.values()
    ]


def _lacking(availability: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Which models have no data here: the main job's, and the others.

    Args:
        availability: what `found` says of each data set.
    """
    suite = next(iter(registry.suites.values()), None)
    own: list[str] = []
    others: list[str] = []
    for name in registry.models:
        profiles = registry.models[name].profiles
        is_own = suite is not None and name in suite.models and suite.profile in profiles
        asked = [suite.profile] if suite is not None and is_own else list(profiles)
        for dataset in dict.fromkeys(profiles[profile].dataset for profile in asked):
            said = availability.get(dataset, "not found, registered nowhere")
            if said.startswith("not found") and "will try to download" not in said:
                lacks = f"model {name} lacks its data set: {dataset}, {said}"
                (own if is_own else others).append(lacks)
    return own, others


def _unwritable(folder: Path, what: str) -> str | None:
    """That a folder cannot be written, or made; None if it can."""
    nearest = folder.absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return None
    return f"{folder} cannot be written for {what}"


def _open_to_others(cache: Cache) -> list[str]:
    """That others may write to the cache, whose files are run, and the command that ends it."""
    folders = cache.open_to_others()
    if not folders:
        return []
    places = " ".join(shlex.quote(str(folder)) for folder in folders)
    return [
        f"others may write to the cache, or own it, and so change what is measured: "
        f"chmod go-w {places} (as its owner; or choose another by WEIGHIN_CACHE_DIR)"
    ]


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
    counts = f"{loaded.training_examples:,} + {len(loaded.test):,} {loaded.examples}"
    return f"{counts}, checked ({loaded.digest[:12]})"


def calibrate(cache: Cache, seconds: float, artifact: Path | None, threads: int = 1) -> str:
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
        threads=threads,
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
