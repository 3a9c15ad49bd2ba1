"""Pairs of sessions on a clock that only fake calls move: no real time, no real noise."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import gc
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
import psutil
import pytest
from helpers.support import Clock

from weighin.measure import paired
from weighin.measure.paired import MOST, enough, measure, median_seconds
from weighin.stats import FEWEST, SPEED_CONFIDENCE, Interval

CLOSE = pytest.approx


@dataclass
class Bench:
    """Opens sides whose calls take so long; keeps what was done, and in what order."""

    clock: Clock
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)

    def side(self, name: str, seconds: Callable[[int], float]) -> paired.Side:
        """A side whose call takes `seconds(number of its opening)`."""
        numbers = itertools.count()

        def open_side() -> tuple[Callable[[], Any], Callable[[], None]]:
            number = next(numbers)
            self.opened.append(name)

            def call() -> None:
                if self.called[-1:] != [name]:
                    self.called.append(name)
                self.clock.now += seconds(number)

            return call, lambda: self.closed.append(name)

        return open_side


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that `weighin.measure.paired` reads."""
    made = Clock()
    monkeypatch.setattr(paired, "time", made)
    return made


@pytest.fixture
def bench(clock: Clock) -> Bench:
    """Sides on that clock."""
    return Bench(clock)


def steady(seconds: float) -> Callable[[int], float]:
    """Every call of every opening takes as long."""
    return lambda number: seconds


@pytest.mark.parametrize("seconds", [1e-6, 20e-6, 1e-4, 1e-3, 0.1])
def test_equal_sides_have_ratio_one(bench: Bench, seconds: float) -> None:
    """However long a call is, a side is not faster than another of the same work."""
    pair = measure(bench.side("a", steady(seconds)), bench.side("b", steady(seconds)), seconds=1e9)

    assert Interval(CLOSE(1), CLOSE(1), CLOSE(1)) == pair.speedup
    assert [CLOSE(1)] * len(pair.ratios) == list(pair.ratios)


@pytest.mark.parametrize("seconds", [2e-6, 5e-6, 11e-6, 16e-6, 29e-6, 31e-6, 1e-4, 2e-2])
def test_twice_the_work_is_half_the_speed(bench: Bench, seconds: float) -> None:
    """Also where the clock times several short calls at once, and of each side another number."""
    first, second = bench.side("a", steady(seconds)), bench.side("b", steady(2 * seconds))

    pair = measure(first, second, seconds=1e9)

    assert Interval(CLOSE(0.5), CLOSE(0.5), CLOSE(0.5)) == pair.speedup


def test_twice_the_speed_is_above_one(bench: Bench) -> None:
    """The first side is the baseline: a second that takes half as long is twice as fast."""
    pair = measure(bench.side("a", steady(2e-4)), bench.side("b", steady(1e-4)), seconds=1e9)

    assert CLOSE(2) == pair.speedup.value


@pytest.mark.parametrize("seconds", [1e-7, 7e-6, 30e-6, 45e-6, 1e-3, 1.0])
def test_the_time_of_one_call(clock: Clock, seconds: float) -> None:
    """The median is of single calls, however many of them the clock times at once."""

    def call() -> None:
        clock.now += seconds

    assert CLOSE(seconds) == median_seconds(call)


def test_the_first_calls_are_not_timed(clock: Clock) -> None:
    """What the first calls of a session cost more does not count."""
    calls = itertools.count()

    def call() -> None:
        clock.now += 0.2 if next(calls) < 3 else 1e-3

    assert CLOSE(1e-3) == median_seconds(call)


@pytest.mark.parametrize(("seconds", "times"), [(1e-3, 8), (0.04, 8), (0.1, 6), (0.2, 5), (1.5, 1)])
def test_slow_calls_are_made_less_often(clock: Clock, seconds: float, times: int) -> None:
    """Of calls of more than a quarter of a second one is enough: opening has called it once."""
    calls = itertools.count()

    def call() -> None:
        next(calls)
        clock.now += seconds

    assert CLOSE(seconds) == median_seconds(call)
    assert times == next(calls)


def test_a_disturbed_call_does_not_count(clock: Clock) -> None:
    """One call in a block that takes a hundred times as long leaves the median alone."""
    calls = itertools.count()

    def call() -> None:
        clock.now += 0.1 if next(calls) == 5 else 1e-3

    assert CLOSE(1e-3) == median_seconds(call)


