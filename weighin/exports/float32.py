"""Conversion without quantization."""

from __future__ import annotations

from typing import Any

from weighin.core import Images
from weighin.formats.graph import Graph, other_types
from weighin.frameworks import tf_keras
from weighin.registry import export


def claim(graph: Graph) -> str | None:
    """Float weights throughout."""
    return other_types(graph.kernels, "FLOAT32") or other_types(graph.trained, "FLOAT32")


def converter(model: Any, calibration: Images) -> Any:
    """A converter that quantizes nothing."""
    return tf_keras.converter(model)


@export("float32", claim=claim)
def float32(model: Any, calibration: Images) -> bytes:
    """Float weights and activations, 4 bytes each: no quantization."""
    return bytes(converter(model, calibration).convert())
