"""How many parameters and multiply-accumulates a file holds, read from the file."""

from __future__ import annotations

from weighin import inspect
from weighin.core import Compressed, Figure, Skip
from weighin.keras_file import read_keras
from weighin.registry import metric

_NO_GRAPH = Skip("multiply-accumulates are counted in .tflite graphs; see the same variant's")


@metric("parameters", better="lower", scope="artifact")
def parameters(file: Compressed) -> Figure:
    """Trained values, biases included."""
    if file.artifact.format == "tflite":
        return Figure(inspect.read_tflite(file.artifact.path).parameters)
    return Figure(read_keras(file.artifact.path).parameters)


@metric("nonzero_parameters", better="lower", scope="artifact")
def nonzero_parameters(file: Compressed) -> Figure:
    """Trained values that are not zero."""
    if file.artifact.format == "tflite":
        return Figure(inspect.read_tflite(file.artifact.path).nonzero_parameters)
    return Figure(read_keras(file.artifact.path).nonzero_parameters)


@metric("macs", better="lower", scope="artifact")
def macs(file: Compressed) -> Figure | Skip:
    """Multiply-accumulates of one inference."""
    if file.artifact.format != "tflite":
        return _NO_GRAPH
    return Figure(inspect.read_tflite(file.artifact.path).macs)


@metric("effective_macs", better="lower", scope="artifact")
def effective_macs(file: Compressed) -> Figure | Skip:
    """Multiply-accumulates by weights that are not zero."""
    if file.artifact.format != "tflite":
        return _NO_GRAPH
    return Figure(inspect.read_tflite(file.artifact.path).effective_macs)
