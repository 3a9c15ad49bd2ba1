"""Dynamic range quantization."""

from __future__ import annotations

from typing import Any

from weighin.core import Images
from weighin.exports._batch import Batch, check_batch
from weighin.exports._quantized import Scales, check_scales, set_scales
from weighin.formats.graph import Graph, other_types
from weighin.frameworks import process, tf_keras
from weighin.registry import export

# The converter leaves smaller kernels as they are (TensorFlow Lite: weights_min_num_elements)
SMALLEST = 1024


def claim(graph: Graph, scales: Scales = "channel", batch: Batch = "one") -> str | None:
    """Large kernels of int8 between float activations."""
    large = [kernel for kernel in graph.kernels if kernel.size >= SMALLEST]
    return (
        check_batch(graph, batch)
        or other_types(large, "INT8")
        or other_types(graph.activations, "FLOAT32")
        or check_scales(graph, scales)
    )


def converter(
    model: Any, calibration: Images, batch: Batch = "one", scales: Scales = "channel"
) -> Any:
    """A converter that quantizes the large kernels."""
    lite_converter = tf_keras.converter(model, batch)
    lite_converter.optimizations = [process.tensorflow().lite.Optimize.DEFAULT]
    set_scales(lite_converter, scales)
    return lite_converter


@export("dynamic", claim=claim, uses=(set_scales, check_batch))
def dynamic(
    model: Any, calibration: Images, *, scales: Scales = "channel", batch: Batch = "one"
) -> bytes:
    """Dynamic range: int8 weights, float activations quantized while running.

    Args:
        model: a Keras model.
        calibration: not looked at.
        scales: one for each output channel of a kernel, or one for the whole of it.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    return bytes(converter(model, calibration, batch, scales).convert())
