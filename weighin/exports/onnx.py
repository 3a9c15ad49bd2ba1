"""Conversion to ONNX without quantization."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays
from weighin.exports._batch import Batch, check_batch
from weighin.exports._onnx import CONVERTING, available_converting
from weighin.formats.graph import Graph, other_types
from weighin.frameworks import onnx_files
from weighin.registry import export


def claim(graph: Graph, batch: Batch = "one") -> str | None:
    """Float weights throughout."""
    return (
        check_batch(graph, batch)
        or other_types(graph.kernels, "FLOAT32")
        or other_types(graph.trained, "FLOAT32")
    )


@export(
    "onnx",
    claim=claim,
    available=available_converting,
    uses=(check_batch, available_converting, onnx_files.converted),
    format="onnx",
    packages=CONVERTING,
)
def onnx(model: Any, calibration: Arrays, *, batch: Batch = "one") -> bytes:
    """ONNX, by tf2onnx: float weights and activations, 4 bytes each, no quantization.

    Args:
        model: a Keras model.
        calibration: not looked at.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    return onnx_files.converted(model, batch)
