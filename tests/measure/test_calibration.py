"""Calibration: few trials on a real session, the formulas on pairs made by hand, and its file."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.flatbuffer import dense, write
from helpers.support import Clock

from weighin import packages
from weighin.build.cache import Cache
from weighin.core import Arrays, WeighinError
from weighin.measure import calibration, paired
from weighin.measure.calibration import Calibration, any_float_artifact, calibrate, load, save
from weighin.outcomes import Pair
from weighin.runtimes.litert import LiteRT
from weighin.stats import Interval
from weighin.targets import machine

MADE = Calibration(200, 9, 100, 97, 0.031, 0.057, 2.0, True)


class Session:
    """A session whose call takes as long as it was opened for."""

    delegated = None

    def __init__(self, clock: Clock, seconds: float) -> None:
        """Take so long on that clock."""
        self.clock, self.seconds = clock, seconds

    def predict(self, inputs: Arrays) -> Arrays:
        """Never asked."""
        raise AssertionError("nothing is to be predicted")

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """A call that passes the time."""

        def call() -> None:
            self.clock.now += self.seconds

        return call

    def answer(self) -> Arrays:
        """Never asked."""
        raise AssertionError("no answer is needed")

    def close(self) -> None:
        """Nothing is held."""


class Runtime(LiteRT):
    """Opens sessions of 1 ms, each a little off as `offs` says in turn."""

    def __init__(self, clock: Clock, *offs: float) -> None:
        """Use that clock; off by shares such as 0.01."""
        self.clock, self.offs, self.opened = clock, offs or (0.0,), 0

    def open(self, path: Path, threads: int) -> Session:
        """The next session."""
        self.opened += 1
        off = self.offs[self.opened % len(self.offs)]
        return Session(self.clock, 1e-3 * (1 + off))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that pairs are timed by."""
    made = Clock()
    monkeypatch.setattr(paired, "time", made)
    return made


def pair(value: float, low: float, high: float, *ratios: float, pinned: bool = True) -> Pair:
    """A pair that came to this."""
    return Pair(ratios, Interval(value, low, high), "within ±1 %", pinned)


def run(runtime: LiteRT, **options: Any) -> Calibration:
    """A calibration of three and two trials."""
    few = {"seconds": 1e9, "aa_trials": 3, "slow_trials": 2} | options
    return calibrate(runtime, Path("m.tflite"), {"x": np.zeros((1, 2), np.float32)}, **few)


def test_a_steady_machine_tells_all_apart(clock: Clock) -> None:
    """No false alarm, 5 % more work always found, and nothing but the trifle is too small."""
    found = run(Runtime(clock))

    assert (3, 0, 2, 2) == (
        found.aa_trials,
        found.false_alarms,
        found.slow_trials,
        found.found,
    )
    assert 0.02 == pytest.approx(found.smallest_speedup)
    assert 0.0 == pytest.approx(found.session_spread)


