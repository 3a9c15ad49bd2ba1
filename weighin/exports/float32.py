"""Conversion without quantization."""

from __future__ import annotations

from typing import Any

from weighin.core import Arrays
from weighin.exports._batch import Batch, check_batch
from weighin.exports._converting import converted
from weighin.formats.graph import Graph, other_types
from weighin.frameworks import tf_keras
from weighin.registry import export


def claim(graph: Graph, batch: Batch = "one") -> str | None:
    """Float weights throughout."""
    return (
        check_batch(graph, batch)
        or other_types(graph.kernels, "FLOAT32")
        or other_types(graph.trained, "FLOAT32")
    )


def converter(model: Any, calibration: Arrays, batch: Batch = "one") -> Any:
    """A converter that quantizes nothing."""
    return tf_keras.converter(model, batch)


@export("float32", claim=claim, uses=(check_batch, converted), searched=())
def float32(model: Any, calibration: Arrays, *, batch: Batch = "one") -> bytes:
    """Float weights and activations, 4 bytes each: no quantization.

    Args:
        model: a Keras model.
        calibration: not looked at.
        batch: `one`, as single inferences want it, or `open` for files that answer any number.
    """
    return converted(converter(model, calibration, batch), model)
