"""Runs that are killed at any moment, and what is then on disk.

PYTHONPATH=.:tests python -m helpers.killing TRIALS [SEED]
"""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from helpers.support import ENVIRONMENT, record, results_of

from weighin.build.cache import Cache
from weighin.cli import main
from weighin.core import Record, Results
from weighin.records import store
from weighin.records.recorder import Recorder

FIGURES = 30  # of a run
SECONDS = 0.25  # within which it is killed
WRITES = "writes"  # the word by which this program is the run that is to be killed


def figure(number: int) -> Record:
    """One of a run's figures; its samples tell whether it is whole."""
    samples = tuple(number + at / 1000 for at in range(200))
    return record("latency", samples[0], samples[0], samples[-1], seed=number, samples=samples)


def planned() -> Results:
    """What a run says before it measures."""
    blanks = [record("latency", status="not measured", seed=each) for each in range(FIGURES)]
    return results_of(ENVIRONMENT, blanks)


def write(folder: Path) -> None:
    """Run after run, without end: build files, measure, lay the records together."""
    cache = Cache(folder / "cache")
    for number in itertools.count():
        recorder = Recorder(folder / "results", "run", planned())
        answers = {"outputs": np.arange(5000.0)}
        cache.put({"number": number}, "tflite", bytes(50_000), answers, 1.0)
        recorder.plan(planned())
        if not number:
            print("begun", flush=True)  # noqa: T201
        for each in range(FIGURES):
            recorder.append([figure(each)])
        recorder.finish(results_of(ENVIRONMENT, [figure(each) for each in range(FIGURES)]))


def killed(folder: Path, seconds: float, environment: Mapping[str, str] | None = None) -> None:
    """Let a process write there, and kill it so long after it has begun."""
    command = [sys.executable, "-m", "helpers.killing", WRITES, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)


def faults(folder: Path) -> tuple[list[str], Counter[str]]:
    """What is wrong with what is on disk, and how much of what there was.

    Records that were appended are whole, and all that came before the last of them are there; every
    command reads the file. What the cache shows is as it was written.
    """
    wrong, seen = [], Counter[str]()
    for path in sorted((folder / "results").glob("*.json")):
        results = store.load(path)
        measured = [each for each in results.records if each.status == "ok"]
        if measured != [figure(each) for each in range(len(measured))]:
            wrong.append(f"{path.name}: a record is not as it was measured")
        if not results.broken_off and len(measured) < FIGURES:
            wrong.append(f"{path.name}: {len(measured)} records of a run that was not broken off")
        if results.broken_off and CliRunner().invoke(main, ["table", str(path)]).exit_code:
            wrong.append(f"{path.name}: no table of it")
        seen["broken off" if results.broken_off else "finished"] += 1
    cache = Cache(folder / "cache")
    for artifact in (folder / "cache" / "artifacts").glob("[!.]*"):
        seen["artifacts"] += 1
        if cache.get(artifact.name) is None:
            wrong.append(f"artifact {artifact.name} is damaged")
    return wrong, seen


def trials(
    count: int, seed: int, environment: Mapping[str, str] | None = None
) -> tuple[list[str], Counter[str]]:
    """The faults of so many killed processes, and what they left."""
    wrong, seen = [], Counter[str]()
    for number in range(count):
        with tempfile.TemporaryDirectory() as name:
            chance = random.Random(f"{seed} {number}")
            killed(Path(name), chance.uniform(0, SECONDS), environment)
            of_this, left = faults(Path(name))
            wrong += [f"trial {number}: {fault}" for fault in of_this]
            seen += left
    return wrong, seen


if __name__ == "__main__":
    if sys.argv[1] == WRITES:
        write(Path(sys.argv[2]))
    given = [int(word) for word in sys.argv[1:]]
    wrong, seen = trials(given[0], given[1] if len(given) > 1 else 0)
    told = ", ".join(f"{count} {what}" for what, count in seen.items())
    print("\n".join([*wrong, f"{given[0]} trials: {told}; {len(wrong)} faults"]))  # noqa: T201
    sys.exit(bool(wrong))
