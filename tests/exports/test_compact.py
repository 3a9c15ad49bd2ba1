"""Compact files of hand-made graphs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from helpers.flatbuffer import content, convolution, dense

from weighin.exports.compact import compacted
from weighin.formats.tflite import read_tflite


def test_equal_buffers_are_kept_once(tmp_path: Path) -> None:
    """Two layers of the same weights share them, each with its own shape."""
    layer = dense(8, 8)
    path = tmp_path / "m.tflite"
    path.write_bytes(compacted(content([layer, layer])))

    first, second = read_tflite(path).kernels
    np.testing.assert_array_equal(layer.weights, first.dense())
    np.testing.assert_array_equal(layer.weights, second.dense())
    assert len(compacted(content([layer, dense(8, 8, zeros=1)]))) > path.stat().st_size + 200


def test_sparse_encodings_survive(tmp_path: Path) -> None:
    """What is said of how weights are stored is no remark, and stays."""
    layer = dataclasses.replace(convolution(4, 3, 2, zeros=50), stored="sparse")
    path = tmp_path / "m.tflite"
    path.write_bytes(compacted(content([layer])))

    (kernel,) = read_tflite(path).kernels
    assert kernel.sparse
    np.testing.assert_array_equal(layer.weights, kernel.dense())
