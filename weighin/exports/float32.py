"""Conversion without quantization."""

from __future__ import annotations

from typing import Any

from weighin import stack
from weighin.core import Images
from weighin.inspect import Graph, other_types
from weighin.registry import export


def _claim(graph: Graph) -> str | None:
    return other_types(graph.kernels, "FLOAT32") or other_types(graph.trained, "FLOAT32")


@export("float32", claim=_claim)
def float32(model: Any, calibration: Images) -> bytes:
    """Float weights and activations, 4 bytes each: no quantization."""
    return bytes(stack.converter(model).convert())
