"""Formats looked up: by a file's name, by what it is called in records, by what it begins with."""

from __future__ import annotations

from pathlib import Path

from weighin import registry
from weighin.core import Format
from weighin.formats.graph import Graph


def endings(*, finished: bool = False) -> list[str]:
    """Endings of the files that are read here; only of finished ones if asked."""
    known = [each for each in registry.formats.values() if each.finished or not finished]
    return [ending for each in known for ending in each.endings]


def of_file(path: str | Path) -> Format | None:
    """The format of a file by its name's ending; None if it is none that is known."""
    ending = Path(path).suffix
    return next((each for each in registry.formats.values() if ending in each.endings), None)


def of_content(content: bytes) -> Format | None:
    """The finished format that bytes begin like; None if they do like none."""
    known = [each for each in registry.formats.values() if each.finished]
    return next((each for each in known if each.begins(content)), None)


def graph(format: str, path: Path) -> Graph:
    """The graph that a file of a format holds.

    Raises:
        WeighinError: if it is damaged.
        ValueError: if files of that format have none.
    """
    known = registry.formats[format]
    if not known.has_graph:
        raise ValueError(f".{format} files hold no graph")
    held: Graph = known.read(path)
    return held


def rank(format: str) -> int:
    """The place of a format in tables; one that is not known stands last."""
    names = list(registry.formats)
    return names.index(format) if format in names else len(names)
