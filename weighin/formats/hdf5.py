"""HDF5 files opened without trust: what they hold lies in themselves, and fits the memory."""

from __future__ import annotations

import contextlib
import math
import os
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from weighin.formats.budget import SMALL, Budget

_DEFLATED = 1032  # times as large as they are is what bytes unpack to at most. Source: zlib.net


@contextlib.contextmanager
def opened(file: BinaryIO) -> Iterator[tuple[Any, Budget]]:
    """An HDF5 file and the budget of reading it, which is by what its arrays really store.

    Raises:
        ValueError: if it names another file, or a place by a link; if its arrays are not such as
            weights are, or are packed so that unpacking them would take all memory.
    """
    import h5py

    with h5py.File(file, "r") as held:
        # not followed: to other files, to each other in a circle, or many times to one array
        link = held.id.links.visit(_is_soft, info=True)
        if link is not None:
            raise ValueError(f"{_text(link)} is a link to another place")
        stored = sum(_stored(item) for item in arrays(held))
        size = file.seek(0, os.SEEK_END)
        if stored > size:
            raise ValueError(f"its arrays store {stored:,} bytes, and it has {size:,}")
        for item in arrays(held):
            _check_filters(item)
        yield held, Budget(stored)


def arrays(group: Any) -> list[Any]:
    """All arrays of a group, at any depth, each once."""
    import h5py

    found: list[Any] = []

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(item)

    group.visititems(add)
    return found


def unpacked(item: Any) -> int:
    """Bytes that reading an array takes: its own, or those of a piece that is larger than it."""
    return max(int(item.nbytes), math.prod(item.chunks or ()) * int(item.dtype.itemsize))


def _is_soft(name: bytes, info: Any) -> bytes | None:
    import h5py

    return None if info.type == h5py.h5l.TYPE_HARD else name


def _stored(item: Any) -> int:
    """Bytes that an array takes in the file.

    Raises:
        ValueError: if they lie in another file, or are not of one size each.
    """
    if item.external or item.is_virtual:
        raise ValueError(f"{item.name} lies in another file")
    if item.dtype.hasobject:
        raise ValueError(f"{item.name} holds values of any length, which no weights are")
    return int(item.id.get_storage_size())


def _check_filters(item: Any) -> None:
    """Refuse pieces that unpack to more than they may: the HDF5 library unpacks all there is.

    Raises:
        ValueError: if there are some, or the array is packed otherwise than by deflate.
    """
    import h5py

    properties = item.id.get_create_plist()
    filters = [properties.get_filter(at)[0] for at in range(properties.get_nfilters())]
    known = (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32)
    if not set(filters) <= set(known) or filters.count(h5py.h5z.FILTER_DEFLATE) > 1:
        raise ValueError(f"{item.name} is packed otherwise than by gzip, once")
    if h5py.h5z.FILTER_DEFLATE not in filters:
        return
    size = math.prod(item.chunks) * int(item.dtype.itemsize)
    large: list[tuple[int, ...]] = []

    def add(piece: Any) -> None:
        if piece.size * _DEFLATED > SMALL:
            large.append(piece.chunk_offset)

    item.id.chunk_iter(add)
    for place in large:
        _, raw = item.id.read_direct_chunk(place)
        if len(zlib.decompressobj().decompress(raw, size + 1)) > size:
            raise ValueError(f"a piece of {item.name} unpacks to more than {size:,} bytes")


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)
