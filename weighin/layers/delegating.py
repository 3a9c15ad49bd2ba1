"""Which operators a delegate runs, and why it leaves others out, as far as that can be told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weighin import registry
from weighin.formats.graph import Tensor
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
    operator, tensors = pair.compressed.operators[place], pair.compressed.graph.tensors
    numbers = (*operator.inputs, *operator.outputs)
    types = real_types([tensors[number] for number in numbers if number >= 0])
    kind = pair.compressed.operators[place].name
    twin = pair.matches[place].place
    if any("INT16" in each for each in types):
        return "XNNPACK has no kernels for 16-bit activations"
    if twin is None or left_out_there is None:
        return f"XNNPACK does not take this {kind} of {' and '.join(types)}"
    if twin in left_out_there:
        return f"XNNPACK does not take this {kind}, as float32 neither"
    return f"XNNPACK takes its float32 twin, but not this {kind} of {' and '.join(types)}"


def flowing(taken: Taken, place: int) -> list[str]:
    """Types of what an operator is given that is computed, and of what it makes, each once."""
    operator, tensors = taken.operators[place], taken.graph.tensors
    given = [n for n in operator.inputs if n >= 0 and not taken.side.is_constant(n)]
    return real_types([tensors[number] for number in (*given, *operator.outputs)])


def real_types(tensors: Sequence[Tensor]) -> list[str]:
    """Types of tensors that stand for real numbers, each once; biases left out."""
    real = [each.dtype for each in tensors if each.scales or each.dtype.startswith("FLOAT")]
    others = [dtype for dtype in dict.fromkeys(real) if dtype not in ("INT32", "INT64")]
    return others or ["whole numbers"]
