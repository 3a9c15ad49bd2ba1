"""Rules of integers whose steps are too coarse for what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from weighin.diagnostics import bounds
from weighin.diagnostics.facts import Facts
from weighin.formats.graph import Graph, Operator, Tensor

# So many times as coarse: three bits of eight are lost, and 32 of 256 steps left. Branches of
# one kind, as of an Inception block, differ by a factor of two or four.
COARSER = 8
# A step of 1 is a factor of e in what a SOFTMAX gives. Stored in steps of 1/256, that is zero from
# ln 256 = 5.5 below the largest score on, so that not even six different numbers are left. Scores
# that span up to 255 have finer steps: those of a classifier's last layer span tens.
COARSE = 1.0
LOPSIDED = 8  # scores that reach so many times as far below zero as above it are masked
SHARING = ("CONCATENATION", "PACK")
SCORED = ("SOFTMAX", "LOGISTIC", "TANH")
MASKING = ("ADD", "SUB", "SELECT", "SELECT_V2")
# Operators that hand numbers on as they are
_MOVING = (
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE", "MAX_POOL_2D"),
)
_NAMELESS = ("StatefulPartitionedCall", "PartitionedCall", "arith.", "tfl.")


@dataclass(frozen=True)
class _Loss:
    """An input that a shared scale makes coarser.

    Attributes:
        operator: the name of what shares the scale.
        tensor: the input, as it is stored.
        name: what it is called in a sentence.
        left: how many of 256 steps are left for what it holds, at most.
        before: its steps where another scale stands before it in the file; else 0.
    """

    operator: str
    tensor: Tensor
    name: str
    left: float
    before: float = 0.0


def number(value: float) -> str:
    """A number in three digits: `0.00391`, `3,920,000`."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.3g}"


def shared_scale(facts: Facts) -> str | None:
    """Inputs of an operator that are stored by the scale of another, far wider one."""
    makers = _makers(facts.graph)
    losses = {
        place: loss
        for operator in facts.graph.operators
        if operator.name in SHARING
        for place in operator.inputs
        if place != -1 and (loss := _lost(facts, makers, operator, place)) is not None
    }
    if not losses:
        return None
    worst = min(losses.values(), key=lambda loss: loss.left)
    step = number(worst.tensor.scale)
    if worst.before:
        said = f"{worst.name}, in steps of {number(worst.before)}, is stored in steps of {step}"
    else:
        said = f"{worst.name} fills at most {worst.left:.0f} of 256 steps of {step}"
    more = f" (the worst of {len(losses)} inputs)" if len(losses) > 1 else ""
    return f"{worst.operator} shares one scale: {said}{more}; let the model scale its inputs alike"


def coarse_scores(facts: Facts) -> str | None:
    """Scores that differ by much and are the same integer."""
    graph = facts.graph
    coarse = {
        place: operator
        for operator in graph.operators
        if operator.name in SCORED
        for place in operator.inputs[:1]
        if place != -1 and bounds.stored(graph.tensors[place])
        if graph.tensors[place].scale > COARSE
    }
    if not coarse:
        return None
    worst = max(coarse, key=lambda place: graph.tensors[place].scale)
    more = f" (the worst of {len(coarse)} operators)" if len(coarse) > 1 else ""
    mask = _mask(graph, worst) if coarse[worst].name == "SOFTMAX" else None
    way_out = (
        ""
        if mask is None
        else f"; mask with less, such as -30, not {number(mask)}, or take dynamic, which keeps "
        f"them float"
    )
    step = number(graph.tensors[worst].scale)
    return (
        f"{coarse[worst].name} is given steps of {step}{more}, finer differences are lost{way_out}"
    )


def _mask(graph: Graph, place: int) -> float | None:
    """The least of scores that something was added to, if it lies far below all others."""
    makers = _makers(graph)
    maker, held = makers.get(_source(graph, makers, place)), bounds.stored(graph.tensors[place])
    if maker is None or maker.name not in MASKING or held is None:
        return None
    return held[0] if -held[0] > LOPSIDED * held[1] else None


def _makers(graph: Graph) -> dict[int, Operator]:
    return {place: operator for operator in graph.operators for place in operator.outputs}


def _source(graph: Graph, makers: Mapping[int, Operator], place: int) -> int:
    """The tensor whose numbers one is, before they were moved about."""
    for _ in range(len(makers)):  # a damaged file may name a circle
        maker = makers.get(place)
        if maker is None or maker.name not in _MOVING or maker.inputs[0] == -1:
            break
        if graph.tensors[maker.inputs[0]].scale != graph.tensors[place].scale:
            break
        place = maker.inputs[0]
    return place


def _lost(
    facts: Facts, makers: Mapping[int, Operator], operator: Operator, place: int
) -> _Loss | None:
    """What an input loses, if it is much."""
    graph = facts.graph
    source = _source(graph, makers, place)
    tensor, maker = graph.tensors[source], makers.get(source)
    if tensor.dtype not in ("INT8", "UINT8") or not bounds.stored(tensor) or tensor.is_constant:
        return None
    if maker is not None and maker.name == "QUANTIZE":
        before = graph.tensors[maker.inputs[0]]
        if before.dtype != tensor.dtype or before.scale * COARSER > tensor.scale:
            return None
        left, name = 256 * before.scale / tensor.scale, _name(graph, maker.inputs[0])
        return _Loss(operator.name, tensor, name, left, before.scale)
    reach = bounds.made(graph, maker) if maker is not None else _calibrated(facts, source)
    if reach is None or reach[0] == reach[1]:  # a branch of nothing has nothing to lose
        return None
    left = bounds.steps(tensor, reach)
    name = _name(graph, source)
    return _Loss(operator.name, tensor, name, left) if left * COARSER <= 256 else None


def _calibrated(facts: Facts, place: int) -> bounds.Bounds | None:
    """The range of a model's input, if it is known."""
    given, known = facts.graph.inputs_by_name(), facts.calibration
    if place not in given.values() or "range" not in known:
        return None
    if len(given) > 1 and given.get(known.get("input", "")) != place:
        return None
    low, high = known["range"]
    return float(low), float(high)


def _name(graph: Graph, place: int) -> str:
    """What a tensor is called: of several operators in one, by the first of them."""
    for name, each in graph.inputs_by_name().items():
        if each == place:
            return f"input {name!r}"
    first = graph.tensors[place].name.split(";")[0]
    return repr(first) if first and not first.startswith(_NAMELESS) else "an input"
