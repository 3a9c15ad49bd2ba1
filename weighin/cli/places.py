"""Where commands find the cache, data and definitions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weighin.build.cache import Cache
    from weighin.datasets.search import SearchPaths


def cache(folder: str | None) -> Cache:
    """The artifact cache, in a folder or the usual place."""
    from weighin.build.cache import Cache, default_folder

    return Cache(Path(folder).expanduser() if folder else default_folder())


def search(cache: Cache, data_dir: str | None) -> SearchPaths:
    """Where data are looked for, a folder that was named first."""
    from weighin.datasets.search import SearchPaths

    return SearchPaths.here(cache.folder, data_dir)


def load(definitions: tuple[Path, ...]) -> None:
    """Register what files and folders define, or those of the folder at hand; a suite, too."""
    from weighin.definitions import default_definitions, load_definitions, provide_suite

    load_definitions(definitions or default_definitions(Path()))
    provide_suite()
