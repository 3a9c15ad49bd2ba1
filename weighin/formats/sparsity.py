"""Sparse encoding of .tflite tensors: where the stored values lie in the dense tensor.

Source: the schema's `SparsityParameters`, and `FormatConverter::SparseToDense` in
tensorflow/lite/kernels/internal/utils/sparsity_format_converter.cc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.formats.budget import RECORD, Budget
from weighin.formats.nodes import numbers

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sparsity:
    """How a sparse tensor is walked through, outermost level first.

    Attributes:
        order: for each level the dimension that it counts; numbers from the tensor's rank on are
            blocks.
        blocks: for each block the dimension that it divides.
        levels: for each level its size if all of it is stored, or else (segments, indices): of
            the level above's n-th place, the places `indices[segments[n]:segments[n + 1]]` are.
    """

    order: tuple[int, ...]
    blocks: tuple[int, ...]
    levels: tuple[int | tuple[Numbers, Numbers], ...]

    def positions(self, shape: tuple[int, ...], stored: int) -> Numbers:
        """Where each stored value lies in the dense tensor, flat; `(stored,)`.

        Args:
            shape: of the dense tensor.
            stored: how many values are stored.

        Raises:
            ValueError: if the encoding does not fit the shape or the number of values.
        """
        if sorted(self.order) != list(range(len(shape) + len(self.blocks))):
            raise ValueError("the traversal order of a sparse tensor does not fit its shape")
        if len(self.levels) != len(self.order):
            raise ValueError("a sparse tensor has another number of levels than of dimensions")
        segments = [len(level[0]) for level in self.levels if isinstance(level, tuple)]
        longest = max(stored + 1, *segments, 1)
        at: list[Numbers] = []  # for each level so far, the place of every path down to it
        paths = 1
        for level in self.levels:
            if isinstance(level, tuple):
                lengths, indices = _lengths(level, paths), level[1]
                at = [np.repeat(places, lengths) for places in at] + [indices]
                paths = len(indices)
            else:
                if not 0 <= paths * level < longest:  # before a damaged size takes all memory
                    raise ValueError("a sparse tensor's levels do not fit each other")
                at = [np.repeat(places, level) for places in at]
                at.append(np.tile(np.arange(level), paths))
                paths *= level
        if paths != stored:
            raise ValueError(f"a sparse tensor stores {stored} values for {paths} places")
        whole = [at[self.order.index(dimension)] for dimension in range(len(shape))]
        for block, dimension in enumerate(self.blocks):
            level = self.order.index(len(shape) + block)
            size = self.levels[level]
            if isinstance(size, tuple) or not 0 <= dimension < len(shape):
                raise ValueError("a block of a sparse tensor is itself sparse, or of no dimension")
            whole[dimension] = whole[dimension] * size + at[level]
        flat: Numbers = np.ravel_multi_index(tuple(whole), shape)
        return flat


def _lengths(level: tuple[Numbers, Numbers], paths: int) -> Numbers:
    """How many places each path has in a level that leaves some out."""
    segments, indices = level
    lengths: Numbers = np.diff(segments)
    whole = len(segments) == paths + 1 and segments[0] == 0 and segments[-1] == len(indices)
    if not whole or (lengths < 0).any():
        raise ValueError("a sparse tensor's segments do not fit its indices")
    return lengths


def read(tensor: Any, schema: Any, budget: Budget) -> Sparsity | None:
    """The sparse encoding of a tensor of the schema; None if it is stored dense.

    Raises:
        ValueError: if the file would take too much memory.
    """
    table = tensor.Sparsity()
    if table is None:
        return None
    budget.take("a sparse encoding", RECORD * (1 + table.DimMetadataLength()))
    levels: list[int | tuple[Numbers, Numbers]] = []
    for metadata in map(table.DimMetadata, range(table.DimMetadataLength())):
        if metadata.Format() == schema.DimensionType.DENSE:
            levels.append(int(metadata.DenseSize()))
        else:
            vectors = (
                (metadata.ArraySegmentsType(), metadata.ArraySegments()),
                (metadata.ArrayIndicesType(), metadata.ArrayIndices()),
            )
            segments, indices = (_vector(*vector, schema, budget) for vector in vectors)
            levels.append((segments, indices))
    order, blocks = (
        numbers(vector, budget)
        for vector in (table.TraversalOrderAsNumpy(), table.BlockMapAsNumpy())
    )
    return Sparsity(order, blocks, tuple(levels))


def _vector(kind: int, union: Any, schema: Any, budget: Budget) -> Numbers:
    """Whole numbers of any of the schema's three widths."""
    vectors = {
        schema.SparseIndexVector.Int32Vector: schema.Int32Vector,
        schema.SparseIndexVector.Uint16Vector: schema.Uint16Vector,
        schema.SparseIndexVector.Uint8Vector: schema.Uint8Vector,
    }
    table = vectors[kind]()
    table.Init(union.Bytes, union.Pos)
    values = table.ValuesAsNumpy()
    if not isinstance(values, np.ndarray):
        return np.empty(0, np.int64)
    budget.take("a sparse encoding", 8 * len(values))
    whole: Numbers = values.astype(np.int64)
    return whole
