"""Errors that are shown to the user without a traceback."""

from __future__ import annotations


class WeighinError(Exception):
    """What was wrong, where, and the way out: shown to the user without a traceback."""


class DataNotFoundError(WeighinError):
    """A data set is in none of the places where it was looked for."""
