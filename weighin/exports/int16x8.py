"""Integer quantization with activations of 16 bits."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays
from weighin.exports._batch import Batch, check_batch
from weighin.exports._converting import converted
from weighin.exports._quantized import check_ids, check_volumes, samples
from weighin.formats.coverage import no_values_of, weights_of
from weighin.formats.graph import Graph, numeric, other_types
from weighin.frameworks import process, tf_keras
from weighin.registry import export


def claim(graph: Graph, batch: Batch = "one") -> str | None:
    """Kernels of 8 bits, activations of 16 between a float input and output."""
    return (
        check_batch(graph, batch)
        or check_ids(graph)
        or check_volumes(graph)
        or other_types(graph.kernels, "INT8")
        or other_types(numeric(graph.inner), "INT16")
        or other_types(numeric(graph.ends), "FLOAT32")
        or no_values_of(graph, "INT8", "quantized", "its weights are of another type")
    )


@export(
    "int16x8",
    claim=claim,
    promise=weights_of("INT8"),
    uses=(samples, check_batch, converted),
    calibrated=True,
)
def int16x8(model: Any, calibration: Arrays, *, batch: Batch = "one") -> bytes:
    """Integer: int8 weights, int16 activations, float input and output, calibrated.

    Args:
        model: a Keras model.
        calibration: inputs by which the activations' ranges are found, by name, each `(n, …)`.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    lite = process.tensorflow().lite
    lite_converter = tf_keras.converter(model, batch)
    lite_converter.optimizations = [lite.Optimize.DEFAULT]
    lite_converter.representative_dataset = samples(calibration)
    lite_converter.target_spec.supported_ops = [
        lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    ]
    return converted(lite_converter, model)
