"""Protocol buffers read without their schema: fields by number, as they lie in a message."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_LONGEST = 10  # bytes of a number
_BYTES = 2  # a field's wire type: a length and so many bytes


Message = bytes | memoryview  # of the latter parts are views, too: nothing is copied


def fields(message: Message) -> Iterator[tuple[int, int | Message]]:
    """The fields of a message in their order: number and value; fixed ones as their bytes.

    Source: https://protobuf.dev/programming-guides/encoding/.

    Raises:
        ValueError: if it is none, or is cut off.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = struct.calcsize("<d" if kind == 1 else "<f")
        else:
            raise ValueError(f"no protocol buffer: a field of wire type {kind}")
        if at + length > len(message):
            raise ValueError("a protocol buffer that is cut off")
        yield number, message[at : at + length]
        at += length


def parts(message: bytes, number: int) -> list[bytes]:
    """What the fields of that number hold, where it is bytes, text or messages."""
    return [value for key, value in fields(message) if key == number and isinstance(value, bytes)]


def varints(packed: Message) -> npt.NDArray[np.int64]:
    """Packed numbers of a field, as signed ones of 64 bits.

    Raises:
        ValueError: if one has no end.
    """
    raw = np.frombuffer(packed, np.uint8)
    ends = np.flatnonzero(raw < 0x80)
    if len(raw) and (not len(ends) or ends[-1] != len(raw) - 1):
        raise ValueError("packed numbers that are cut off")
    begins = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    lengths = ends - begins + 1
    if lengths.max(initial=0) > _LONGEST:
        raise ValueError("no protocol buffer: a number without an end")
    values = np.zeros(len(ends), np.uint64)
    for at in range(int(lengths.max(initial=0))):
        more = lengths > at
        values[more] |= (raw[begins[more] + at] & np.uint64(0x7F)) << np.uint64(7 * at)
    return values.view(np.int64)


def _varint(message: Message, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("a protocol buffer that is cut off")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
    raise ValueError("no protocol buffer: a number without an end")
