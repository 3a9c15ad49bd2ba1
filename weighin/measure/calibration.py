"""What this machine can tell apart: pairs of one file against itself, and against 5 % more work.

The outcome is kept in the cache folder and stored with the environment of every later run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weighin import packages, registry
from weighin.build.cache import Cache
from weighin.core import USUAL_FORMAT, Arrays, Runtime, WeighinError
from weighin.files import replacing
from weighin.measure import paired
from weighin.measure.paired import Side
from weighin.outcomes import Pair
from weighin.stats import SMALLEST_SPEEDUP, SPEED_CONFIDENCE, speed_verdict, typical_ratio
from weighin.targets import machine

AA_TRIALS, SLOW_TRIALS = 200, 100
UNITS = 20  # inferences in one call; 21 of them are 5 % more work
KEPT = "calibration.json"
METHOD = 2  # of measuring pairs and calling them: what another has found says nothing of this one
LARGE_BYTES = 4_000_000  # of a file of which 20 inferences take longer than a block should


@dataclass(frozen=True)
class Calibration:
    """What trials on this machine found, at one budget of seconds a pair.

    Attributes:
        aa_trials: pairs of one file against itself.
        false_alarms: how many of them were called faster or slower.
        slow_trials: pairs in which the second does 5 % more work.
        found: how many of them were called slower.
        smallest_speedup: the smallest speed-up, as 0.03 for 3 %, that 95 % of pairs would find;
            None if there is none, since too many pairs were left without an interval.
        session_spread: how far two sessions of one file lie apart, 95 % of the time.
        pair_seconds: the budget of a pair.
        pinned: whether pairs ran on one core.
        threads: of a session.
    """

    aa_trials: int
    false_alarms: int
    slow_trials: int
    found: int
    smallest_speedup: float | None
    session_spread: float
    pair_seconds: float
    pinned: bool
    threads: int = 1

    def summary(self) -> str:
        """One line for people."""
        return (
            f"{self.false_alarms} false alarms in {self.aa_trials} A/A trials; 5 % more work found "
            f"in {self.found} of {self.slow_trials}; smallest speed-up told from 1: "
            f"{told(self.smallest_speedup)}; two openings of one file lie up to "
            f"{self.session_spread * 100:.1f} % apart; {self.threads} "
            f"thread{'' if self.threads == 1 else 's'}, up to {self.pair_seconds:g} s a pair"
            f"{', pinned to one core' if self.pinned else ''}"
        )


def told(speedup: float | None) -> str:
    """The smallest speed-up in words."""
    return "none" if speedup is None else f"{speedup * 100:.1f} %"


def calibrate(
    runtime: Runtime,
    path: Path,
    example: Arrays,
    *,
    seconds: float,
    threads: int = 1,
    aa_trials: int = AA_TRIALS,
    slow_trials: int = SLOW_TRIALS,
    progress: Callable[[], object] = lambda: None,
) -> Calibration:
    """Run A/A trials and trials with 5 % more work.

    Args:
        runtime: opens the file.
        path: the artifact that is run against itself.
        example: inputs by name, each `(1, …)`.
        seconds: budget of a pair, as in the runs to be calibrated.
        threads: of a session, likewise.
        aa_trials: of the file against itself.
        slow_trials: with 5 % more work on one side.
        progress: told after each trial.
    """
    aa: list[Pair] = []
    slow: list[Pair] = []
    for trials, pile, units in ((aa_trials, aa, (1, 1)), (slow_trials, slow, (UNITS, UNITS + 1))):
        first, second = (_side(runtime, path, example, repeats, threads) for repeats in units)
        for _ in range(trials):
            pile.append(paired.measure(first, second, seconds=seconds, pin=threads == 1))
            progress()
    alarms = sum(speed_verdict(pair.ratios) in ("faster", "slower") for pair in aa)
    detected = sum(speed_verdict(pair.ratios) == "slower" for pair in slow)
    return Calibration(
        aa_trials=aa_trials,
        false_alarms=alarms,
        slow_trials=slow_trials,
        found=detected,
        smallest_speedup=_smallest_speedup(aa),
        session_spread=_session_spread(aa),
        pair_seconds=seconds,
        pinned=all(pair.pinned for pair in aa),
        threads=threads,
    )


def save(cache: Cache, calibration: Calibration) -> Path:
    """Keep a calibration for later runs on this machine, beside those of other threads."""
    path = cache.folder / KEPT
    kept = {**load(cache), calibration.threads: calibration}
    entry = {"machine": _key(), "calibrations": [asdict(each) for each in kept.values()]}
    with replacing(path) as partial:
        partial.write_text(json.dumps(entry, indent=1), "utf-8")
    return path


def load(cache: Cache) -> dict[int, Calibration]:
    """What was kept of this very machine, version and way of measuring, by threads."""
    try:
        entry = json.loads((cache.folder / KEPT).read_text("utf-8"))
        if entry["machine"] != _key():
            return {}
        kept = [Calibration(**each) for each in entry["calibrations"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {each.threads: each for each in kept}


def any_float_artifact(cache: Cache) -> Path:
    """The largest unquantized .tflite in the cache that is not too slow; of slow ones the smallest.

    Raises:
        WeighinError: if there is none yet.
    """
    artifacts = []
    for entry_path in cache.folder.glob("artifacts/[!.]*/provenance.json"):
        try:
            entry = json.loads(entry_path.read_text("utf-8"))
            if entry["provenance"]["stage"] == registry.formats[USUAL_FORMAT].plain:
                artifacts.append((entry["bytes"], entry_path.with_name(f"model.{USUAL_FORMAT}")))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    if not artifacts:
        raise WeighinError(
            f"Nothing to calibrate with: no float32 .tflite in {cache.folder}. Run "
            f"pytest bench/ --benchmark-only first, or name a file by --artifact."
        )
    quick = [artifact for artifact in artifacts if artifact[0] <= LARGE_BYTES]
    return max(quick)[1] if quick else min(artifacts)[1]


def _side(runtime: Runtime, path: Path, example: Arrays, repeats: int, threads: int) -> Side:
    """A session whose one call is so many inferences."""

    def open_side() -> tuple[Callable[[], Any], Callable[[], None]]:
        session = runtime.open(path, threads)
        call, laps = session.inference(example), range(repeats)
        call()

        def several() -> None:
            for _ in laps:
                call()

        return (call if repeats == 1 else several), session.close

    return open_side


def _smallest_speedup(aa: list[Pair]) -> float | None:
    """Smallest true speed-up at which 95 % of these pairs would have been called.

    A pair that measured r in [low, high] on equal sessions would have measured f·r in
    [f·low, f·high] on sessions f apart: called if f·low > 1 and f·r is no trifle.
    """
    sure = [typical_ratio(pair.ratios, SPEED_CONFIDENCE) for pair in aa]
    needed = [
        max(1 / each.low, (1 + SMALLEST_SPEEDUP) / each.value) if each.low else math.inf
        for each in sure
    ]
    smallest = float(np.quantile(needed, paired.POWER, method="higher")) - 1 if needed else math.inf
    return smallest if smallest < math.inf else None


def _session_spread(aa: list[Pair]) -> float:
    logs = [abs(math.log(ratio)) for pair in aa for ratio in pair.ratios]
    return math.expm1(float(np.quantile(logs, paired.POWER))) if logs else math.nan


def _key() -> dict[str, Any]:
    """What must be the same for a calibration to hold."""
    litert = packages.version("ai-edge-litert")
    return {"machine": machine.facts(), "litert": litert, "method": METHOD}
