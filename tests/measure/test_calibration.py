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
from weighin.stats import typical_ratio
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


def pair(*ratios: float, pinned: bool = True) -> Pair:
    """A pair of blocks of these ratios."""
    return Pair(tuple((ratio, 1.0) for ratio in ratios), "narrow", pinned)


def spread(value: float, reach: float, n: int = 40) -> list[float]:
    """So many ratios about a value, at most `reach` of it away, a low one after each high one."""
    evenly = value * np.linspace(1 - reach, 1 + reach, n)
    return np.stack([evenly[: n // 2], evenly[: n // 2 - 1 : -1]], axis=1).ravel().tolist()


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

    def watched(*sides: Any, seconds: float, pin: bool) -> Pair:
        measured.append(real(*sides, seconds=seconds, pin=pin))
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
    assert found.smallest_speedup is None or found.smallest_speedup > -1
    assert 0 < found.session_spread < math.inf
    assert 0.01 == found.pair_seconds


@pytest.mark.parametrize(("value", "reach"), [(1.0, 0.02), (1.0, 0.2), (0.97, 0.01), (1.1, 0.1)])
def test_the_smallest_speedup_of_one_pair(value: float, reach: float) -> None:
    """What would have moved the interval at 99 % beyond 1, and the ratio beyond a trifle."""
    ratios = spread(value, reach)
    sure = typical_ratio(ratios, 0.99)

    expected = max(1 / sure.low, 1.02 / sure.value) - 1
    assert expected == pytest.approx(calibration._smallest_speedup([pair(*ratios)]))


def test_a_pair_without_an_interval_finds_nothing() -> None:
    assert calibration._smallest_speedup([pair(*[1.0] * 5)]) is None


def test_the_smallest_speedup_is_found_by_95_of_100() -> None:
    """Of 101 pairs that need 2 % to 102 % more, 95 % would find 97 %."""
    made = [pair(*[1 / (1 + at / 100)] * 40) for at in range(101)]

    needed = sorted(max(1 + at / 100, 1.02 * (1 + at / 100)) - 1 for at in range(101))
    assert needed[95] == pytest.approx(calibration._smallest_speedup(made))


def test_the_spread_of_sessions_is_of_either_side() -> None:
    """A ratio of 0.5 is as far off as one of 2, and 95 % lie nearer than the spread."""
    assert 1.0 == pytest.approx(calibration._session_spread([pair(0.5, 2.0)]))
    ratios = [1.0] * 96 + [5.0] * 4
    assert 0.0 == pytest.approx(calibration._session_spread([pair(*ratios)]))


def test_one_pair_that_was_not_pinned_is_told(clock: Clock, monkeypatch: Any) -> None:
    """Pinned is what all pairs were."""
    made = iter([pair(1.0, pinned=at != 1) for at in range(5)])
    monkeypatch.setattr(paired, "measure", lambda *sides, **options: next(made))

    assert not run(Runtime(clock)).pinned


def test_alarms_and_finds_are_counted(clock: Clock, monkeypatch: Any) -> None:
    """Faster or slower is an alarm between equals; only slower is a find of more work."""
    faster, slower, neither = spread(1.1, 0.05), spread(0.9, 0.05), spread(1.0, 0.05)
    made = iter([pair(*each) for each in (faster, neither, slower, faster, slower)])
    monkeypatch.setattr(paired, "measure", lambda *sides, **options: next(made))

    found = run(Runtime(clock))

    assert (2, 1) == (found.false_alarms, found.found)


def test_a_calibration_is_kept(tmp_path: Path) -> None:
    """What was saved is loaded again, field by field."""
    cache = Cache(tmp_path / "cache")

    assert {} == load(cache)
    path = save(cache, MADE)

    assert path.is_file()
    assert {1: MADE} == load(cache)


def test_each_number_of_threads_has_a_calibration(tmp_path: Path) -> None:
    """A later one of the same threads replaces the earlier alone."""
    cache, two = Cache(tmp_path), dataclasses.replace(MADE, threads=2, pinned=False)
    save(cache, MADE)
    save(cache, two)
    better = dataclasses.replace(MADE, false_alarms=0)
    save(cache, better)

    assert {1: better, 2: two} == load(cache)
    assert "; 2 threads, up to 2 s a pair" in two.summary()


def test_pairs_of_several_threads_are_not_pinned(clock: Clock, monkeypatch: Any) -> None:
    """Two threads on one core would be slower than one; sessions are opened with as many."""
    asked, real = [], paired.measure
    monkeypatch.setattr(
        paired,
        "measure",
        lambda *sides, **options: asked.append(options["pin"]) or real(*sides, **options),
    )

    found = run(Runtime(clock), threads=2)

    assert {False} == set(asked)
    assert 2 == found.threads


def test_another_machines_calibration_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one of another version of LiteRT: then there is none."""
    cache = Cache(tmp_path)
    save(cache, MADE)
    here = machine.facts()

    with monkeypatch.context() as patch:
        patch.setattr(machine, "facts", lambda: {**here, "cores": here["cores"] + 1})
        assert {} == load(cache)
    with monkeypatch.context() as patch:
        patch.setattr(packages, "version", lambda package: "0.0.1")
        assert {} == load(cache)
    assert {1: MADE} == load(cache)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-5],
        lambda text: "[]",
        lambda text: "7",
        lambda text: "{}",
        lambda text: text.replace("aa_trials", "trials"),
        lambda text: text.replace('"calibrations"', '"other"'),
        lambda text: json.dumps({**json.loads(text), "calibrations": [1]}),
    ],
)
def test_a_damaged_calibration_is_none(tmp_path: Path, damage: Callable[[str], str]) -> None:
    """A file that cannot be read is as good as none."""
    cache = Cache(tmp_path)
    path = save(cache, MADE)
    path.write_text(damage(path.read_text("utf-8")), "utf-8")

    assert {} == load(cache)


def test_a_calibration_in_one_line() -> None:
    """All that a reader needs to know of what the machine can tell apart."""
    assert (
        "9 false alarms in 200 A/A trials; 5 % more work found in 97 of 100; smallest speed-up "
        "told from 1: 3.1 %; two openings of one file lie up to 5.7 % apart; 1 thread, up to 2 s a "
        "pair, pinned to one core"
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
