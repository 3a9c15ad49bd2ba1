"""Inputs drawn at random, for finished files of which no data were given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from weighin.core import Array, Dataset, Port, Signature, Split, WeighinError
from weighin.core.signature import written
from weighin.registry import dataset

MOST = 64  # examples,
MOST_BYTES = 64_000_000  # or fewer, of large ones
UNLABELLED = "no data were given (--data), so inputs were drawn at random"
Ranges = Mapping[str, tuple[float, float]]


def register(name: str, signature: Signature, ranges: Ranges) -> None:
    """Register inputs drawn for a file as a data set: a test part alone, without targets.

    Args:
        name: what the data set is called.
        signature: what the file takes.
        ranges: by input, between what its values lie; of others from 0 to 1 where they are real,
            0 or 1 where they are whole, for those may be places in a table, and 0 to 255 of bytes.

    Raises:
        WeighinError: if an input has a size that the file leaves open or that is 0, or takes no
            numbers.
    """
    for port in signature.inputs:
        if not _is_number(port.dtype):
            raise WeighinError(f"Input {port.name!r} takes {port.dtype}: only numbers are given.")
        if None in port.shape:
            raise WeighinError(
                f"Input {port.name!r} is {written(port.shape)}: the file leaves a size open, so no "
                f"inputs can be drawn for it. Give it some: --data."
            )
        if 0 in port.shape:
            raise WeighinError(f"Input {port.name!r} is {written(port.shape)}: it takes nothing.")
    dataset(name)(lambda search: _drawn(name, signature, ranges))


def _is_number(dtype: str) -> bool:
    try:
        return np.dtype(dtype).kind in "biuf"
    except TypeError:  # text, and types of less than a byte
        return False


def _drawn(name: str, signature: Signature, ranges: Ranges) -> Dataset:
    example = sum(port.bytes for port in signature.inputs)
    n = max(2, min(MOST, MOST_BYTES // max(1, example)))
    generator = np.random.default_rng(0)
    inputs = {port.name: _values(port, n, generator, ranges) for port in signature.inputs}
    digest = hashlib.sha256(repr([str(port) for port in signature.inputs]).encode())
    for values in inputs.values():
        digest.update(np.ascontiguousarray(values).data)
    part = Split(inputs)
    sha256 = digest.hexdigest()
    return Dataset(name, None, sha256, part, part, UNLABELLED, test_only=True, drawn=True)


def _values(port: Port, n: int, generator: np.random.Generator, ranges: Ranges) -> Array:
    shape = (n, *(size for size in port.shape if size is not None))
    kind = np.dtype(port.dtype).kind
    if kind == "f":
        low, high = ranges.get(port.name, (0.0, 1.0))
        return generator.uniform(low, high, shape).astype(port.dtype)
    most = 256 if port.dtype == "uint8" else 2
    return generator.integers(0, most, shape).astype(port.dtype)
