"""How many parameters and multiply-accumulates a file holds, read from the file."""

from __future__ import annotations

from weighin import inspect
from weighin.core import Artifact, Figure, Skip
from weighin.registry import metric

_NO_GRAPH = Skip("multiply-accumulates are counted in .tflite graphs; see the same variant's")


@metric("parameters", better="lower", scope="artifact")
def parameters(artifact: Artifact) -> Figure:
    """Trained values, biases included."""
    if artifact.format == "tflite":
        return Figure(inspect.read_tflite(artifact.path).parameters)
    return Figure(inspect.h5_parameters(artifact.path)[0])


@metric("nonzero_parameters", better="lower", scope="artifact")
def nonzero_parameters(artifact: Artifact) -> Figure:
    """Trained values that are not zero."""
    if artifact.format == "tflite":
        return Figure(inspect.read_tflite(artifact.path).nonzero_parameters)
    return Figure(inspect.h5_parameters(artifact.path)[1])


@metric("macs", better="lower", scope="artifact")
def macs(artifact: Artifact) -> Figure | Skip:
    """Multiply-accumulates of one inference."""
    if artifact.format != "tflite":
        return _NO_GRAPH
    return Figure(inspect.read_tflite(artifact.path).macs)


@metric("effective_macs", better="lower", scope="artifact")
def effective_macs(artifact: Artifact) -> Figure | Skip:
    """Multiply-accumulates by weights that are not zero."""
    if artifact.format != "tflite":
        return _NO_GRAPH
    return Figure(inspect.read_tflite(artifact.path).effective_macs)
