"""Pairs between engines: both sessions are checked first, files are hashed after, and why not."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from helpers.support import isolate_registries
from helpers.unrun import FakeArtifacts, fake_context
from helpers.watching import FakeRuntime

from weighin import registry
from weighin.core import Case, WeighinError
from weighin.measure.cell import Cell
from weighin.outcomes import Engines, Pair

FIRST = Case("tiny", "tiny", "int8", 0, "tflite", "light", 1)
OTHER = dataclasses.replace(FIRST, runtime="other")
KERAS = dataclasses.replace(FIRST, runtime="heavy", format="h5")
PAIR = Pair(((1.0, 2.0),) * 40, "narrow", True)


class Bench:
    """Stands where sessions are opened and timed: remembers of which cases, and in what order."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing was asked yet."""
        self.sides: list[Case] = []
        self.hashed: list[Case] = []
        self.pinned: list[bool] = []
        self.timed: list[tuple[Case, Case]] = []
        self.refused: dict[Case, str] = {}
        self.context = fake_context(FakeArtifacts(folder))
        monkeypatch.setattr(self.context, "opening", self._opening)
        monkeypatch.setattr(self.context, "target", lambda case: self)
        monkeypatch.setattr(self.context, "artifact", self.hashed.append)

    def _opening(self, case: Case) -> Any:
        self.sides.append(case)
        if case in self.refused:
            raise WeighinError(self.refused[case])
        return case

    def pair(self, first: Any, second: Any, *, seconds: float, pin: bool) -> Pair:
        """The same for all; remembered."""
        self.timed.append((first, second))
        self.pinned.append(pin)
        self.hashed.clear()
        return PAIR

    def cell(self, case: Case, first: Case | None = FIRST) -> Cell:
        """A cell of a pair between engines."""
        return Cell(case, "engines", self.context, first=first)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench, and three runtimes, one of which needs TensorFlow."""
    isolate_registries(monkeypatch)
    for name in ("light", "other", "heavy"):
        registry.runtimes.add(name, FakeRuntime(name, needs_tensorflow=name == "heavy"))
    return Bench(tmp_path, monkeypatch)


def test_the_first_engine_is_the_first_of_the_pair(bench: Bench) -> None:
    """So that a ratio above 1 says that the case's own is faster; its file is hashed again."""
    outcome = bench.cell(OTHER).engines()

    assert Engines("light", PAIR, formats=("tflite", "tflite")) == outcome
    assert [(FIRST, OTHER)] == bench.timed
    assert [FIRST] == bench.hashed


@pytest.mark.parametrize(
    ("case", "first", "pinned"),
    [
        (OTHER, FIRST, True),
        (KERAS, FIRST, False),
        (FIRST, KERAS, False),
        *((*(dataclasses.replace(each, threads=2) for each in (OTHER, FIRST)), False),),
    ],
)
def test_it_keeps_to_one_core_unless_either_side_computes_on_more(
    bench: Bench, case: Case, first: Case, pinned: bool
) -> None:
    """TensorFlow has threads of its own, which pinning this one would not reach."""
    bench.cell(case, first).engines()

    assert [pinned] == bench.pinned


def test_a_first_engine_that_fails_is_not_this_engines_fault(bench: Bench) -> None:
    """The figure is not measured, with the reason; nothing was timed."""
    bench.refused[FIRST] = "its answers are wrong"

    outcome = bench.cell(OTHER).engines()

    assert [] == bench.timed
    assert outcome.pair is None
    assert "nothing to be beside, tiny-int8-light: its answers are wrong" == outcome.no_pair


def test_an_engine_that_fails_itself_fails(bench: Bench) -> None:
    bench.refused[OTHER] = "cannot open"

    with pytest.raises(WeighinError, match="cannot open"):
        bench.cell(OTHER).engines()


@pytest.mark.parametrize("first", [None, dataclasses.replace(FIRST, target="pi5")])
def test_only_what_is_on_one_machine_is_paired(bench: Bench, first: Case | None) -> None:
    with pytest.raises(WeighinError, match="no other engine on its machine"):
        bench.cell(OTHER, first).engines()

    assert [] == bench.sides


@pytest.mark.parametrize(
    ("case", "first", "needs"),
    [(OTHER, FIRST, False), (KERAS, FIRST, True), (FIRST, KERAS, True), (FIRST, None, False)],
)
def test_what_opens_keras_on_either_side_is_measured_last(
    bench: Bench, case: Case, first: Case | None, needs: bool
) -> None:
    assert needs == bench.cell(case, first).needs_tensorflow


def test_a_file_by_itself_needs_no_tensorflow(bench: Bench) -> None:
    assert not Cell(FIRST.file, "artifact", bench.context).needs_tensorflow


def recorded(bench: Bench, outcome: Engines, case: Case = OTHER) -> dict[str, Any]:
    """The records of an outcome, by their metrics."""
    metrics = (each for each in registry.metrics.values() if each.scope == "engines")
    return {metric.name: metric.compute(outcome) for metric in metrics}


def test_every_figure_says_what_it_is_beside(bench: Bench) -> None:
    """And where the files' formats differ, that they do."""
    alike = recorded(bench, Engines("light", PAIR, formats=("tflite", "tflite")))
    other = recorded(bench, Engines("light@pi5", PAIR, formats=("tflite", "h5")))

    assert {"engine_speedup", "engine_latency", "engine_first"} == set(alike)
    assert {("light", "")} == {(each.beside, each.note) for each in alike.values()}
    assert {("light@pi5", "a .h5 file beside a .tflite")} == {
        (each.beside, each.note) for each in other.values()
    }
    values = {name: figure.value for name, figure in alike.items()}
    assert {"engine_speedup": 0.5, "engine_latency": 2.0, "engine_first": 1.0} == values
    assert "slower" == alike["engine_speedup"].verdict
    assert (40, "narrow", True) == (
        alike["engine_speedup"].n,
        alike["engine_speedup"].stopped,
        alike["engine_speedup"].pinned,
    )


def test_a_ratio_far_from_one_keeps_its_digits(bench: Bench) -> None:
    """An engine that is 2,000 times slower: five decimals would leave two digits of it."""
    slow = Pair(((1.0, 2001.0),) * 40, "narrow", True)

    assert 1 / 2001 == pytest.approx(
        recorded(bench, Engines("light", slow))["engine_speedup"].value, rel=1e-5
    )


def test_without_a_pair_each_figure_says_why(bench: Bench) -> None:
    """It is not measured, rather than skipped: it would mean something."""
    told = recorded(bench, Engines("light", None, "nothing to be beside, x: broken"))

    assert {("not measured", "nothing to be beside, x: broken")} == {
        (each.status, each.reason) for each in told.values()
    }
