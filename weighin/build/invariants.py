"""Is a file what its variant's name says? Asked of every artifact before anything is timed.

A step or export brings an invariant of its own, its `claim`: a function from what a file holds to
how it breaks the promise of the name, or None. What must hold of every file is here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from weighin import grammar, registry
from weighin.build.jobs import DENSE, export_for
from weighin.core import USUAL_FORMAT, Call, Variant, WeighinError
from weighin.formats import known
from weighin.formats.graph import Graph
from weighin.formats.keras import KerasFile


def check(path: Path, wanted: Variant, file_of: Callable[[Variant], Path]) -> None:
    """Hold a file against its variant's name.

    Args:
        path: the file; its ending says its format.
        wanted: the variant that it is called.
        file_of: finds the file of another variant of the same model in the same format, for
            claims that compare with it.

    Raises:
        WeighinError: naming what the file is called and what it holds instead.
    """
    format = known.of_file(path)
    if format is None:
        raise WeighinError(f"{path} is none of the files that are read here.")
    held = format.read(path)
    if format.has_graph:
        export = export_for(wanted, format.name)
        breach = _graph_breach(held, wanted, export or wanted.export, file_of)
    else:
        breach = _keras_breach(held)
    if breach:
        raise WeighinError(f"the file is not what {wanted.name!r} says: {breach}")


def needs(name: str) -> list[Variant]:
    """The variants whose files the claims of a variant's steps compare its file with."""
    wanted = grammar.parse(name)
    compares = [_takes_before(registry.steps[step.name]) for step in wanted.steps]
    return [
        Variant(wanted.steps[:place], DENSE)
        for place, is_needed in enumerate(compares)
        if is_needed
    ]


def _takes_before(step: Any) -> bool:
    claim = vars(step).get("claim")
    return claim is not None and "before" in inspect.signature(claim).parameters


def _graph_breach(
    graph: Graph, wanted: Variant, export: Call, file_of: Callable[[Variant], Path]
) -> str | None:
    breach = _call_breach(registry.exports[export.name], export, graph)
    # of two steps of one name only the later can still hold: prune(0.5)+prune(0.8)
    for place in {step.name: place for place, step in enumerate(wanted.steps)}.values():
        breach = breach or _step_breach(graph, wanted, place, export, file_of)
    return breach or _general_breach(graph)


def _step_breach(
    graph: Graph, wanted: Variant, place: int, export: Call, file_of: Callable[[Variant], Path]
) -> str | None:
    call, earlier = wanted.steps[place], Variant(wanted.steps[:place], DENSE)
    later = [step.name for step in wanted.steps[place + 1 :]]

    def before() -> Graph:
        path = file_of(earlier)
        return known.graph((known.of_file(path) or registry.formats[USUAL_FORMAT]).name, path)

    mixed = vars(registry.exports[export.name])["mixes"]
    around = {"before": before, "later": later, "mixed": mixed}
    return _call_breach(registry.steps[call.name], call, graph, **around)


def _call_breach(function: Any, call: Call, graph: Graph, **more: Any) -> str | None:
    claim = vars(function).get("claim")
    said = claim(graph, **more, **grammar.arguments(call, function)) if claim else None
    return f"{call}: {said}" if said else None


def _general_breach(graph: Graph) -> str | None:
    for tensor in graph.real_constants:
        if tensor.dtype.startswith("FLOAT") and not np.isfinite(tensor.values).all():
            overflowed = tensor.dtype == "FLOAT16" and not np.isnan(tensor.values).any()
            way_out = (
                ": half precision ends at 65,504, and a larger number has become infinite there, "
                "such as a mask's -1e9. Write -1e4 in the model, or try dynamic or int8"
            )
            return f"{tensor.label} holds NaN or infinite values{way_out if overflowed else ''}"
    for operator in graph.operators:
        if operator.kernels and not any(kernel.nonzero for kernel in operator.kernels):
            return f"every weight of layer {operator.kernels[0].label} is zero"
    return None


def _keras_breach(held: KerasFile) -> str | None:
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
