"""Single inferences over several openings of a file."""
# ruff: noqa: SIM300 - an assertion names what is expected first

import itertools

import pytest
from helpers.answering import CLASSIFICATION
from helpers.support import Clock

from weighin import stats
from weighin.core import Case
from weighin.measure import latency, paired
from weighin.measure.figures import figures
from weighin.measure.latency import Openings, openings_for, rounds_for
from weighin.metrics.latency import latency as latency_of

CASE = Case("tiny", "tiny", "baseline", 0, "tflite", "litert", 1)


class FakeCell:
    """A file whose every opening and every call take as long as the test says."""

    fixed_seconds, accelerated = 1e-6, None

    def __init__(self, clock, opening, calls):
        """Take the clock, the seconds of an opening, and those of a call for each opening."""
        self.clock, self.opening, self.calls = clock, opening, calls
        self.opened = self.closed = self.answered = 0

    @property
    def delegated(self):
        """Known once something was opened to be timed."""
        return (3, 4) if self.opened else None

    @property
    def left_out(self):
        """Which one of the four is not."""
        return (2,) if self.opened else None

    def open(self):
        """Opens anew each time."""
        self.clock.now += self.opening
        seconds = self.calls[self.opened % len(self.calls)]
        self.opened += 1

        def call():
            self.answered += 1
            self.clock.now += seconds

        def close():
            self.closed += 1

        return call, close


@pytest.fixture
def clock(monkeypatch):
    """The clock by which openings and calls are timed."""
    made = Clock()
    for module in (latency, paired):
        monkeypatch.setattr(module, "time", made)
    return made


def measured(cell, clock):
    """What pytest-benchmark would do: set up and time each round."""
    openings, seconds = Openings(cell), []
    for _ in range(openings.rounds):
        (call,), _ = openings.setup()
        began = clock.perf_counter()
        call()
        seconds.append(clock.perf_counter() - began)
    return openings.inferences(seconds)


def test_a_file_is_opened_anew_and_every_opening_closed(clock):
    """Ten openings of a small file, beside the one that told how long it takes."""
    cell = FakeCell(clock, 1e-4, [2**-13])
    inferences = measured(cell, clock)

    assert 11 == cell.opened == cell.closed
    assert 10 == len(inferences.openings)
    assert len(inferences.seconds) == sum(inferences.openings)


def test_an_opening_is_warmed_up_before_it_is_timed(clock):
    """Twenty calls, or as many as are timed, come first; none of them is in the figure."""
    cell = FakeCell(clock, 1e-4, [2**-13])
    inferences = measured(cell, clock)

    assert cell.answered >= len(inferences.seconds) + 10 * 19


def test_the_interval_is_over_openings(clock):
    """Openings that differ by a tenth show it, though calls of one opening do not differ."""
    slow, fast = 1.1 * 2**-13, 2**-13
    figure = latency_of(measured(FakeCell(clock, 1e-4, [slow, fast]), clock))

    assert (pytest.approx(fast), pytest.approx(slow)) == (figure.low, figure.high)
    assert 10 == len(figure.openings)


def test_too_few_openings_have_no_interval(clock):
    """A file that takes four seconds to open is opened once; the figure says so by its counts."""
    figure = latency_of(measured(FakeCell(clock, 4.0, [0.02]), clock))

    assert (None, None) == (figure.low, figure.high)
    assert (64,) == figure.openings


def test_what_is_delegated_is_told_of_what_was_timed(clock):
    """No other session is opened for it."""
    cell = FakeCell(clock, 1e-4, [2**-13])
    inferences = measured(cell, clock)

    assert (3, 4) == inferences.delegated
    assert (2,) == inferences.left_out
    (told,) = [
        r
        for r in figures(CASE, "inference", inferences, "", CLASSIFICATION)
        if r.metric == "delegated"
    ]
    assert (3, 4, (2,)) == (told.count, told.n, told.left_out)
    assert 11 == cell.opened


@pytest.mark.parametrize(
    ("seconds", "rounds"),
    [(1e-9, 1000), (2**-10, 307), (0.02, 64), (0.06, 64), (0.1, 40), (1.5, 2), (60.0, 1)],
)
def test_rounds_are_enough_and_not_too_many(monkeypatch, seconds, rounds):
    """Calls are timed 64 times at least, 1,000 at most; very slow ones as often as 4 s allow."""
    clock = Clock()
    monkeypatch.setattr(paired, "time", clock)

    def call():
        clock.now += seconds

    assert rounds == rounds_for(call)


@pytest.mark.parametrize("disturbed", range(7))
def test_a_disturbed_call_takes_no_rounds_away(monkeypatch, disturbed):
    """One call of those that are tried stalls for a second."""
    clock, calls = Clock(), itertools.count()
    monkeypatch.setattr(paired, "time", clock)

    def call():
        clock.now += 1.0 if next(calls) == disturbed else 2**-10

    assert 307 == rounds_for(call)


@pytest.mark.parametrize(
    ("seconds", "openings"), [(1e-4, 10), (0.1, 8), (0.2, 6), (3.0, 6), (4.0, 1), (60.0, 1)]
)
def test_a_file_is_opened_often_enough_for_an_interval(seconds, openings):
    """Six times at least, unless that takes longer than 20 seconds."""
    assert openings == openings_for(seconds)
    assert (openings >= 6) == stats.is_enough(openings, 0.5)
