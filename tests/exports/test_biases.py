"""Biases rounded to a few bits."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.flatbuffer import Layer, content
from hypothesis import given
from hypothesis import strategies as st

from weighin import grammar
from weighin.core import WeighinError
from weighin.exports._biases import check_bits, rounded
from weighin.exports._completing import packed, unpacked
from weighin.exports.compact import compacted
from weighin.formats.tflite import read_tflite

FLOATS = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40)
INTEGERS = st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=40)


def layers(dtype: str = "float32") -> list[Layer]:
    """Two dense layers whose biases have nothing in common."""
    generator = np.random.default_rng(0)
    made = []
    for shape in ((300, 20), (40, 300)):
        bias = generator.normal(size=shape[0]).astype(np.float32)
        if dtype == "int8":
            bias = (9000 * bias).astype(np.int32)
        weights = generator.integers(-90, 90, shape).astype(np.int8)
        made.append(Layer("layer", weights if dtype == "int8" else weights / np.float32(90), bias))
    return made


def biases(path: Path) -> list[Any]:
    """What a file of dense layers adds."""
    graph = read_tflite(path)
    return [graph.tensors[operator.inputs[2]].dense() for operator in graph.operators]


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_biases_get_shorter_and_all_else_stays(dtype: str, tmp_path: Path) -> None:
    """By half a step at most, of 31 to each side; and gzip packs them in half and less."""
    made = layers(dtype)
    path = tmp_path / "m.tflite"
    whole, short = (compacted(content(made, activations=dtype), bits) for bits in (0, 6))
    path.write_bytes(short)

    for layer, kept, kernel in zip(made, biases(path), read_tflite(path).kernels, strict=True):
        step = 2.0 ** (np.floor(np.log2(np.abs(layer.bias).max())) + 2 - 6)
        assert np.abs(kept - layer.bias).max() <= step * 1.001
        assert np.median(np.abs(kept - layer.bias)) <= step / 2
        assert len(np.unique(kept)) <= 63
        np.testing.assert_array_equal(kernel.dense(), layer.weights)
    packed = [len(gzip.compress(each, 9)) for each in (whole, short)]
    assert packed[0] - packed[1] > (340 if dtype == "int8" else 340 * 2)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_the_claim_finds_a_longer_bias(dtype: str, tmp_path: Path) -> None:
    """A file of whole biases holds no promise of six bits; one of six holds one of eight."""
    whole, short = tmp_path / "whole.tflite", tmp_path / "short.tflite"
    made = content(layers(dtype), activations=dtype)
    whole.write_bytes(compacted(made))
    short.write_bytes(compacted(made, 6))

    assert "a bias, has more than 6 bits" in str(check_bits(read_tflite(whole), 6))
    assert check_bits(read_tflite(whole), 0) is None
    assert check_bits(read_tflite(short), 6) is None
    assert check_bits(read_tflite(short), 8) is None
    assert check_bits(read_tflite(short), 5) is not None


def test_what_shares_a_bias_stays(tmp_path: Path) -> None:
    """A kernel that lies in a bias's buffer is another thing."""
    values = np.linspace(-1, 1, 9, dtype=np.float32)
    layer = Layer("layer", values.reshape(9, 1), values)
    other = dataclasses.replace(layer, weights=np.ones((9, 9), np.float32))
    path = tmp_path / "m.tflite"
    shared = compacted(content([layer, other]))  # equal contents lie in one buffer now
    path.write_bytes(compacted(shared, 2))

    np.testing.assert_array_equal(read_tflite(path).kernels[0].dense().reshape(-1), values)
    assert [len(np.unique(each)) for each in biases(path)] == [3, 3]


def test_what_is_added_and_multiplied_with_stays_whole(tmp_path: Path) -> None:
    """And the claim says so, for the bias is not what the name promises."""
    layer = Layer("layer", np.ones((9, 9), np.float32), np.linspace(0.1, 1, 9, dtype=np.float32))
    _, model = unpacked(content([layer, layer]))
    first, second = model.subgraphs[0].operators
    first.inputs = [*first.inputs[:2], second.inputs[2]]
    model.subgraphs[0].outputs = [*model.subgraphs[0].outputs, first.inputs[2]]
    path = tmp_path / "m.tflite"
    path.write_bytes(compacted(packed(model), 3))

    assert len(np.unique(biases(path)[0])) == 9
    assert "has more than 3 bits" in str(check_bits(read_tflite(path), 3))


def test_where_there_is_no_bias_the_name_promises_too_much(tmp_path: Path) -> None:
    """It would be another's file under a name of its own."""
    path = tmp_path / "m.tflite"
    path.write_bytes(compacted(content([Layer("layer", np.ones((9, 9), np.float32))]), 6))

    assert "no layer of this file has one" in str(check_bits(read_tflite(path), 6))


@given(
    st.one_of(
        FLOATS.map(lambda values: np.array(values, np.float32)),
        INTEGERS.map(lambda values: np.array(values, np.int32)),
    ),
    st.integers(2, 24),
)
def test_rounding(values: Any, bits: int) -> None:
    """It is near, of few values, and done once for ever."""
    kept = rounded(values, bits)

    largest = float(np.abs(values.astype(float)).max())
    assert np.abs(kept.astype(float) - values).max() <= max(largest * 2.0 ** (2 - bits), 0)
    assert kept.dtype == values.dtype
    assert len(np.unique(kept)) < 2**bits
    np.testing.assert_array_equal(rounded(kept, bits), kept)


def test_no_step_for_what_is_not_finite() -> None:
    """Such a bias stays, and is found where files are checked."""
    values = np.array([np.inf, 0.3, -1.7], np.float32)
    np.testing.assert_array_equal(rounded(values, 4), values)
    np.testing.assert_array_equal(rounded(np.zeros(3, np.float32), 4), np.zeros(3))


@pytest.mark.parametrize(
    ("export", "why"),
    [
        ("compact(int8,bias_bits=6)", "bias_bits of int8 goes with scales=tensor"),
        ("reorder(int16x8,bias_bits=6)", "not for int16x8"),
        ("compact(float16,bias_bits=6)", "not for float16"),
        ("compact(int4,bias_bits=25)", "below 25"),
        ("compact(int4,bias_bits=1)", "from 2 on"),
        ("compact(int4,bias_bits=-1)", "at least 0"),
    ],
)
def test_refused(export: str, why: str) -> None:
    """Where a step would be another for each bias, or none at all."""
    with pytest.raises(WeighinError, match=why):
        grammar.parse(export)
