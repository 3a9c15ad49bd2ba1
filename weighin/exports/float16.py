"""Half-precision weights."""

from __future__ import annotations

from typing import Any

from weighin import stack
from weighin.core import Images
from weighin.inspect import Graph, other_types
from weighin.registry import export


def _claim(graph: Graph) -> str | None:
    return other_types(graph.kernels, "FLOAT16")


@export("float16", claim=_claim)
def float16(model: Any, calibration: Images) -> bytes:
    """Weights stored in 2 bytes, computed with as float32."""
    converter = stack.converter(model)
    converter.optimizations = [stack.tensorflow().lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [stack.tensorflow().float16]
    return bytes(converter.convert())
