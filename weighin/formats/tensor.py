"""One tensor as a model file holds it: its shape, its type and its values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.formats.budget import Budget
from weighin.formats.sparsity import Sparsity
from weighin.stats import entropy

_STORED = {  # TensorType → how its values lie in the buffer
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "FLOAT64": np.float64,
    "INT64": np.int64,
    "INT32": np.int32,
    "INT16": np.int16,
    "INT8": np.int8,
    "UINT64": np.uint64,
    "UINT32": np.uint32,
    "UINT16": np.uint16,
    "UINT8": np.uint8,
    "BOOL": np.uint8,
}
_PACKED = {
    "INT4": 4,
    "UINT4": 4,
    "INT2": 2,
    "UINT2": 2,
}  # TensorType → bits of a value, the lowest first


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of a graph.

    Attributes:
        index: its number in the graph, or in its subgraph where that is not the first one.
        shape: at batch 1, with 1 for what is not known.
        dtype: as the schema of .tflite files calls it: `FLOAT32`, `INT8` …
        data: bytes of a constant's values; empty where values are computed.
        scales: how many quantization scales it has: 0, 1 or one per channel.
        zero_point: the integer that means zero.
        scale: the first of its scales, of values per step; 0 if it has none.
        channel_scales: all its scales, in the order of its channels; empty if it has none.
        axis: which of its dimensions those are the channels of.
        block: how many values along its last dimension share one of its scales; 0 where they are
            not by blocks.
        sparsity: where `data` lies among the zeros that it leaves out; None if it is dense.
        unknown: which of its dimensions the file does not tell.
        ranked: whether the file tells how many dimensions it has.
        buffer: the number of the buffer that holds its values, which other tensors may share;
            None if it shares them with none.
        initial: whether it is only the zeros that the state of a loop or a variable starts from, or
            scales that the file keeps beside what they are of.
        subgraph: the number of the subgraph that it belongs to.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    data: npt.NDArray[np.uint8]
    scales: int
    zero_point: int
    sparsity: Sparsity | None = None
    unknown: frozenset[int] = frozenset()
    ranked: bool = True
    buffer: int | None = None
    initial: bool = False
    subgraph: int = 0
    scale: float = 0.0
    channel_scales: tuple[float, ...] = ()
    axis: int = 0
    block: int = 0

    @property
    def label(self) -> str:
        """What it is called in messages: by its number where the file holds no names."""
        where = f" of subgraph {self.subgraph}" if self.subgraph else ""
        return repr(self.name) if self.name else f"tensor {self.index}{where}"

    @property
    def is_known(self) -> bool:
        """Whether all its dimensions are, at batch 1."""
        return self.ranked and not self.unknown

    @property
    def dimensions(self) -> str:
        """Its shape as it is printed: `1×20×8`, `?` for what is not known, `scalar` for none."""
        if not self.ranked:
            return "?"
        sizes = ["?" if at in self.unknown else str(n) for at, n in enumerate(self.shape)]
        return "×".join(sizes) or "scalar"

    @property
    def reach(self) -> tuple[float, float] | None:
        """The least and the greatest real value that it can hold by its scale; None without one."""
        if not self.scale or self.dtype not in ("INT8", "UINT8", "INT16"):
            return None
        limits = np.iinfo(self.dtype.lower())
        low, high = (self.scale * (end - self.zero_point) for end in (limits.min, limits.max))
        return low, high

    @property
    def sparse(self) -> bool:
        """Whether `data` leaves zeros out (sparse encoding)."""
        return self.sparsity is not None

    @property
    def size(self) -> int:
        """How many values it has, zeros of a sparse encoding included."""
        return math.prod(self.shape)

    @property
    def is_constant(self) -> bool:
        """Whether the file holds its values."""
        return len(self.data) > 0 or self.sparse

    @property
    def is_real(self) -> bool:
        """Whether it is constant and stands for real numbers: floating, or integers by a scale."""
        return self.is_constant and ("FLOAT" in self.dtype or self.scales > 0)

    @property
    def is_parameter(self) -> bool:
        """Whether it holds trained values: real constants that are not a part of the formulas.

        A number without dimensions, such as attention's 1/√d, and the zeros that a recurrent
        layer starts from are none: nobody trained them.
        """
        return self.is_real and bool(self.shape) and not self.initial

    @property
    def unpacked(self) -> int:
        """Bytes that its values take at most, as they are looked at: dense, and of a byte or more.

        Of a sparse encoding also those of the places, one number for each of its levels.
        """
        stored = len(self.data) * (8 // _PACKED[self.dtype] if self.dtype in _PACKED else 1)
        if self.sparsity is None:
            return 2 * stored
        itemsize = np.dtype(_STORED.get(self.dtype, np.uint8)).itemsize
        places = stored // itemsize * (1 + len(self.sparsity.levels))
        return 8 * places + self.size * itemsize

    @cached_property
    def values(self) -> npt.NDArray[Any]:
        """The stored values, flat; a sparse encoding's zeros are left out."""
        values = decoded(self.data, self.dtype)
        if self.dtype in _PACKED and not self.sparse:
            values = values[: self.size]  # the last byte may hold more than the last value
        if self.sparsity is not None:
            self.sparsity.positions(self.shape, len(values))  # refuses what does not fit
        elif len(values) != self.size:
            raise ValueError(f"{self.label} holds {len(values)} values, not {self.size}")
        return values

    def dense(self) -> npt.NDArray[Any]:
        """The values in the tensor's shape, zeros of a sparse encoding filled in."""
        if self.sparsity is None:
            return self.values.reshape(self.shape)
        whole = np.zeros(self.size, self.values.dtype)
        whole[self.sparsity.positions(self.shape, len(self.values))] = self.values
        return whole.reshape(self.shape)

    def real(self) -> npt.NDArray[np.float64]:
        """What its stored values stand for, in its shape.

        Raises:
            ValueError: if it has neither one scale nor one for each channel or block.
        """
        values: npt.NDArray[np.float64] = self.dense().astype(np.float64)
        if not self.channel_scales:
            return values
        scales = np.array(self.channel_scales)
        if self.block:
            blocks = values.reshape(-1, self.block) - self.zero_point
            of_blocks: npt.NDArray[np.float64] = blocks * scales.reshape(-1, 1)
            return of_blocks.reshape(self.shape)
        if len(scales) > 1:
            scales = scales.reshape([-1 if at == self.axis else 1 for at in range(values.ndim)])
        real: npt.NDArray[np.float64] = (values - self.zero_point) * scales
        return real

    @property
    def unique(self) -> int:
        """How many different values there are, zero included."""
        left_out = len(self.values) < self.size and self.nonzero == len(self.values)
        return len(np.unique(self.values)) + left_out

    @cached_property
    def nonzero(self) -> int:
        """How many values are not zero."""
        return int(np.count_nonzero(self.values != self.zero_point))

    @property
    def entropy_bytes(self) -> float:
        """What its values come to at their entropy, zeros included."""
        nonzero = self.values[self.values != self.zero_point]
        counts = np.unique(nonzero, return_counts=True)[1]
        zeros = self.size - self.nonzero  # those that a sparse encoding leaves out, too
        return self.size * entropy([*counts, zeros] if zeros else counts) / 8


def unpack(tensors: Iterable[Tensor], budget: Budget) -> None:
    """Unpack the constants among tensors, to count their values; each is asked for before.

    Raises:
        ValueError: if that is more than the file may take.
    """
    for tensor in tensors:
        if tensor.is_real:
            budget.take(tensor.label, tensor.unpacked)
            _ = tensor.nonzero


def decoded(data: npt.NDArray[np.uint8], dtype: str) -> npt.NDArray[Any]:
    """The values of a buffer, flat; floats of 8 bits as the integers of their codes.

    Raises:
        KeyError: if the type is not known.
    """
    if dtype in _PACKED:
        bits = _PACKED[dtype]
        places = np.arange(0, 8, bits, dtype=np.uint8)
        codes = ((data[:, np.newaxis] >> places) & (2**bits - 1)).reshape(-1).astype(np.int8)
        sign = 0 if dtype.startswith("U") else 2 ** (bits - 1)
        signed: npt.NDArray[Any] = (codes ^ sign) - sign
        return signed
    if dtype == "BFLOAT16":  # the upper half of a float32
        return (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    if dtype.startswith("FLOAT8"):
        return np.where(data == 0x80, 0, data)  # minus zero is zero
    return data.view(_STORED[dtype])
