"""Dynamic range quantization."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays, SkippedError
from weighin.exports._batch import Batch, check_batch
from weighin.exports._converting import converted
from weighin.exports._quantized import Scales, check_scales, check_volumes, set_scales
from weighin.formats.coverage import largest, no_values_of, weights_of
from weighin.formats.graph import Graph, numeric, other_types
from weighin.formats.tflite import parsed
from weighin.frameworks import process, tf_keras
from weighin.registry import export

# The converter leaves smaller kernels as they are (TensorFlow Lite: weights_min_num_elements)
SMALLEST = 1024


def claim(graph: Graph, scales: Scales = "channel", batch: Batch = "one") -> str | None:
    """Large kernels of int8, one at least, between float activations."""
    large = [kernel for kernel in graph.kernels if kernel.size >= SMALLEST]
    return (
        check_batch(graph, batch)
        or check_volumes(graph, SMALLEST)
        or other_types(large, "INT8")
        or other_types(numeric(graph.activations), "FLOAT32")
        or check_scales(graph, scales)
        or _unchanged(graph)
    )


def _unchanged(graph: Graph) -> str | None:
    """That nothing of a file was quantized, and why; None if something was."""
    reason = (
        f"the converter leaves kernels below {SMALLEST:,} values float, and the largest here has "
        f"{largest(graph.kernels):,}"
    )
    return no_values_of(graph, "INT8", "quantized", reason)


def converter(
    model: Any, calibration: Arrays, batch: Batch = "one", scales: Scales = "channel"
) -> Any:
    """A converter that quantizes the large kernels."""
    lite_converter = tf_keras.converter(model, batch)
    lite_converter.optimizations = [process.tensorflow().lite.Optimize.DEFAULT]
    set_scales(lite_converter, scales)
    return lite_converter


@export(
    "dynamic",
    claim=claim,
    promise=weights_of("INT8"),
    uses=(set_scales, check_batch, converted),
    searched=("", "scales=tensor"),
)
def dynamic(
    model: Any, calibration: Arrays, *, scales: Scales = "channel", batch: Batch = "one"
) -> bytes:
    """Dynamic range: int8 weights, float activations quantized while running.

    Args:
        model: a Keras model.
        calibration: not looked at.
        scales: one for each output channel of a kernel, or one for the whole of it.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.

    Raises:
        SkippedError: if all kernels are too small for the converter to quantize them.
    """
    content = converted(converter(model, calibration, batch, scales), model)
    graph = parsed(content, "the converter's file")
    unchanged = _unchanged(graph)
    if unchanged and largest(graph.kernels) < SMALLEST:
        raise SkippedError(f"{unchanged}. The file would be the float one again.")
    return content
