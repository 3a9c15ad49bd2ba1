"""What the exports to .onnx share: which packages they need, and what their files may hold."""

from __future__ import annotations

from weighin import packages
from weighin.formats.graph import Graph
from weighin.formats.onnx.reading import parsed

CONVERTING = ("tf2onnx", "onnx")
QUANTIZING = (*CONVERTING, "onnxruntime")
CALLED = "the converter's file"


def available_converting() -> str | None:
    """Why a model cannot be converted here, or None."""
    return next(filter(None, map(packages.missing, CONVERTING)), None)


def available_quantizing() -> str | None:
    """Why a file cannot be quantized here, or None."""
    return next(filter(None, map(packages.missing, QUANTIZING)), None)


def read(content: bytes) -> Graph:
    """What a converter's file holds."""
    return parsed(content, CALLED)