def test_five_per_cent_more_work_is_that(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A/A trials are of ratio 1, the others of 20 calls against 21."""
    measured = []
    real = paired.measure

    def watched(*sides: Any, seconds: float) -> Pair:
        measured.append(real(*sides, seconds=seconds))
        return measured[-1]

    monkeypatch.setattr(paired, "measure", watched)
    run(Runtime(clock))

    expected = [1.0, 1.0, 1.0, 20 / 21, 20 / 21]
    assert expected == pytest.approx([each.speedup.value for each in measured])


def test_progress_is_told_after_each_trial(clock: Clock) -> None:
    """Once for each A/A trial and each slower one."""
    told = []

    run(Runtime(clock), progress=lambda: told.append(clock.now))

    assert 5 == len(told) == len(set(told))


def test_sessions_that_differ_spread(clock: Clock) -> None:
    """Openings up to 6 % off show as a spread, and as speed-ups too small to be told."""
    found = run(Runtime(clock, 0.0, 0.06, 0.02, 0.04, 0.01), aa_trials=5)

    assert 0.02 < found.session_spread < 0.07
    assert found.smallest_speedup > 0.02


def test_a_calibration_of_a_real_file(tmp_path: Path) -> None:
    """Trials of LiteRT on a file: counts are of their trials, shares are finite."""
    path = write(tmp_path / "m.tflite", dense(64, 64))
    image = {"x": np.zeros((1, 64), np.float32)}

    found = calibrate(LiteRT(), path, image, seconds=0.01, aa_trials=3, slow_trials=2)

    assert 0 <= found.false_alarms <= found.aa_trials == 3
    assert 0 <= found.found <= found.slow_trials == 2
    assert -1 < found.smallest_speedup < math.inf
    assert 0 < found.session_spread < math.inf
    assert 0.01 == found.pair_seconds


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(1.0, 0.99, 1.01)], 0.02),
        ([(1.0, 0.95, 1.05)], 1 / 0.95 - 1),
        ([(0.97, 0.96, 0.98)], 1.02 / 0.97 - 1),
        ([(1.1, 1.05, 1.15)], 1 / 1.05 - 1),
    ],
)
def test_the_smallest_speedup_of_one_pair(
    found: list[tuple[float, float, float]], expected: float
) -> None:
    """What would have moved the interval beyond 1, and the ratio beyond a trifle."""
    made = [pair(*each) for each in found]
    assert expected == pytest.approx(calibration._smallest_speedup(made))


def test_the_smallest_speedup_is_found_by_95_of_100() -> None:
    """Of 101 pairs that need 1 % to 101 % more, 95 % would find 96 %."""
    made = [pair(1.0, 1 / (1 + at / 100), 2.0) for at in range(2, 103)]

    assert 0.97 == pytest.approx(calibration._smallest_speedup(made))


def test_the_spread_of_sessions_is_of_either_side() -> None:
    """A ratio of 0.5 is as far off as one of 2, and 95 % lie nearer than the spread."""
    assert 1.0 == pytest.approx(calibration._session_spread([pair(1, 1, 1, 0.5, 2.0)]))
    ratios = [1.0] * 96 + [5.0] * 4
    assert 0.0 == pytest.approx(calibration._session_spread([pair(1, 1, 1, *ratios)]))


def test_one_pair_that_was_not_pinned_is_told(clock: Clock, monkeypatch: Any) -> None:
    """Pinned is what all pairs were."""
    made = iter([pair(1, 0.9, 1.1, 1.0, pinned=at != 1) for at in range(5)])
    monkeypatch.setattr(paired, "measure", lambda *sides, seconds: next(made))

    assert not run(Runtime(clock)).pinned


def test_alarms_and_finds_are_counted(clock: Clock, monkeypatch: Any) -> None:
    """Faster or slower is an alarm between equals; only slower is a find of more work."""
    faster, slower, neither = (1.1, 1.05, 1.15), (0.9, 0.85, 0.95), (1.0, 0.95, 1.05)
    made = iter([pair(*each, 1.0) for each in (faster, neither, slower, faster, slower)])
    monkeypatch.setattr(paired, "measure", lambda *sides, seconds: next(made))

    found = run(Runtime(clock))

    assert (2, 1) == (found.false_alarms, found.found)


def test_a_calibration_is_kept(tmp_path: Path) -> None:
    """What was saved is loaded again, field by field."""
    cache = Cache(tmp_path / "cache")

    assert load(cache) is None
    path = save(cache, MADE)

    assert path.is_file()
    assert MADE == load(cache)


def test_another_machines_calibration_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one of another version of LiteRT: then there is none."""
    cache = Cache(tmp_path)
    save(cache, MADE)
    here = machine.facts()

    with monkeypatch.context() as patch:
        patch.setattr(machine, "facts", lambda: {**here, "cores": here["cores"] + 1})
        assert load(cache) is None
    with monkeypatch.context() as patch:
        patch.setattr(packages, "version", lambda package: "0.0.1")
        assert load(cache) is None
    assert MADE == load(cache)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-5],
        lambda text: "[]",
        lambda text: "7",
        lambda text: "{}",
        lambda text: text.replace("aa_trials", "trials"),
        lambda text: text.replace('"calibration"', '"other"'),
        lambda text: json.dumps({**json.loads(text), "calibration": [1]}),
    ],
)
def test_a_damaged_calibration_is_none(tmp_path: Path, damage: Callable[[str], str]) -> None:
    """A file that cannot be read is as good as none."""
    cache = Cache(tmp_path)
    path = save(cache, MADE)
    path.write_text(damage(path.read_text("utf-8")), "utf-8")

    assert load(cache) is None


def test_a_calibration_in_one_line() -> None:
    """All that a reader needs to know of what the machine can tell apart."""
    assert (
        "9 false alarms in 200 A/A trials; 5 % more work found in 97 of 100; smallest speed-up "
        "told from 1: 3.1 %; two openings of one file lie up to 5.7 % apart; 2 s a pair, pinned to "
        "one core"
    ) == MADE.summary()
    assert MADE.summary().removesuffix(", pinned to one core") == (
        dataclasses.replace(MADE, pinned=False).summary()
    )


def entry(cache: Cache, name: str, stage: str, size: int) -> Path:
    """An artifact as the cache keeps it."""
    folder = cache.folder / "artifacts" / name
    folder.mkdir(parents=True)
    held = {"provenance": {"stage": stage}, "bytes": size}
    (folder / "provenance.json").write_text(json.dumps(held), "utf-8")
    return folder / "model.tflite"


def test_nothing_to_calibrate_with(tmp_path: Path) -> None:
    """An empty cache, or one of quantized files, is told with the way out."""
    cache = Cache(tmp_path)
    entry(cache, "a", "int8", 10)

    with pytest.raises(WeighinError, match="Nothing to calibrate with") as caught:
        any_float_artifact(cache)

    assert "--artifact" in str(caught.value)


def test_the_largest_float_file_is_taken(tmp_path: Path) -> None:
    """Not a quantized one, and none whose entry is damaged."""
    cache = Cache(tmp_path)
    entry(cache, "a", "float32", 10)
    wanted = entry(cache, "b", "float32", 30)
    entry(cache, "c", "int8", 50)
    entry(cache, "d", "float32", 90).with_name("provenance.json").write_text("{", "utf-8")

    assert wanted == any_float_artifact(cache)


def test_no_large_file_is_taken_but_where_there_is_no_other(tmp_path: Path) -> None:
    """20 inferences of it take too long for a block; of large ones the smallest is left."""
    cache = Cache(tmp_path)
    entry(cache, "a", "float32", 90_000_000)
    smallest = entry(cache, "b", "float32", 4_000_001)
    assert smallest == any_float_artifact(cache)

    wanted = entry(cache, "c", "float32", 4_000_000)
    assert wanted == any_float_artifact(cache)
