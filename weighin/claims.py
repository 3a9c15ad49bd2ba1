"""Is a file what its variant's name says? Asked of every artifact before anything is timed.

Each step and export carries its own claim, a function from what the file holds to a breach; what
must hold of every file is here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from weighin import registry, variant
from weighin.core import Variant, WeighinError
from weighin.inspect import Graph, read_tflite
from weighin.keras_file import read_keras


def check(path: Path, wanted: Variant) -> None:
    """Hold a file against its variant's name.

    Raises:
        WeighinError: naming what the file is called and what it holds instead.
    """
    breach = _tflite(read_tflite(path), wanted) if path.suffix == ".tflite" else _keras(path)
    if breach:
        raise WeighinError(f"the file is not what {wanted.name!r} says: {breach}")


def _tflite(graph: Graph, wanted: Variant) -> str | None:
    export = registry.exports[wanted.export.name]
    claim = vars(export).get("claim")
    breach = claim(graph, **variant.arguments(wanted.export, export)) if claim else None
    if breach:
        return f"{wanted.export}: {breach}"
    names = [step.name for step in wanted.steps]
    for at, step in enumerate(wanted.steps):
        function, later = registry.steps[step.name], names[at + 1 :]
        claim = vars(function).get("claim")
        # of two steps of one name only the later can still hold: prune(0.5)+prune(0.8)
        if claim is None or step.name in later:
            continue
        breach = claim(graph, later=later, **variant.arguments(step, function))
        if breach:
            return f"{step}: {breach}"
    return _every(graph)


def _every(graph: Graph) -> str | None:
    for tensor in graph.trained:
        if tensor.dtype.startswith("FLOAT") and not np.isfinite(tensor.values).all():
            return f"{tensor.name!r} holds NaN or infinite values"
    for kernel in graph.kernels:
        if kernel.nonzero == 0:
            return f"every weight of layer {kernel.name!r} is zero"
    return None


def _keras(path: Path) -> str | None:
    held = read_keras(path)
    if held.wrapped:
        return f"layer {held.wrapped[0]!r} is still wrapped for training"
    if held.optimizer_bytes:
        return f"it also holds {held.optimizer_bytes:,} bytes of optimizer state"
    if held.lambdas:
        return f"layer {held.lambdas[0]!r} is a Lambda layer, which holds code"
    for weight in held.weights:
        if not np.isfinite(weight.values).all():
            return f"{weight.name!r} holds NaN or infinite values"
    return None
