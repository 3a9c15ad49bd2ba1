"""ONNX Runtime, by the package onnxruntime."""

from __future__ import annotations

from weighin.registry import runtime
from weighin.runtimes._onnxruntime import OnnxRuntime, OnnxRuntimeSession, smallest_model

__all__ = ["OnnxRuntime", "OnnxRuntimeSession", "smallest_model"]

runtime(OnnxRuntime)
