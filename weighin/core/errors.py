"""Errors that are shown to the user without a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class WeighinError(Exception):
    """What was wrong, where, and the way out: shown to the user without a traceback."""


class DataNotFoundError(WeighinError):
    """A data set is in none of the places where it was looked for."""


class SkippedError(WeighinError):
    """Why something is left out, which is no failure: nothing of it was tried."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a misspelt one is most like; None if it is like none."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)
