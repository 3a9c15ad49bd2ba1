"""Gates: a bound that figures must keep, such as `prune(0.8)+int8: gzip_bytes <= 0.12 * baseline`.

    gate  = [variant ":"] metric ("<=" | ">=" | "<" | ">") bound
    bound = number | "baseline" | number "*" "baseline" | "baseline" "*" number

A gate that names no variant holds for all but the baseline and the dense control, which are there
for comparison. Gates are parsed, never run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weighin.core import Catalogue, Metric, Record, Results, WeighinError, nearest
from weighin.report.layout import Notes, Section
from weighin.report.terminal import Terminal, written
from weighin.report.units import shown

CONTROLS = ("baseline", "finetune")
# A gate on a share, or on a difference of shares, with a larger bound was meant in percent
_FARTHEST = {"share": 1.0, "points": 0.2}
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_GATE = re.compile(
    r"\s*(?P<metric>[a-z][a-z0-9_]*)\s*(?P<relation><=|>=|<|>)\s*"
    rf"(?:(?P<number>{_NUMBER})|(?:(?P<before>{_NUMBER})\s*\*\s*)?(?P<base>baseline)"
    rf"(?:\s*\*\s*(?P<after>{_NUMBER}))?)\s*",
    re.ASCII,
)


@dataclass(frozen=True)
class Gate:
    """One bound.

    Attributes:
        text: as it was written.
        variant: whose figures; empty for every variant but the controls.
        metric: its name.
        upper: whether the figure must stay below the bound; else above.
        open: whether a figure equal to the bound breaches it.
        factor: the bound itself, or what the baseline's figure is multiplied by.
        relative: whether the bound is a multiple of the baseline's figure.
    """

    text: str
    variant: str
    metric: str
    upper: bool
    open: bool
    factor: float
    relative: bool

    def is_of(self, variant: str) -> bool:
        """Whether it names a variant; files may have blanks in their names."""
        return self.variant == _unspaced(variant)


@dataclass(frozen=True)
class Outcome:
    """What became of a gate on one figure.

    Attributes:
        verdict: `kept`, `breached`, `within the interval` (the bare figure breaches the bound,
            its interval does not) or `no figure`.
        metric: what the figure means; None where there is none.
    """

    gate: Gate
    record: Record | None
    bound: float | None
    verdict: str
    reason: str = ""
    metric: Metric | None = None

    def passes(self, strict: bool) -> bool:
        """Whether the gate lets this through; `strict` looks at the bare figure."""
        return self.verdict == "kept" or (self.verdict == "within the interval" and not strict)


def _unspaced(variant: str) -> str:
    return re.sub(r"\s+", "", variant)


def parse(text: str) -> Gate:
    """Read a gate.

    Raises:
        WeighinError: if it is not of the form above.
    """
    variant, _, bound = text.rpartition(":")
    match = _GATE.fullmatch(bound)
    if match is None or (match["before"] and match["after"]):
        raise WeighinError(
            f"Gate {text!r} is not understood. Write [variant:] metric <= number, or "
            f"… <= number * baseline; for instance 'top1_delta >= -0.005' or "
            f"'prune(0.8)+int8: gzip_bytes <= 0.12 * baseline'."
        )
    factor = float(match["number"] or match["before"] or match["after"] or 1)
    if not math.isfinite(factor):
        raise WeighinError(f"Gate {text!r}: {factor} is no bound.")
    return Gate(
        text=text.strip(),
        variant=_unspaced(variant),
        metric=match["metric"],
        upper=match["relation"] in ("<=", "<"),
        open=match["relation"] in ("<", ">"),
        factor=factor,
        relative=match["base"] is not None,
    )


def check(gates: Iterable[Gate], metrics: Catalogue) -> None:
    """Refuse gates that would check nothing.

    Raises:
        WeighinError: if a bound on a share can only be meant in percent.
    """
    for gate in gates:
        metric = metrics.get(gate.metric)
        farthest = _FARTHEST.get(metric.kind, math.inf) if metric else math.inf
        if not gate.relative and abs(gate.factor) > farthest:
            raise WeighinError(
                f"Gate {gate.text!r}: {gate.metric} is a share, of which {gate.factor:g} is "
                f"{gate.factor * 100:g} %, so that it would check nothing; half a point is 0.005."
            )


def judge(gates: Sequence[Gate], results: Results) -> list[Outcome]:
    """Compare every figure that a gate speaks of with its bound.

    A gate that no figure concerns is not kept: it would check nothing.

    Raises:
        WeighinError: as `check` does.
    """
    check(gates, results.metrics)
    records = [record for record in results.records if record.metric != "why"]  # no figure
    outcomes: list[Outcome] = []
    for gate in gates:
        concerned = [record for record in records if _concerns(gate, record)]
        outcomes += [_judge(gate, record, records, results) for record in concerned]
        if not concerned:
            outcomes.append(Outcome(gate, None, None, "no figure", _missing(gate, records)))
    return outcomes


def render(
    outcomes: Sequence[Outcome], strict: bool = False, terminal: Terminal | None = None
) -> str:
    """A table of gates, figures, intervals, bounds and verdicts, and how many are not kept.

    Below it each reason once, by the number that verdicts refer to.

    Args:
        outcomes: of all gates.
        strict: whether the bare figure is judged.
        terminal: that the table is fitted to, if one is given.
    """
    rows, reasons = [], Notes()
    for outcome in outcomes:
        record, where, figure, bound = outcome.record, "", "", ""
        if record is not None:
            place = record.runtime or record.format
            where = f"{record.model} {record.variant} {place}"
            where += f" ×{record.threads}" if record.threads > 1 else ""
            where += f" seed {record.seed}" if record.seed else ""
            if record.value is not None and outcome.metric is not None:
                figure = shown(outcome.metric, record.value, record.low, record.high)
            if outcome.bound is not None and outcome.metric is not None:
                bound = shown(outcome.metric, outcome.bound)
        verdict = outcome.verdict + reasons.note(outcome.reason)
        if strict and outcome.verdict == "within the interval":
            verdict = "breached, though not beyond the interval"
        rows.append([outcome.gate.text, where, figure, bound, verdict])
    headers = ["gate", "row", "figure", "bound", "verdict"]
    section = Section("", headers, rows, [*reasons.numbered, _summary(outcomes, strict)])
    return written([section], "text", terminal)


def _summary(outcomes: Sequence[Outcome], strict: bool) -> str:
    """`2 of 48 breached, 1 without a figure`."""
    missing = sum(outcome.verdict == "no figure" for outcome in outcomes)
    breached = sum(not outcome.passes(strict) for outcome in outcomes) - missing
    words = f"{breached} of {len(outcomes)} breached"
    return words + (f", {missing} without a figure" if missing else "")


def _missing(gate: Gate, records: Sequence[Record]) -> str:
    metrics = sorted({record.metric for record in records})
    if gate.metric not in metrics:
        near = nearest(gate.metric, metrics)
        known = f"did you mean {near!r}?" if near else f"there are {', '.join(metrics)}"
        return f"no metric {gate.metric!r} here; {known}"
    reasons = [
        record.reason
        for record in records
        if record.metric == gate.metric
        and record.reason
        and (not gate.variant or gate.is_of(record.variant))
    ]
    if reasons:
        who = f"{gate.variant} does not have it" if gate.variant else "no row has it"
        return f"{who}: {reasons[0]}"
    variants = dict.fromkeys(record.variant for record in records)
    if not gate.variant:
        return (
            f"no rows here but {' and '.join(CONTROLS)}, which are judged where a gate names them"
        )
    if any(map(gate.is_of, variants)):
        measured = {record.metric for record in records if gate.is_of(record.variant)}
        return f"{gate.variant} has no {gate.metric} here; it has {', '.join(sorted(measured))}"
    return f"no row of that variant here; there are {', '.join(variants)}"


def _concerns(gate: Gate, record: Record) -> bool:
    if record.metric != gate.metric or record.status == "skipped":
        return False
    if gate.variant:
        return gate.is_of(record.variant)
    return record.variant not in CONTROLS


def _judge(gate: Gate, record: Record, records: Sequence[Record], results: Results) -> Outcome:
    if record.value is None:
        return Outcome(gate, record, None, "no figure", f"{record.status}: {record.reason}")
    low, high = _ends(record)
    bound = bound_low = bound_high = gate.factor
    if gate.relative:
        base = _baseline(record, records)
        if base is None or base.value is None:
            return Outcome(gate, record, None, "no figure", "the baseline has none")
        base_low, base_high = _ends(base)
        bound = gate.factor * base.value
        bound_low, bound_high = sorted((gate.factor * base_low, gate.factor * base_high))
    if gate.upper:
        bare, beyond = record.value > bound, low > bound_high
    else:
        bare, beyond = record.value < bound, high < bound_low
    bare = bare or (gate.open and record.value == bound)
    exact = record.low is None and bound_low == bound_high
    verdict = "kept" if not bare else "breached" if beyond or exact else "within the interval"
    return Outcome(gate, record, bound, verdict, metric=results.metric(record.metric))


def _ends(record: Record) -> tuple[float, float]:
    value = record.value or 0.0
    low = value if record.low is None else record.low
    high = value if record.high is None else record.high
    return low, high


def _baseline(record: Record, records: Sequence[Record]) -> Record | None:
    return next(
        (
            base
            for base in records
            if base.metric == record.metric and base.case == record.case.baseline
        ),
        None,
    )
