"""Dynamic quantization by ONNX Runtime."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays, SkippedError
from weighin.exports._batch import Batch, check_batch
from weighin.exports._onnx import QUANTIZING, available_quantizing, read
from weighin.formats.coverage import no_values_of, weights_of
from weighin.formats.graph import Graph, numeric, other_types
from weighin.frameworks import onnx_files
from weighin.registry import export

_REASON = "no layer is a matrix product with weights, which alone is quantized while running"


def claim(graph: Graph, batch: Batch = "one") -> str | None:
    """Matrices of int8, one at least; float inputs and outputs."""
    matrices = [o.weights for o in graph.operators if o.weights and o.kind == "FULLY_CONNECTED"]
    return (
        check_batch(graph, batch)
        or other_types(matrices, "INT8")
        or other_types(numeric(graph.ends), "FLOAT32")
        or no_values_of(graph, "INT8", "quantized", _REASON)
    )


@export(
    "onnx_dynamic",
    claim=claim,
    promise=weights_of("INT8"),
    available=available_quantizing,
    uses=(check_batch, available_quantizing, onnx_files.quantized_dynamically),
    format="onnx",
    packages=QUANTIZING,
)
def onnx_dynamic(model: Any, calibration: Arrays, *, batch: Batch = "one") -> bytes:
    """ONNX, dynamic: int8 matrices, activations quantized while running; convolutions stay float.

    ONNX Runtime's own advice is dynamic quantization for recurrent and attention models, and
    `onnx_int8` for convolutions:
    https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html

    Args:
        model: a Keras model.
        calibration: not looked at.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.

    Raises:
        SkippedError: if there is no matrix to quantize.
    """
    content = onnx_files.quantized_dynamically(onnx_files.converted(model, batch))
    unchanged = no_values_of(read(content), "INT8", "quantized", _REASON)
    if unchanged:
        raise SkippedError(f"{unchanged}. The file would be the float one again.")
    return content
