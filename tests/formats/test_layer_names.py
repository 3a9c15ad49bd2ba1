"""What layers are called, and which of them a pattern means."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import dataclasses

import pytest
from helpers.flatbuffer import content, convolution, dense
from hypothesis import given
from hypothesis import strategies as st

from weighin.formats.layer_names import layer_of, matches, matching
from weighin.formats.tflite import parsed

WORDS = st.lists(st.text("abc_12", min_size=1, max_size=5), min_size=1, max_size=4)


def named(kernel: str, kind: str = "dense") -> str:
    """What a layer is called whose weights have this name."""
    layer = dense(4, 4) if kind == "dense" else convolution(4, 3, 3)
    graph = parsed(content([dataclasses.replace(layer, name=kernel)]), "made by hand")
    (operator,) = [each for each in graph.operators if each.kernels]
    return layer_of(graph, operator)


@pytest.mark.parametrize(
    ("kernel", "kind", "layer"),
    [
        ("model/dense/MatMul", "dense", "model/dense/MatMul0"),
        ("m/bn/FusedBatchNormV3;m/conv2d_2/Conv2D;m/bn_1/x", "conv", "m/conv2d_2/Conv2D"),
        ("m/other/depthwise;m/conv2d/BiasAdd;m/conv2d/Conv2D1;", "conv", "m/conv2d/Conv2D1"),
        ("m/bn/Fused;m/conv/BiasAdd;", "conv", "m/bn/Fused"),
    ],
)
def test_of_names_that_a_converter_has_fused_the_operators_own_counts(
    kernel: str, kind: str, layer: str
) -> None:
    """Others are there because they share a constant; if none is its own, the first."""
    assert layer == named(kernel, kind)


def test_where_the_weights_name_says_nothing_the_outputs_does() -> None:
    """Newer converters call constants by numbers."""
    assert "arith.constant0/output" == named("arith.constant")


def test_a_layer_without_any_name_has_none_and_no_pattern_means_it() -> None:
    graph = parsed(content([dense(4, 4)], named=False), "made by hand")

    assert [""] == [layer_of(graph, each) for each in graph.operators]
    assert [] == matching(graph, "*", graph.operators)


@pytest.mark.parametrize(
    ("pattern", "is_meant"),
    [
        ("conv2d", True),
        ("conv2d_1", False),
        ("conv", False),
        ("block1", True),
        ("block1/*", True),
        ("block", False),
        ("block*", True),
        ("*conv*", True),
        ("model/block1/conv2d/Conv2D", True),
        ("conv2d/Conv2D", True),
        ("model", True),
        ("Conv2d", False),
        ("", False),
    ],
)
def test_a_pattern_means_a_whole_word_of_the_path_or_the_rest_from_there(
    pattern: str, is_meant: bool
) -> None:
    assert is_meant == matches(pattern, "model/block1/conv2d/Conv2D")


@given(WORDS, st.data())
def test_each_word_and_the_whole_path_mean_their_layer(words: list[str], data) -> None:
    path = "/".join(words)

    assert matches(path, path)
    assert matches(data.draw(st.sampled_from(words)), path)
    assert not matches(path + "x", path)
