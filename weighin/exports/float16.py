"""Half-precision weights."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays
from weighin.exports._batch import Batch, check_batch
from weighin.exports._converting import converted
from weighin.formats.coverage import no_values_of, weights_of
from weighin.formats.graph import Graph, other_types
from weighin.frameworks import process, tf_keras
from weighin.registry import export


def claim(graph: Graph, batch: Batch = "one") -> str | None:
    """Weights of 2 bytes."""
    return (
        check_batch(graph, batch)
        or other_types(graph.kernels, "FLOAT16")
        or no_values_of(
            graph, "FLOAT16", "stored in half precision", "its weights are of another type"
        )
    )


def converter(model: Any, calibration: Arrays, batch: Batch = "one") -> Any:
    """A converter that halves the weights' precision."""
    lite_converter = tf_keras.converter(model, batch)
    lite_converter.optimizations = [process.tensorflow().lite.Optimize.DEFAULT]
    lite_converter.target_spec.supported_types = [process.tensorflow().float16]
    return lite_converter


@export("float16", claim=claim, promise=weights_of("FLOAT16"), uses=(check_batch, converted))
def float16(model: Any, calibration: Arrays, *, batch: Batch = "one") -> bytes:
    """Weights stored in 2 bytes, computed with as float32.

    Args:
        model: a Keras model.
        calibration: not looked at.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    return converted(converter(model, calibration, batch), model)
