"""Half-precision weights."""

from __future__ import annotations

from typing import Any

from weighin.core import Images
from weighin.formats.coverage import no_values_of, weights_of
from weighin.formats.graph import Graph, other_types
from weighin.frameworks import process, tf_keras
from weighin.registry import export


def claim(graph: Graph) -> str | None:
    """Weights of 2 bytes."""
    return other_types(graph.kernels, "FLOAT16") or no_values_of(
        graph, "FLOAT16", "stored in half precision", "its weights are of another type"
    )


def converter(model: Any, calibration: Images) -> Any:
    """A converter that halves the weights' precision."""
    lite_converter = tf_keras.converter(model)
    lite_converter.optimizations = [process.tensorflow().lite.Optimize.DEFAULT]
    lite_converter.target_spec.supported_types = [process.tensorflow().float16]
    return lite_converter


@export("float16", claim=claim, promise=weights_of("FLOAT16"))
def float16(model: Any, calibration: Images) -> bytes:
    """Weights stored in 2 bytes, computed with as float32."""
    return bytes(converter(model, calibration).convert())
