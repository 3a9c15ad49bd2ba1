"""Layers that were looked at before: kept in the cache by the digests of both files."""

from __future__ import annotations

from pathlib import Path

from weighin.core import WeighinError
from weighin.diagnostics import analysed
from weighin.layers.row import Layers, of_json


class Kept:
    """What `weighin layers` has kept in a cache."""

    def __init__(self, cache: Path) -> None:
        """Look which files there are."""
        self._cache = cache
        self._compressed = analysed.compressed_files(cache)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self._compressed)

    def has(self, compressed: str) -> bool:
        """Whether a file may have been looked at, by its sha256; costs nothing."""
        return analysed.begins(compressed) in self._compressed

    def of(self, compressed: str, original: str) -> Layers | None:
        """The layers of a compressed file beside its float model, both by sha256.

        None where they were not looked at here, by this version of LiteRT, or what was kept is
        damaged.
        """
        if not self.has(compressed):
            return None
        told = analysed.kept_layers(self._cache, compressed, original)
        try:
            return None if told is None else of_json(told)
        except WeighinError:
            return None
