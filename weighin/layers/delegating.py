"""Which operators a delegate runs, and why it leaves others out, as far as that can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weighin import registry
from weighin.layers.pair import Pair, Taken


def left_out(path: Path, runtime: str) -> tuple[int, ...] | None:
    """The operators of a file that no delegate runs, by their place; None if that is unknown."""
    session: Any = registry.runtimes[runtime].open(path, 1)
    try:
        places: tuple[int, ...] | None = session.left_out
        return places
    finally:
        session.close()


def why(pair: Pair, place: int, left_out_there: tuple[int, ...] | None) -> str:
    """Why no delegate runs an operator of the compressed file.

    What is seen is said: its types, and whether the delegate runs its float twin.

    Args:
        pair: both files.
        place: of an operator that no delegate runs.
        left_out_there: of the float file, the operators that none runs; None if unknown.
    """
    types = types_of(pair.compressed, place)
    kind = pair.compressed.operators[place].name
    twin = pair.matches[place].place
    if any("INT16" in each for each in types):
        return "XNNPACK has no kernels for 16-bit activations"
    if twin is None or left_out_there is None:
        return f"XNNPACK does not take this {kind} of {' and '.join(types)}"
    if twin in left_out_there:
        return f"XNNPACK does not take this {kind}, as float32 neither"
    return f"XNNPACK takes its float32 twin, but not this {kind} of {' and '.join(types)}"


def types_of(taken: Taken, place: int) -> list[str]:
    """Types of an operator's inputs and outputs that are real numbers, each once."""
    operator = taken.operators[place]
    numbers = [number for number in (*operator.inputs, *operator.outputs) if number >= 0]
    tensors = [taken.graph.tensors[number] for number in numbers]
    real = [each.dtype for each in tensors if each.scales or each.dtype.startswith("FLOAT")]
    return list(dict.fromkeys(dtype for dtype in real if dtype != "INT32")) or ["whole numbers"]
