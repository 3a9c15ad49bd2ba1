"""Rules of what runs in XNNPACK's kernels and what in others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from weighin.diagnostics.extent import percent
from weighin.diagnostics.facts import Facts
from weighin.formats.coverage import share_of_macs
from weighin.formats.graph import Operator

NAMED = 4  # kinds of operators that a sentence names
SHAPE_OPERATORS = ("SHAPE", "STRIDED_SLICE", "PACK", "REDUCE_PROD", "FILL", "BROADCAST_ARGS")


def no_delegate(facts: Facts) -> str | None:
    """A runtime that gives nothing to XNNPACK."""
    if facts.may_delegate or facts.is_faster:
        return None
    return "no XNNPACK delegate here: this row and its baseline run in LiteRT's own kernels"


def wide_activations(facts: Facts) -> str | None:
    """Activations of 16 bits, for which XNNPACK has no kernels."""
    if not any(tensor.dtype == "INT16" for tensor in facts.graph.tensors):
        return None
    staying = _staying(facts)
    return staying and f"XNNPACK has no kernels for 16-bit activations: {staying}"


def left_out(facts: Facts) -> str | None:
    """Operators that run in slower kernels than XNNPACK's."""
    return None if wide_activations(facts) else _staying(facts)


def open_batch(facts: Facts) -> str | None:
    """Operators that an open batch dimension adds to compute shapes."""
    operators = facts.graph.operators
    computing = [operator for operator in operators if operator.name in SHAPE_OPERATORS]
    if not facts.graph.open_batch or not computing:
        return None
    return (
        f"its batch dimension is open, so {len(computing)} of {len(operators)} operators compute "
        f"shapes ({_named(computing)}), which no delegate takes: with a batch of one the graph has "
        f"none of them"
    )


def half_precision(facts: Facts) -> str | None:
    """Weights that are floats of 4 bytes again before anything is multiplied."""
    halves = [
        operator
        for operator in facts.graph.operators
        if operator.weights and operator.weights.dtype == "FLOAT16"
    ]
    if facts.is_faster or not halves:
        return None
    file = "" if facts.is_larger else "a smaller file"
    unpacked = "half-precision weights are unpacked to float32 first"
    outside = [] if not facts.may_delegate or _all_delegated(facts) else facts.outside
    if outside is None:  # which operators XNNPACK runs is not known
        return f"{unpacked}: {file}" if file else unpacked
    slower = [operator for operator in halves if any(operator is other for other in outside)]
    if not slower:
        return f"{unpacked}: {file}{', ' if file else ''}the same work"
    return f"{unpacked}, and {_named(slower)} on them run outside XNNPACK, in slower kernels"


def _all_delegated(facts: Facts) -> bool:
    return facts.delegated is not None and facts.delegated[0] == facts.delegated[1]


def _staying(facts: Facts) -> str | None:
    """Which operators XNNPACK does not run, and what share of the work they are."""
    if facts.is_faster or facts.delegated is None or not facts.may_delegate:
        return None
    taken, total = facts.delegated
    if taken == total:
        return None
    outside = facts.outside
    if outside is None:
        return f"{taken} of {total} operators run in XNNPACK, the others in slower kernels"
    verb = "stays" if len(outside) == 1 else "stay"
    said = f"{len(outside)} of {total} operators {verb} out of XNNPACK ({_named(outside)})"
    share = share_of_macs(facts.graph, outside)
    return said if share is None else f"{said}, {percent(share)} of the multiply-accumulates"


def _named(operators: Sequence[Operator]) -> str:
    """How many of each kind, the most frequent first: `40 RESHAPE, 30 BATCH_MATMUL`."""
    kinds = Counter(operator.name for operator in operators).most_common()
    shown = kinds if len(kinds) <= NAMED else kinds[: NAMED - 1]
    words = [f"{count} {name}" for name, count in shown]
    others = len(operators) - sum(count for _, count in shown)
    return ", ".join([*words, f"{others} others"] if others else words)
