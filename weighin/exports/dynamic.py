"""Dynamic range quantization."""

from __future__ import annotations

from typing import Any

from weighin import stack
from weighin.core import Images
from weighin.inspect import Graph, other_types
from weighin.registry import export

# The converter leaves smaller kernels as they are (TensorFlow Lite: weights_min_num_elements)
SMALLEST = 1024


def _claim(graph: Graph) -> str | None:
    large = [kernel for kernel in graph.kernels if kernel.size >= SMALLEST]
    return other_types(large, "INT8") or other_types(graph.activations, "FLOAT32")


@export("dynamic", claim=_claim)
def dynamic(model: Any, calibration: Images) -> bytes:
    """Dynamic range: int8 weights, float activations quantized while running."""
    converter = stack.converter(model)
    converter.optimizations = [stack.tensorflow().lite.Optimize.DEFAULT]
    return bytes(converter.convert())