def test_drift_meets_both_sides_alike(clock: Clock, bench: Bench) -> None:
    """A machine that gets steadily slower makes neither of two equal sides faster."""

    def drifting(number: int) -> float:
        return 1e-4 * (1 + (clock.now - 100.0) * 0.1)

    pair = measure(bench.side("a", drifting), bench.side("b", drifting), seconds=1e9)

    assert 1.0 == pytest.approx(pair.speedup.value, abs=1e-4)


def test_the_order_alternates(bench: Bench) -> None:
    """Who is opened first and who is timed first change, in all four combinations."""
    measure(bench.side("a", steady(1e-3)), bench.side("b", steady(1e-3)), seconds=1e9)

    opened = ["".join(bench.opened[at : at + 2]) for at in range(0, len(bench.opened), 2)]
    order = ["ab", "ba"] * (FEWEST // 2)
    assert order == opened
    timed = [("a", "b"), ("a", "b"), ("b", "a"), ("b", "a")] * FEWEST
    joined = [key for key, _ in itertools.groupby(itertools.chain(*timed[:FEWEST]))]
    assert joined == bench.called


def test_everything_opened_is_closed(bench: Bench) -> None:
    """No session outlives its block."""
    measure(bench.side("a", steady(1e-3)), bench.side("b", steady(1e-3)), seconds=1e9)

    assert 2 * FEWEST == len(bench.opened)
    assert sorted(bench.opened) == sorted(bench.closed)


@pytest.mark.parametrize("failing", [0, 1, 2, 7])
def test_everything_opened_is_closed_after_an_error(bench: Bench, failing: int) -> None:
    """A call that raises ends measuring with its own error, and leaves nothing open."""

    def breaks(number: int) -> float:
        if number == failing:
            raise ValueError("no more")
        return 1e-3

    with pytest.raises(ValueError, match="no more"):
        measure(bench.side("a", steady(1e-3)), bench.side("b", breaks), seconds=1e9)

    assert failing + 1 == bench.opened.count("b")
    assert sorted(bench.opened) == sorted(bench.closed)


@pytest.mark.parametrize("failing", [0, 3])
def test_a_side_that_does_not_open_leaves_the_other_closed(bench: Bench, failing: int) -> None:
    """Whichever of the two is opened first, it is closed when the other cannot be."""
    good, numbers = bench.side("a", steady(1e-3)), itertools.count()
    fine = bench.side("b", steady(1e-3))

    def refuses() -> tuple[Callable[[], Any], Callable[[], None]]:
        if next(numbers) == failing:
            raise OSError("no such file")
        return fine()

    with pytest.raises(OSError, match="no such file"):
        measure(good, refuses, seconds=1e9)

    assert sorted(bench.opened) == sorted(bench.closed)


def test_measuring_stops_when_the_interval_is_narrow(bench: Bench) -> None:
    """Steady sides need the fewest blocks."""
    pair = measure(bench.side("a", steady(1e-3)), bench.side("b", steady(1e-3)), seconds=1e9)

    assert (FEWEST, "narrow") == (len(pair.ratios), pair.stopped)


def test_measuring_goes_on_until_it_is_narrow(bench: Bench) -> None:
    """Openings that differ by up to 6 % need more blocks, and end with 1 % all the same."""
    uneven = np.random.default_rng(1).uniform(0.97, 1.03, MOST)

    pair = measure(
        bench.side("a", steady(1e-3)), bench.side("b", lambda n: 1e-3 * uneven[n]), seconds=1e9
    )

    half = (pair.speedup.high - pair.speedup.low) / 2 / pair.speedup.value
    assert "narrow" == pair.stopped
    assert half <= 0.01
    assert FEWEST <= len(pair.ratios) < MOST


def test_measuring_stops_when_its_time_is_spent(bench: Bench) -> None:
    """A pair that is not narrow by then says so, with what it has."""
    wild = np.random.default_rng(1).lognormal(0, 1, MOST)

    pair = measure(
        bench.side("a", steady(1e-3)), bench.side("b", lambda n: 1e-3 * wild[n]), seconds=2.0
    )

    assert "time" == pair.stopped
    assert FEWEST <= len(pair.ratios) < MOST
    assert 102.0 <= bench.clock.now < 103.0


def test_slow_sessions_go_on_for_the_fewest_blocks(bench: Bench) -> None:
    """Six times as long as others may; what is still short of them then has no interval."""
    pair = measure(bench.side("a", steady(1.0)), bench.side("b", steady(2.0)), seconds=20.0)

    assert FEWEST == len(pair.ratios)
    assert "narrow" == pair.stopped

    pair = measure(bench.side("a", steady(1.0)), bench.side("b", steady(2.0)), seconds=10.0)

    assert (20, "time") == (len(pair.ratios), pair.stopped)
    assert Interval(CLOSE(0.5), 0.0, math.inf) == pair.speedup


def test_a_pair_goes_on_until_five_per_cent_would_be_found(bench: Bench) -> None:
    """Beyond the time in which quiet machines are narrow; and no longer."""
    spread = np.random.default_rng(1).normal(1, 0.06, MOST)

    pair = measure(
        bench.side("a", steady(1e-3)), bench.side("b", lambda n: 1e-3 * spread[n]), seconds=1e9
    )

    half = (pair.speedup.high - pair.speedup.low) / 2 / pair.speedup.value
    assert "power" == pair.stopped
    assert 0.01 < half <= enough()


def test_pairs_that_end_with_enough_find_five_per_cent() -> None:
    """Normal noise of a standard error that gives just such intervals: 95 of 100 leave out 1."""
    error = enough() / NormalDist().inv_cdf(0.975)
    called = NormalDist().inv_cdf((1 + SPEED_CONFIDENCE) / 2)

    found = 1 - NormalDist(math.log(1.05), error).cdf(called * error)

    assert 0.95 == pytest.approx(found, abs=1e-6)


def test_measuring_stops_at_the_most_blocks(bench: Bench) -> None:
    """Sides that never agree are given up, whatever time there is."""
    wild = np.random.default_rng(1).lognormal(0, 1, MOST)

    pair = measure(
        bench.side("a", steady(1e-3)), bench.side("b", lambda n: 1e-3 * wild[n]), seconds=1e9
    )

    assert (MOST, "blocks") == (len(pair.ratios), pair.stopped)


@pytest.mark.parametrize("was_enabled", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_garbage_collection_is_off_and_then_as_it_was(
    bench: Bench, was_enabled: bool, fails: bool
) -> None:
    """No call is timed with it on; afterwards it is what it was, after an error too."""
    seen = set()

    def watched(number: int) -> float:
        seen.add(gc.isenabled())
        if fails and number == 3:
            raise ValueError("no more")
        return 1e-3

    before = gc.isenabled()
    try:
        (gc.enable if was_enabled else gc.disable)()
        try:
            measure(bench.side("a", watched), bench.side("b", watched), seconds=1e9)
        except ValueError:
            assert fails
        after = gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()

    assert {False} == seen
    assert was_enabled == after


@pytest.mark.skipif(not hasattr(psutil.Process, "cpu_affinity"), reason="no affinity here")
@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("pin", [True, False])
def test_affinity_is_one_core_and_then_as_it_was(bench: Bench, pin: bool, fails: bool) -> None:
    """Pinned calls run on one core; afterwards all are there again, after an error too."""
    process = psutil.Process()
    before = process.cpu_affinity()
    seen = set()

    def watched(number: int) -> float:
        seen.add(tuple(process.cpu_affinity()))
        if fails and number == 3:
            raise ValueError("no more")
        return 1e-3

    pinned = None
    try:
        sides = bench.side("a", watched), bench.side("b", watched)
        pinned = measure(*sides, seconds=1e9, pin=pin).pinned
    except ValueError:
        assert fails

    assert {(before[-1],) if pin else tuple(before)} == seen
    assert before == process.cpu_affinity()
    assert (None if fails else pin) == pinned


def test_a_machine_without_affinity_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system refuses, measuring goes on and the pair says that it was not pinned."""

    class Refusing:
        def cpu_affinity(self, cores: object = None) -> list[int]:
            raise psutil.AccessDenied

    monkeypatch.setattr(paired.psutil, "Process", Refusing)

    pair = measure(bench.side("a", steady(1e-3)), bench.side("b", steady(1e-3)), seconds=1e9)

    assert not pair.pinned


def test_a_machine_that_refuses_to_pin(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that tells the cores but does not let one be chosen has not pinned anything."""

    class Refusing:
        def cpu_affinity(self, cores: object = None) -> list[int]:
            if cores is not None:
                raise psutil.AccessDenied
            return [0, 1]

    monkeypatch.setattr(paired.psutil, "Process", Refusing)

    pair = measure(bench.side("a", steady(1e-3)), bench.side("b", steady(1e-3)), seconds=1e9)

    assert not pair.pinned
