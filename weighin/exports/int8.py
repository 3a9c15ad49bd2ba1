"""Full integer quantization."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays
from weighin.exports._batch import Batch, check_batch
from weighin.exports._converting import converted
from weighin.exports._quantized import (
    Scales,
    check_ids,
    check_scales,
    check_volumes,
    samples,
    set_scales,
)
from weighin.formats.coverage import no_values_of, weights_of
from weighin.formats.graph import Graph, numeric, other_types
from weighin.frameworks import process, tf_keras
from weighin.registry import export


def claim(graph: Graph, scales: Scales = "channel", batch: Batch = "one") -> str | None:
    """Integers of 8 bits throughout."""
    return (
        check_batch(graph, batch)
        or check_ids(graph)
        or check_volumes(graph)
        or other_types(graph.kernels, "INT8")
        or other_types(numeric(graph.activations), "INT8")
        or check_scales(graph, scales)
        or no_values_of(graph, "INT8", "quantized", "its weights are of another type")
    )


def converter(
    model: Any, calibration: Arrays, batch: Batch = "one", scales: Scales = "channel"
) -> Any:
    """A converter that quantizes everything, inputs and outputs too."""
    lite = process.tensorflow().lite
    lite_converter = tf_keras.converter(model, batch)
    lite_converter.optimizations = [lite.Optimize.DEFAULT]
    lite_converter.representative_dataset = samples(calibration)
    lite_converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8]
    lite_converter.inference_input_type = process.tensorflow().int8
    lite_converter.inference_output_type = process.tensorflow().int8
    set_scales(lite_converter, scales)
    return lite_converter


@export(
    "int8",
    claim=claim,
    promise=weights_of("INT8"),
    uses=(samples, check_batch, converted),
    calibrated=True,
    searched=("", "scales=tensor"),
)
def int8(
    model: Any, calibration: Arrays, *, scales: Scales = "channel", batch: Batch = "one"
) -> bytes:
    """Full integer: int8 weights, activations, input and output, calibrated on training images.

    Args:
        model: a Keras model.
        calibration: inputs by which the activations' ranges are found, by name, each `(n, …)`.
        scales: one for each output channel of a kernel, or one for the whole of it: fewer bytes,
            coarser weights.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    return converted(converter(model, calibration, batch, scales), model)
