"""Dynamic range quantization."""

from __future__ import annotations

from typing import Any

from weighin import stack
from weighin.core import Images
from weighin.registry import export


@export("dynamic")
def dynamic(model: Any, calibration: Images) -> bytes:
    """Dynamic range: int8 weights, float activations quantized while running."""
    converter = stack.converter(model)
    converter.optimizations = [stack.tensorflow().lite.Optimize.DEFAULT]
    return bytes(converter.convert())
