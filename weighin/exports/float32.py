"""Conversion without quantization."""

from __future__ import annotations

from typing import Any

from weighin import stack
from weighin.core import Images
from weighin.registry import export


@export("float32")
def float32(model: Any, calibration: Images) -> bytes:
    """Float weights and activations, 4 bytes each: no quantization."""
    return bytes(stack.converter(model).convert())
