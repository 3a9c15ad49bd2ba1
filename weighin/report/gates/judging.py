"""Figures held against the bounds of gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weighin.core import Case, Metric, Record, Results
from weighin.report.gates import modes, scope
from weighin.report.gates.checking import check, factor
from weighin.report.gates.grammar import Gate
from weighin.report.gates.modes import MODES, Mode

_UNPROVEN = "it has no interval and is not exact: it is judged as it stands, and never proven"


@dataclass(frozen=True)
class Outcome:
    """What became of a gate on one figure.

    Attributes:
        verdict: where the figure and its interval lie (see `modes`), or `no figure`.
        bound: in the metric's unit; None where there is none.
        reason: why there is no figure, or none that can be proven.
        metric: what the figure means; None where there is none.
    """

    gate: Gate
    record: Record | None
    bound: float | None
    verdict: str
    reason: str = ""
    metric: Metric | None = None


@dataclass(frozen=True)
class Judged:
    """What became of all gates.

    Attributes:
        outcomes: of each gate on each figure that it concerns.
        mode: how they were judged.
    """

    outcomes: tuple[Outcome, ...] = ()
    mode: Mode = MODES["breached"]

    @property
    def kept(self) -> bool:
        """Whether every gate is kept; of none, every one is."""
        return all(map(self.passes, self.outcomes))

    def passes(self, outcome: Outcome) -> bool:
        """Whether the mode lets an outcome through; what has no figure never passes."""
        return outcome.verdict in self.mode.passing


def judge(gates: Sequence[Gate], results: Results, mode: Mode = MODES["breached"]) -> Judged:
    """Compare every figure that a gate speaks of with its bound.

    A gate that no figure concerns is not kept: it would check nothing.

    Raises:
        WeighinError: as `check` does.
    """
    check(gates, results.metrics)
    records = [record for record in results.records if record.metric != "why"]  # no figure
    known = {(record.case, record.metric): record for record in records}
    outcomes: list[Outcome] = []
    for gate in gates:
        concerned = scope.concerned(gate, records, results.metrics)
        outcomes += [_judge(gate, record, known, results) for record in concerned]
        if not concerned:
            reason = scope.missing(gate, records, results.metrics)
            outcomes.append(Outcome(gate, None, None, modes.NO_FIGURE, reason))
    return Judged(tuple(outcomes), mode)


def _judge(
    gate: Gate, record: Record, known: Mapping[tuple[Case, str], Record], results: Results
) -> Outcome:
    metric = results.metric(record.metric)
    if record.value is None:
        reason = f"{record.status}: {record.reason}"
        return Outcome(gate, record, None, modes.NO_FIGURE, reason, metric)
    number = bound = factor(gate, metric)
    bounds, is_known = (bound, bound), _is_known(record, metric)
    if gate.relative:
        base = known.get((record.case.baseline, record.metric))
        if base is None or base.value is None:
            reason = "the baseline has none"
            return Outcome(gate, record, None, modes.NO_FIGURE, reason, metric)
        bound = number * base.value
        low, high = sorted(number * end for end in _ends(base))
        bounds, is_known = (low, high), is_known and _is_known(base, metric)
    verdict = _verdict(gate, record, bound, bounds)
    if verdict == modes.KEPT and not is_known:
        verdict = modes.WITHIN
    return Outcome(gate, record, bound, verdict, "" if is_known else _UNPROVEN, metric)


def _verdict(gate: Gate, record: Record, bound: float, bounds: tuple[float, float]) -> str:
    """Where a figure and its interval lie, of which the bound may have one too."""
    best, worst = _ends(record) if gate.upper else reversed(_ends(record))
    hardest, easiest = bounds if gate.upper else reversed(bounds)
    if gate.holds(worst, hardest):
        return modes.KEPT
    if not gate.holds(best, easiest):
        return modes.BREACHED
    return modes.WITHIN if gate.holds(record.value or 0.0, bound) else modes.BEYOND


def _is_known(record: Record, metric: Metric) -> bool:
    """Whether it is known how far off a figure may be."""
    return metric.exact or record.low is not None


def _ends(record: Record) -> tuple[float, float]:
    """A figure's interval, its own value in it."""
    value = record.value or 0.0
    low = value if record.low is None else record.low
    high = value if record.high is None else record.high
    return min(low, value), max(high, value)
