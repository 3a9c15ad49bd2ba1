"""What a search has found, as a notebook has it: it prints as its table, and as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from weighin.report import search as report
from weighin.report.search import Found, Member


class Searched:
    """What was found: the smallest first.

    Attributes:
        found: all of it.
    """

    def __init__(self, found: Found) -> None:
        """Wrap it."""
        self.found = found

    def __repr__(self) -> str:
        return report.render(self.found, "text")

    def _repr_html_(self) -> str:
        return report.render(self.found, "html")

    def __iter__(self) -> Iterator[Member]:
        return iter(self.found.members)

    @property
    def best(self) -> Member | None:
        """The first that is shown to hold on the test part; None if nothing is."""
        return self.found.best

    @property
    def command(self) -> str:
        """What to type to weigh the best one; empty if nothing holds."""
        return self.found.commands.get(self.best.variant, "") if self.best else ""

    @property
    def path(self) -> Path | None:
        """Of the results file of what was shown; None if nothing was."""
        return Path(self.found.results) if self.found.results else None
