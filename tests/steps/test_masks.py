"""Masks keep as many weights as they should, and the right ones."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from helpers.support import answer
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


TOOLKIT = """
import importlib, json
import numpy as np
from weighin.frameworks import tf_keras
from weighin.steps._masks import largest, patterned

tf = process.tensorflow()
plan = process.toolkit().sparsity.keras.ConstantSparsity
path = "tensorflow_model_optimization.python.core.sparsity.keras.pruning_impl"
rule = importlib.import_module(path).Pruning
generator = np.random.default_rng(0)
same = {}
for shape, sparsity, block, pattern in [
    ((40, 30), 0.8, [1, 1], None),
    ((7, 5), 0.31, [1, 1], None),
    ((12, 8), 0.5, [4, 1], None),
    ((12, 8), 0.75, [2, 4], None),
    ((3, 3, 8, 5), 0.5, [1, 1], (2, 4)),
    ((16, 6), 0.25, [1, 1], (1, 4)),
]:
    scores = generator.random(shape, dtype=np.float32)
    mask, threshold = tf.Variable(tf.ones(shape)), tf.Variable(0.0)
    toolkit = rule(
        lambda: tf.constant(1),
        [(tf.Variable(scores), mask, threshold)],
        plan(sparsity, 0, frequency=1),
        block_size=block,
        block_pooling_type="AVG",
        sparsity_m_by_n=pattern,
    )
    toolkit.conditional_mask_update()
    own = patterned(scores, *pattern) if pattern else largest(scores, sparsity, tuple(block))
    same[str([shape, block, pattern])] = bool((own == mask.numpy()).all())
print(json.dumps(same))
"""

SCHEMES = """
import json
import numpy as np
from weighin.frameworks import tf_keras

layers = process.keras().layers
model = process.keras().Sequential([layers.Input((40,)), layers.Dense(20), layers.Dense(3)])
kernel = np.random.default_rng(0).normal(size=(40, 20)).astype(np.float32)
sparse = np.where(np.random.default_rng(1).random((40, 20)) < 0.95, 0, kernel)
shared = np.round(kernel)
found = {}
for name, values in {"dense": kernel, "pruned": sparse, "clustered": shared + 0.5}.items():
    model.layers[0].set_weights([values, np.zeros(20)])
    wrapped = toolkit.quantization_aware(model)
    weights = [each for each in wrapped.layers if each.name == "quant_" + model.layers[0].name]
    found[name] = type(weights[0].quantize_config.weight_quantizer).__name__
print(json.dumps(found))
"""


def run(code: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """What code prints in a process of its own, as JSON."""
    printed: dict[str, Any] = answer(code, environment=environment)
    return printed


def test_the_scheme_follows_what_the_weights_are(child_environment: Mapping[str, str]) -> None:
    """Few weights that are left after pruning are not taken for clusters."""
    found = run(SCHEMES, child_environment)

    assert "PrunePreserve" in found["pruned"]
    assert "ClusterPreserve" in found["clustered"]
    assert "Preserve" not in found["dense"]


def test_masks_are_those_of_the_toolkit(child_environment: Mapping[str, str]) -> None:
    """Single weights, blocks and patterns are chosen as the toolkit's own pruning chooses them."""
    same = run(TOOLKIT, child_environment)

    assert 6 == len(same)
    assert [] == [case for case, is_same in same.items() if not is_same]
