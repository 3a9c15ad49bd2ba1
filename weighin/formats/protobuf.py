"""Protocol buffers read without their schema: fields by number, as they lie in a message."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_BYTES = 2  # a field's wire type: a length and so many bytes


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
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


def _varint(message: bytes, at: int) -> tuple[int, int]:
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
