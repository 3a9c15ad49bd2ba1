"""Sparse encodings stand for the dense tensors that they were made from, or are refused."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from helpers.flatbuffer import Encoding, encode, sparse_file
from hypothesis import given
from hypothesis import strategies as st

from weighin.core import WeighinError
from weighin.formats.graph import Tensor
from weighin.formats.sparsity import Sparsity
from weighin.formats.tflite import read_tflite

ARRAY = np.array([[0, 5, 0, 0], [0, 0, 0, 0], [7, 0, 0, -2]], np.float32)


def tensor(encoding: Encoding, shape: tuple[int, ...]) -> Tensor:
    """A tensor in that encoding."""
    sparsity = Sparsity(encoding.order, encoding.blocks, encoding.levels)
    return Tensor(0, "w", shape, "FLOAT32", encoding.values.view(np.uint8), 0, 0, sparsity)


@st.composite
def encodings(draw: st.DrawFn) -> tuple[npt.NDArray[np.float32], Encoding]:
    """An array and one of the ways to encode it: any order, blocks and levels left out."""
    blocks = draw(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3))
    shape = [size * draw(st.integers(1, 2)) for size in blocks]
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    dense = generator.choice(np.array([0, 0, 0, 1, -3], np.float32), shape)
    divided = [(dimension, size) for dimension, size in enumerate(blocks) if size > 1]
    levels = len(shape) + len(divided)
    order = draw(st.permutations(range(len(shape))))
    order += draw(st.permutations(range(len(shape), levels)))
    sparse = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    return dense, encode(dense, order, sparse, divided)


@given(encodings())
def test_what_is_encoded_comes_back(case: tuple[npt.NDArray[np.float32], Encoding]) -> None:
    """Whatever the order, the blocks and the levels: values, zeros and shape are the array's."""
    dense, encoding = case
    held = tensor(encoding, dense.shape)

    np.testing.assert_array_equal(dense, held.dense())
    assert np.count_nonzero(dense) == held.nonzero
    assert len(np.unique(dense)) == held.unique


@pytest.mark.parametrize("width", ["uint8", "uint16", "int32"])
@pytest.mark.parametrize("blocks", [[], [(1, 4)], [(0, 3), (1, 2)]])
def test_files_hold_indices_of_any_width(
    tmp_path: Path, width: str, blocks: list[tuple[int, int]]
) -> None:
    """The same array is read from all three kinds of index vectors, in blocks or not."""
    path = tmp_path / "m.tflite"
    path.write_bytes(sparse_file(encode(ARRAY, blocks=blocks), ARRAY.shape, width))

    graph = read_tflite(path)

    (kernel,) = graph.kernels
    assert kernel.sparse
    np.testing.assert_array_equal(ARRAY, kernel.dense())
    assert (12, 3, 4) == (kernel.size, kernel.nonzero, kernel.unique)
    assert (12, 3) == (graph.macs, graph.effective_macs)


def test_a_kernel_of_zeros_alone_is_still_one(tmp_path: Path) -> None:
    """A sparse tensor that stores no value holds weights nevertheless: zeros."""
    path = tmp_path / "m.tflite"
    path.write_bytes(sparse_file(encode(np.zeros((3, 4), np.float32)), (3, 4)))

    (kernel,) = read_tflite(path).kernels
    assert (12, 0, 1) == (kernel.size, kernel.nonzero, kernel.unique)
    assert not kernel.dense().any()


def changed(**changes: Any) -> Encoding:
    """The encoding of `ARRAY` with something put in its place."""
    return dataclasses.replace(encode(ARRAY), **changes)


SEGMENTS, INDICES = encode(ARRAY).levels[1]


@pytest.mark.parametrize(
    ("damaged", "told"),
    [
        (changed(order=(0, 0)), "traversal order"),
        (changed(order=(0, 1, 2)), "traversal order"),
        (changed(levels=(3,)), "number of levels"),
        (changed(levels=(3, (SEGMENTS[:-1], INDICES))), "segments"),
        (changed(levels=(3, (SEGMENTS + 1, INDICES))), "segments"),
        (changed(levels=(3, (SEGMENTS[::-1], INDICES))), "segments"),
        (changed(levels=(2, (SEGMENTS, INDICES))), "segments"),
        (changed(levels=(3, (SEGMENTS, INDICES + 9))), "invalid entry"),
        (changed(levels=(3, (SEGMENTS, INDICES - 9))), "invalid entry"),
        (changed(levels=(1 << 40, (SEGMENTS, INDICES))), "fit each other"),
        (changed(levels=(-3, (SEGMENTS, INDICES))), "fit each other"),
        (changed(levels=(1 << 40, 1 << 40)), "fit each other"),
        (changed(values=encode(ARRAY).values[:-1]), "stores 2 values for 3 places"),
        (changed(order=(0, 1, 2), blocks=(5,), levels=(3, (SEGMENTS, INDICES), 1)), "block"),
    ],
)
def test_damaged_encodings_are_refused(damaged: Encoding, told: str) -> None:
    """What does not fit is a ValueError, at once and however large the numbers are."""
    with pytest.raises(ValueError, match=told):
        tensor(damaged, ARRAY.shape).dense()


def test_damaged_sparse_files_raise_nothing_but_weighin_errors(tmp_path: Path) -> None:
    """300 sparse files with flipped bytes are read or refused by name, never a crash."""
    whole = sparse_file(encode(ARRAY, blocks=[(1, 2)]), ARRAY.shape, "uint16")
    generator = random.Random("damage to sparse")
    path = tmp_path / "damaged.tflite"
    refusals = []
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(generator.choice([1, 4])):
            content[generator.randrange(len(content))] = generator.randrange(256)
        path.write_bytes(content)
        try:
            graph = read_tflite(path)
            assert 0 <= graph.effective_macs <= graph.macs
        except WeighinError as error:
            refusals.append(str(error))

    assert 0 < len(refusals) < 300
    assert all("damaged.tflite" in refusal for refusal in refusals)
