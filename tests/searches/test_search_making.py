"""Makers of files: processes that stay, recipes of fewer epochs, and files beside a first one."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.finished import End, Part, part, write

from weighin import Recipe, model, registry
from weighin.build.budgets import Budgets, budgets, first_budget
from weighin.build.finished import FinishedFiles
from weighin.core import WeighinError
from weighin.datasets import drawing
from weighin.measure.context import build_context
from weighin.searches.making import Standing, described


class Inner:
    """An executor that notes when it opens and closes."""

    def __init__(self) -> None:
        """Begin closed."""
        self.events: list[str] = []

    def processor(self) -> Any:
        """Any."""
        return "some processor"

    @contextlib.contextmanager
    def opened(self, build_context: Any, todo: Sequence[Any]) -> Iterator[Any]:
        """Open for a block."""
        self.events.append("opened")
        try:
            yield object()
        except BaseException as error:
            self.events.append(f"broken by {type(error).__name__}")
            raise
        self.events.append("closed")


def test_processes_stay_from_one_build_to_the_next_and_end_at_last() -> None:
    inner = Inner()
    standing = Standing(inner)
    with standing.opened(None, ()) as first:  # type: ignore[arg-type]
        pass
    with standing.opened(None, ()) as second:  # type: ignore[arg-type]
        assert first is second
    assert ["opened"] == inner.events

    standing.close()
    standing.close()
    assert ["opened", "closed"] == inner.events
    assert "some processor" == standing.processor()


def test_what_is_raised_ends_them_at_once_and_others_begin_anew() -> None:
    inner = Inner()
    standing = Standing(inner)
    with pytest.raises(KeyboardInterrupt), standing.opened(None, ()):  # type: ignore[arg-type]
        raise KeyboardInterrupt
    with standing.opened(None, ()):  # type: ignore[arg-type]
        pass
    standing.close()

    assert ["opened", "broken by KeyboardInterrupt", "opened", "closed"] == inner.events


def test_fewer_epochs_come_first_and_none_that_are_nearly_all() -> None:
    assert [[], [1], [1, 2], [1, 3], [1, 3, 8], [1, 3, 9, 30]] == [
        budgets(epochs) for epochs in (0, 1, 2, 3, 8, 30)
    ]


def test_the_fewest_epochs_are_a_training() -> None:
    """A hundred steps of it: fewer tell nothing of what more would do."""
    assert [1, 1, 3, 50, 12_800] == [
        first_budget(*each)
        for each in ((60_000, 128), (12_800, 128), (2_700, 64), (16, 8), (0, 128))
    ]
    assert [[3, 9, 20], [10, 20], [20], [20]] == [budgets(20, first) for first in (3, 10, 20, 50)]


def test_a_model_has_a_profile_of_each_and_its_own_stays() -> None:
    @model(full=Recipe("d", epochs=5, finetune_epochs=8, learning_rate=0.5))
    def mine(keras: Any) -> Any:
        return None

    each = Budgets("mine", "full")
    each.register()
    each.register()
    profiles = registry.models["mine"].profiles

    assert {"full": 8, "full-1": 1, "full-3": 3} == {
        name: recipe.finetune_epochs for name, recipe in profiles.items()
    }
    assert "full" == each.name(8)
    assert {0.5} == {recipe.learning_rate for recipe in profiles.values()}


def test_epochs_are_told_of_what_trains_alone() -> None:
    assert "int8" == described("int8", 3)
    assert "prune(0.5)+int8, 1 epoch" == described("prune(0.5)+int8", 1)
    assert "prune(0.5), 3 epochs" == described("prune(0.5)", 3)


def test_files_stand_beside_the_first_by_the_names_that_they_are_given(tmp_path: Path) -> None:
    first = write(tmp_path / "first.tflite", part())
    other = write(tmp_path / "other.tflite", part(weights=np.zeros((3, 4))))
    files = FinishedFiles.read(build_context(str(tmp_path), None), [first], "drawn")
    drawing.register("drawn", files.signature, files.ranges)
    files.build(())
    both = files.beside({"prune(0.9)+int8": other})

    assert ["baseline"] == [case.variant for case in files.cases]
    assert ["baseline", "prune(0.9)+int8"] == [case.variant for case in both.cases]
    assert other.resolve() == both.of(both.cases[1]).path
    assert both.of(both.cases[0]).facts["task"] == both.of(both.cases[1]).facts["task"]


def test_a_file_of_another_kind_does_not(tmp_path: Path) -> None:
    first = write(tmp_path / "first.tflite", part())
    odd = Part(End("x", 5), End("scores", 3), np.ones((3, 5), np.float32))
    files = FinishedFiles.read(build_context(str(tmp_path), None), [first], "drawn")

    with pytest.raises(WeighinError, match="not comparable"):
        files.beside({"odd": write(tmp_path / "odd.tflite", odd)})
