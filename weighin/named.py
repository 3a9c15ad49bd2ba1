"""Arrays by name, one entry of each for every example, and how a file's tensors store them.

It imports NumPy alone, for the fresh processes that are measured use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]


def count(arrays: Arrays) -> int:
    """How many examples there are."""
    return len(next(iter(arrays.values())))


def taken(arrays: Arrays, which: slice | npt.NDArray[np.intp] | Sequence[int]) -> dict[str, Array]:
    """Some of the examples: a part of them, or those of these numbers."""
    return {name: values[which] for name, values in arrays.items()}


def singly(arrays: Arrays) -> Iterator[dict[str, Array]]:
    """Each example by itself, as a batch of one."""
    for at in range(count(arrays)):
        yield taken(arrays, slice(at, at + 1))


def joined(parts: Sequence[Arrays]) -> dict[str, Array]:
    """The examples of several parts, one after the other; nothing of none."""
    names = parts[0] if parts else ()
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def example_bytes(arrays: Arrays) -> int:
    """What one example takes."""
    return sum(values[:1].nbytes for values in arrays.values())


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of a file's tensors; where they do not tell these apart, their places."""
    if len(set(names)) < len(names):
        return [str(place) for place in range(len(names))]
    return list(names)


def stored(values: Array, details: Mapping[str, Any]) -> Array:
    """Real values as a tensor stores them: quantized where it has a scale, else as they are.

    Args:
        values: of any dtype.
        details: `dtype` and `quantization` of the tensor, as interpreters give them.
    """
    dtype, (scale, zero_point) = details["dtype"], details["quantization"]
    if np.issubdtype(dtype, np.integer) and scale:
        limits = np.iinfo(dtype)
        scaled = np.rint(values / np.float32(scale)) + zero_point
        quantized: Array = np.clip(scaled, limits.min, limits.max).astype(dtype)
        return quantized
    return values.astype(dtype, copy=False)


def real(raw: Array, details: Mapping[str, Any]) -> Array:
    """What a tensor stores, as real values; `details` as of `stored`."""
    scale, zero_point = details["quantization"]
    if np.issubdtype(raw.dtype, np.integer) and scale:
        values: Array = (raw.astype(np.float32) - zero_point) * np.float32(scale)
        return values
    if raw.dtype.kind in "iu":  # a difference, or what is turned around to be ranked, runs over
        return raw.astype(np.int64)
    return raw.astype(np.float32) if raw.dtype == np.float16 else raw
