"""What trains: few epochs first, more for what may hold; where time is short, long ones wait."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers.searches import Judge, Killed, Maker, search, tried

from weighin.searches import training
from weighin.searches.ledger import HOLDS, TRAINED, WORSE, Entry
from weighin.searches.recovering import promising

EPOCH = 14.0  # seconds


class Slow(Maker):
    """Makes files as the other, and tells the time that it takes: much for each epoch.

    Attributes:
        now: seconds since it began.
    """

    def __init__(self) -> None:
        """Train for 27 epochs."""
        super().__init__(epochs=27)
        self.now, self.before = 0.0, EPOCH

    def make(self, names: Sequence[str], epochs: int | None = None) -> Any:
        """Train for so many epochs, if any."""
        known = {(name.rpartition("+")[0], at) for name, at in self.made}  # whatever the export
        is_new = any((name.rpartition("+")[0], epochs) not in known for name in names)
        self.now += EPOCH * (epochs or 0.1) if is_new else 0.1
        return super().make(names, epochs)


def searched(folder: Path, seconds: float = 1400) -> list[Entry]:
    """What a search by time tries of what trains."""
    maker = Slow()
    running = search(folder, maker=maker, trials=None, seconds=seconds, clock=lambda: maker.now)
    running.run()
    running.ledger.close()
    assert maker.now < seconds + 27 * EPOCH
    return [entry for entry in running.ledger.entries if entry.phase == TRAINED]


def test_long_trainings_wait_until_it_is_known_where_the_margin_lies(tmp_path: Path) -> None:
    """Then those that missed it by little are trained further, and come to hold."""
    trained = searched(tmp_path)
    first = list({entry.variant: entry for entry in reversed(trained)}.values())
    again = [entry for entry in trained if entry not in first]

    assert {1, 3, 9} >= {each.epochs for each in first}
    assert {27} == {each.epochs for each in again}
    assert HOLDS in {each.outcome for each in again}
    for each in again:
        (before,) = [e for e in first if e.variant == each.variant]
        assert WORSE == before.outcome
        assert each.recovery[: len(before.recovery)] == before.recovery
        assert each.seconds > before.seconds


def test_the_export_that_suits_what_is_trained_leads(tmp_path: Path) -> None:
    """By the size of a first candidate, not of dense weights; what lost too much stays behind."""

    class Suited(Judge):
        def sizes(self, name: str, path: Path) -> dict[str, float]:
            told = super().sizes(name, path)
            suits = "prune" in name and name.endswith("+int8")
            return {"gzip_bytes": told["gzip_bytes"] / (4 if suits else 1)}

    maker = Maker(epochs=9, exports=("dynamic", "int8", "litert(dynamic_wi2c_afp32)"))
    running = search(tmp_path, maker=maker, judge=Suited(), trials=20)
    running.run()
    running.ledger.close()
    first = next(each for each in running.ledger.entries if each.phase == TRAINED)

    assert first.variant.endswith("+int8")
    assert ["int8", "dynamic"] == running.ledger.noted("suited")[:2]


def test_what_an_earlier_search_has_made_tells_what_takes_long(tmp_path: Path) -> None:
    """Files that are there come at once; the next ones take as long as those did."""
    maker = Maker(epochs=27)
    maker.before = EPOCH
    running = search(tmp_path, maker=maker, trials=90, seconds=1400)
    running.run()
    running.ledger.close()
    trained = [entry for entry in running.ledger.entries if entry.phase == TRAINED]

    assert 9 == max(entry.epochs or 0 for entry in trained[:5])


def test_without_a_limit_of_time_none_waits(tmp_path: Path) -> None:
    running = search(tmp_path, maker=Slow(), trials=60)
    running.run()
    running.ledger.close()
    variants = [entry.variant for entry in running.ledger.entries]

    assert 60 == len(set(variants)) == len(variants)
    assert 27 in {entry.epochs for entry in running.ledger.entries}


def test_some_are_trained_side_by_side_and_each_is_asked_in_its_turn(tmp_path: Path) -> None:
    """Of different steps: what one training serves is no work for two processes."""
    maker = Together(epochs=9)
    maker.at_once = 2
    running = search(tmp_path, maker=maker, trials=40)
    running.run()
    running.ledger.close()

    assert 40 == len({each.variant for each in running.ledger.entries})
    assert all(len(set(steps)) <= 2 for steps in maker.together)
    assert sum(len(set(steps)) == 2 for steps in maker.together) >= 3


class Together(Maker):
    """Makes files as the other.

    Attributes:
        together: the steps of what trains, of each call that asked for several.
    """

    def __init__(self, epochs: int) -> None:
        """Note nothing yet."""
        super().__init__(epochs)
        self.together: list[list[str]] = []

    def make(self, names: Sequence[str], epochs: int | None = None) -> Any:
        """Note the steps."""
        if len(names) > 1 and epochs:
            self.together.append([name.rpartition("+")[0] for name in names])
        return super().make(names, epochs)


def test_killed_while_some_are_trained_it_goes_on_with_these(tmp_path: Path) -> None:
    def maker() -> Maker:
        made = Maker(epochs=9)
        made.at_once = 3
        return made

    undisturbed = search(tmp_path / "whole", maker=maker(), trials=30)
    undisturbed.run()
    undisturbed.ledger.close()
    for at in (16, 1, 2, 3, 1, 2):
        killed = search(tmp_path / "killed", maker=maker(), judge=Judge(killed_at=at), trials=30)
        with contextlib.suppress(Killed):
            killed.run()
        killed.ledger.close()
    last = search(tmp_path / "killed", maker=maker(), trials=30)
    last.run()
    last.ledger.close()

    assert tried(tmp_path / "whole") == tried(tmp_path / "killed")


@pytest.mark.parametrize("seconds", range(100, 2000, 100))
def test_what_is_trained_is_asked_and_time_is_kept(tmp_path: Path, seconds: int) -> None:
    """Side by side, too: nothing is trained for nothing, and nothing begun that does not fit."""
    maker = Slow()
    maker.at_once = 4
    running = search(tmp_path, maker=maker, trials=None, seconds=seconds, clock=lambda: maker.now)
    running.run()
    running.ledger.close()
    suited = len(running.ledger.noted("suited") or ()) * 1.0
    asked = {(each.variant, at) for each in running.ledger.entries for at, _ in each.recovery}
    asked |= {(e.variant, e.epochs) for e in running.ledger.entries if e.outcome == "larger"}
    made = [each for each in maker.made if each[1]]
    first = set(made[: int(suited)])

    assert set(made) <= asked | first
    assert maker.now <= max(seconds, EPOCH * (2 + suited)) + 4 * EPOCH


def test_a_search_that_was_killed_is_as_late_as_it_was(tmp_path: Path) -> None:
    maker = Slow()
    running = search(tmp_path, maker=maker, trials=None, seconds=1400, clock=lambda: maker.now)
    running.run()
    running.ledger.close()
    again = search(tmp_path, maker=maker, trials=None, seconds=1500, clock=lambda: maker.now)
    again.phase = TRAINED

    assert training.Training(again)._is_late()
    again.ledger.close()


def test_what_would_be_smallest_is_most_promising_then_the_next_size() -> None:
    def entry(name: str, size: float, *shortfalls: float, outcome: str = WORSE) -> Entry:
        recovery = tuple(zip((1, 3, 9), shortfalls, strict=False))
        values = {"gzip_bytes": size}
        return Entry(
            name,
            TRAINED,
            outcome,
            recovery[-1][0],
            values=values,
            shortfall=shortfalls[-1],
            recovery=recovery,
        )

    held = entry("held", 50, -0.001, outcome=HOLDS)
    entries = [
        held,
        entry("next size", 80, 0.001),
        entry("large", 60, 0.002),
        entry("second", 40, 0.02, 0.004),
        entry("first", 30, 0.02, 0.003),
        entry("hopeless", 20, 0.3, 0.29),
        entry("whole", 20, 0.02, 0.004, 0.001),
        entry("came to hold", 45, 0.02, 0.003),
        entry("came to hold", 45, 0.02, 0.003, -0.001, outcome=HOLDS),
    ]

    assert ["first", "second", "next size"] == [
        each.variant for each in promising(entries, (1, 3, 9), 0.01)
    ]
