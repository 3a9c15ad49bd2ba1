"""Arrays by name as descriptions and one block of bytes; nothing is pickled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal, get_args

import msgspec
import numpy as np
from msgspec import Meta

from weighin.core import Arrays, WeighinError
from weighin.named import Array

Kind = Literal["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"]
Size = Annotated[int, Meta(ge=0, le=2**40)]


class Described(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One array: where it stands among others of a block is told by their order."""

    name: Annotated[str, Meta(max_length=4000)]
    dtype: Kind
    shape: Annotated[tuple[Size, ...], Meta(max_length=32)]

    @property
    def bytes(self) -> int:
        """What it takes of the block."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def packed(arrays: Arrays) -> tuple[tuple[Described, ...], bytes]:
    """Descriptions, and the bytes of all in their order.

    Raises:
        WeighinError: if one is of a type that is not sent.
    """
    described, blocks = [], []
    for name, values in arrays.items():
        little = np.asarray(values, order="C")
        little = little.astype(little.dtype.newbyteorder("<"), copy=False)
        if little.dtype.str not in get_args(Kind):
            raise WeighinError(f"{name!r} is of {values.dtype}, which is not sent to devices")
        described.append(Described(name, little.dtype.str, little.shape))  # type: ignore[arg-type]
        blocks.append(little.tobytes())
    return tuple(described), b"".join(blocks)


def unpacked(described: Sequence[Described], content: bytes) -> dict[str, Array]:
    """The arrays of a block that holds them and nothing else.

    Raises:
        WeighinError: if it does not, or if two have one name.
    """
    if len({each.name for each in described}) < len(described):
        raise WeighinError("two arrays of a message have one name")
    if sum(each.bytes for each in described) != len(content):
        raise WeighinError(
            f"a message describes arrays of {sum(each.bytes for each in described):,} bytes and "
            f"holds {len(content):,}"
        )
    arrays, at = dict[str, Array](), 0
    for each in described:
        count = math.prod(each.shape)
        values = np.frombuffer(content, each.dtype, count, at) if count else np.empty(0, each.dtype)
        arrays[each.name] = values.reshape(each.shape).copy()
        at += each.bytes
    return arrays
