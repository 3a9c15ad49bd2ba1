"""Masks keep as many weights as they should, and the right ones."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import numpy as np
import pytest
from helpers.keras_process import seen
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from weighin.steps._masks import Array, largest, patterned, shared_out

SCORES = st.integers(1, 12).flatmap(
    lambda rows: st.integers(1, 12).flatmap(
        lambda columns: arrays.arrays(
            np.float32, (rows, columns), elements=st.floats(0, 10, width=32), unique=True
        )
    )
)


@given(SCORES, st.floats(0, 0.999))
def test_the_largest_stay(scores: Array, sparsity: float) -> None:
    """As many stay as the sparsity says, one at least, and none that goes is larger."""
    kept = largest(scores, sparsity)

    assert scores.shape == kept.shape
    assert max(1, round(scores.size * (1 - sparsity))) == kept.sum()
    assert scores[kept == 1].min() >= scores[kept == 0].max(initial=0)


@given(SCORES, st.floats(0, 0.999), st.integers(1, 4), st.integers(1, 4))
def test_blocks_stay_or_go_together(
    scores: Array, sparsity: float, height: int, width: int
) -> None:
    """Within a block all weights share their fate, at the borders too."""
    kept = largest(scores, sparsity, (height, width))

    assert scores.shape == kept.shape
    assert kept.any()
    for row in range(0, scores.shape[0], height):
        for column in range(0, scores.shape[1], width):
            block = kept[row : row + height, column : column + width]
            assert len(np.unique(block)) == 1


@given(
    arrays.arrays(np.float32, (2, 1, 11, 3), elements=st.floats(0.5, 10, width=32), unique=True),
    st.integers(1, 3),
)
def test_a_pattern_holds_along_input_channels(scores: Array, zeros: int) -> None:
    """Of every four inputs in a row `zeros` go, the smallest; what is left over stays longest."""
    kept = patterned(scores, zeros, 4)

    assert scores.shape == kept.shape
    for place in np.ndindex(2, 1, 3):
        own, stays = (np.moveaxis(each, -2, -1)[place] for each in (scores, kept))
        for start in (0, 4):
            four, left = own[start : start + 4], stays[start : start + 4]
            assert 4 - zeros == left.sum()
            assert four[left == 1].min() > four[left == 0].max()
        assert max(0, zeros - 1) == 3 - stays[8:].sum()


@given(
    st.floats(0.001, 1),
    st.lists(st.tuples(st.integers(1, 10_000), st.floats(0.1, 50)), min_size=1, max_size=6),
)
def test_shares_make_up_the_whole(density: float, parts: list[tuple[int, float]]) -> None:
    """Whatever the ratios, the mean density is as wanted, and no part is more than full."""
    sizes, ratios = [size for size, _ in parts], [ratio for _, ratio in parts]

    shares = shared_out(density, sizes, ratios)

    assert all(0 <= share <= 1 for share in shares)
    total = sum(share * size for share, size in zip(shares, sizes, strict=True))
    assert pytest.approx(density * sum(sizes)) == total
    for one, own in zip(shares, ratios, strict=True):
        for other, its in zip(shares, ratios, strict=True):
            if one < 1 and other < 1:
                assert pytest.approx(one * its) == other * own


def test_masks_are_those_of_the_toolkit() -> None:
    """Single weights, blocks and patterns are chosen as the toolkit's own pruning chooses them."""
    same = seen()["pruning"]

    assert 6 == len(same)
    assert [] == [case for case, is_same in same.items() if not is_same]
