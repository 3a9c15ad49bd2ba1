"""Gates that make no sense, refused before anything is built: no run can tell them from right ones.

A gate that no figure can breach, by the range that its metric declares, would check nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from weighin.core import Catalogue, Metric, Record, WeighinError
from weighin.report import units
from weighin.report.gates import scope
from weighin.report.gates.grammar import Gate

_DOUBTFUL_POINTS = 0.2  # a bare number beyond it was meant in percent: nobody lets a fifth go


def check(gates: Iterable[Gate], metrics: Catalogue) -> None:
    """Refuse gates whose bound is none for their metric, as far as a catalogue has that.

    Raises:
        WeighinError: if a unit is not the metric's; if every figure that there can be keeps the
            gate, or none; if a bound on a share can only be meant in percent.
    """
    for gate in gates:
        metric = metrics.get(gate.metric)
        if metric is not None and (problem := _problem(gate, metric)):
            raise WeighinError(f"Gate {gate.text!r}: {problem}.")


def refuse_vain(gates: Iterable[Gate], planned: Sequence[Record], metrics: Catalogue) -> None:
    """Refuse gates that none of the rows that are to come concern.

    Args:
        gates: those of the run.
        planned: its records, before anything is measured.
        metrics: what they mean.

    Raises:
        WeighinError: naming what the gate names in vain, and what is near it.
    """
    for gate in gates:
        if not scope.concerned(gate, planned, metrics):
            reason = scope.missing(gate, planned, metrics)
            raise WeighinError(f"Gate {gate.text!r}: {reason}.")


def factor(gate: Gate, metric: Metric) -> float:
    """A gate's number in its metric's own unit: that of `30 µs` is 3e-05.

    Raises:
        WeighinError: if the metric has no such unit.
    """
    if not gate.unit:
        return gate.factor
    known = units.written_in(metric)
    if gate.unit not in known:
        wanted = ", ".join(known) or "a number alone"
        raise WeighinError(
            f"Gate {gate.text!r}: {gate.metric} is not in {gate.unit!r}; wanted: {wanted}."
        )
    # as it would be if it were written without: a product of two binary numbers may differ
    return float(Decimal(gate.number) * Decimal(str(known[gate.unit])))


def _problem(gate: Gate, metric: Metric) -> str:
    """Why a gate would check nothing; empty if it does."""
    number = factor(gate, metric)
    if not math.isfinite(number):
        return f"{gate.number} {gate.unit} is no bound"
    doubtful = {"share": 1.0, "points": _DOUBTFUL_POINTS}.get(metric.kind, math.inf)
    if not gate.relative and not gate.unit and abs(number) > doubtful:
        return (
            f"{gate.metric} is a share, of which {number:g} is {number * 100:g} %; if that is "
            f"meant in percent, write {number:g}%, or {number / 100:g}"
        )
    least, most = metric.range
    bounds = [_times(number, base) for base in metric.range] if gate.relative else [number]
    easiest, hardest = (max(bounds), min(bounds)) if gate.upper else (min(bounds), max(bounds))
    worst, best = (most, least) if gate.upper else (least, most)
    never = f"{gate.metric} is never {'above' if gate.upper else 'below'}"
    if math.isfinite(worst) and gate.holds(worst, hardest):
        return f"it cannot fail, for {never} {units.with_unit(metric, worst)}"
    never = f"{gate.metric} is never {'below' if gate.upper else 'above'}"
    if math.isfinite(best) and not gate.holds(best, easiest):
        return f"nothing can keep it, for {never} {units.with_unit(metric, best)}"
    return ""


def _times(number: float, end: float) -> float:
    """A multiple of a range's end: nothing of what has no end is nothing."""
    return number * end if number else 0.0
