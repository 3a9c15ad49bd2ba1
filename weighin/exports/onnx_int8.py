"""Static quantization by ONNX Runtime."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays
from weighin.exports._batch import Batch, check_batch
from weighin.exports._onnx import QUANTIZING, available_quantizing
from weighin.exports._quantized import Scales, check_scales, samples
from weighin.formats.coverage import no_values_of, weights_of
from weighin.formats.graph import Graph, numeric, other_types
from weighin.frameworks import onnx_files
from weighin.registry import export


def claim(graph: Graph, scales: Scales = "channel", batch: Batch = "one") -> str | None:
    """Weights of int8, and int8 between the layers that have some; float inputs and outputs."""
    inner = [tensor for tensor in graph.inner if tensor not in graph.ends]
    return (
        check_batch(graph, batch)
        or other_types(graph.kernels, "INT8")
        or other_types(numeric(inner), "INT8")
        or check_scales(graph, scales)
        or no_values_of(graph, "INT8", "quantized", "its weights are of another type")
    )


@export(
    "onnx_int8",
    claim=claim,
    promise=weights_of("INT8"),
    available=available_quantizing,
    uses=(check_batch, available_quantizing, samples, onnx_files.quantized),
    calibrated=True,
    format="onnx",
    packages=QUANTIZING,
)
def onnx_int8(
    model: Any, calibration: Arrays, *, scales: Scales = "channel", batch: Batch = "one"
) -> bytes:
    """ONNX, static: int8 weights and activations in Q/DQ pairs, calibrated on training inputs.

    Signed weights and activations (S8S8) in Q/DQ pairs are what ONNX Runtime calls its first
    choice on x86, for both accuracy and speed; ranges are the smallest and largest values seen:
    https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html

    Args:
        model: a Keras model.
        calibration: inputs by which the activations' ranges are found, by name, each `(n, …)`.
        scales: one for each output channel of a kernel, or one for the whole of it.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    samples(calibration)  # refuses what is not finite
    content = onnx_files.converted(model, batch)
    return onnx_files.quantized(content, calibration, by_channel=scales == "channel")
