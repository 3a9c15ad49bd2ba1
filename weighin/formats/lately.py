"""Graphs that were read lately, by file and its state: a row is looked at from many sides."""

from __future__ import annotations

import mmap
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from weighin.core import WeighinError
from weighin.formats.budget import LARGE
from weighin.formats.graph import Graph


class _Recent:
    """Graphs of the files that were looked at last."""

    def __init__(self, most: int) -> None:
        """Keep files of so many bytes together, and the last one in any event."""
        self._most = most
        self._kept: OrderedDict[tuple[object, ...], tuple[int, Graph]] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> Graph | None:
        """The graph, if it is still kept."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][1]

    def put(self, key: tuple[object, ...], size: int, graph: Graph) -> None:
        """Keep a graph, and forget those that were looked at least lately."""
        self._kept[key] = size, graph
        while len(self._kept) > 1 and sum(size for size, _ in self._kept.values()) > self._most:
            self._kept.popitem(last=False)


_recent = _Recent(64_000_000)


def read_lately(path: Path, read: Callable[[], Graph]) -> Graph:
    """A file's graph; one that was read lately and has not changed is not read again.

    Raises:
        WeighinError: if there is no such file.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise WeighinError(f"{path} cannot be read: {error.strerror}.") from error
    times = (status.st_mtime_ns, status.st_ctime_ns)
    key = (path.resolve(), status.st_ino, status.st_size, *times)
    graph = _recent.get(key)
    if graph is None:
        graph = read()
        _recent.put(key, status.st_size, graph)
    return graph


def content_of(path: Path) -> bytes | mmap.mmap:
    """A file's bytes, mapped where it is too large for a copy, which nobody can cut off meanwhile.

    Raises:
        OSError: if it cannot be read.
    """
    if path.stat().st_size <= LARGE:
        return path.read_bytes()
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
