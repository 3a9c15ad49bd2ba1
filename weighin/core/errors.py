"""Errors that are shown to the user without a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class WeighinError(Exception):
    """What was wrong, where, and the way out: shown to the user without a traceback."""


class NotBuiltError(WeighinError):
    """A file that could not be made.

    Attributes:
        log: what the process that tried wrote, if it was one.
    """

    def __init__(self, reason: str, log: Path | None = None) -> None:
        """Take the reason, and where more of it stands."""
        super().__init__(reason)
        self.log = log


class DataNotFoundError(WeighinError):
    """A data set is in none of the places where it was looked for."""


class SkippedError(WeighinError):
    """Why something is left out, which is no failure: nothing of it was tried."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a misspelt one is most like; None if it is like none."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)
