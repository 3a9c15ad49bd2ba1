"""The run that a pytest session is: pytest's items are its cells."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pytest

from weighin import bench
from weighin.core import Scope, WeighinError
from weighin.job.run import Run
from weighin.measure.cell import Cell
from weighin.pytest_plugin import settings

SHIPPED = Path(bench.__file__).parent  # weighin's own functions, which its own digest covers


class PytestRun:
    """One pytest session.

    Attributes:
        problem: why it cannot be done; empty if it can.
        begun: whether anything is measured.
    """

    def __init__(self, config: pytest.Config) -> None:
        """Remember where the options are; nothing is read or loaded yet."""
        self.problem = ""
        self.begun = False
        self._config = config

    @cached_property
    def run(self) -> Run:
        """The run, made when a bench function asks for its cases; definitions are loaded.

        Raises:
            WeighinError: if an option makes no sense, or names what is not known.
        """
        return Run(settings.read(self._config))

    def cells(self, scope: Scope) -> list[Cell]:
        """What a bench function of this scope is run for; none, and a problem, on bad options."""
        try:
            return self.run.cells(scope)
        except WeighinError as error:
            self.problem = str(error)
            return []

    def begin(self, items: list[pytest.Item]) -> None:
        """Build what the items need, and show that.

        Raises:
            pytest.UsageError: if a data set is missing or a folder cannot be written.
        """
        cells = [(item, cell) for item in items if (cell := cell_of(item)) is not None]
        files = {item.path for item, _ in cells} - set(SHIPPED.glob("*.py"))
        self.run.functions = tuple(sorted(files))
        capture = self._config.pluginmanager.getplugin("capturemanager")
        try:
            with capture.global_and_fixture_disabled():
                print()
                self.run.begin([cell for _, cell in cells])
        except WeighinError as error:
            raise pytest.UsageError(str(error)) from None
        self.begun = True


def cell_of(item: pytest.Item) -> Cell | None:
    """The cell that an item of a marked bench function is run for."""
    callspec = getattr(item, "callspec", None)
    cell = callspec.params.get("cell") if callspec else None
    return cell if isinstance(cell, Cell) else None
