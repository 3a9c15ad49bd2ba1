"""Facts of a row, gathered for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighin import grammar, registry
from weighin.core import USUAL_FORMAT, Record, Variant
from weighin.core.case import Case
from weighin.diagnostics import rules
from weighin.diagnostics.facts import Facts
from weighin.formats import known
from weighin.formats.coverage import Promise
from weighin.targets import machine


def explain(
    case: Case,
    records: Mapping[str, Record],
    path: Path,
    baseline: Path,
    seen: Mapping[str, Any] | None = None,
    variant: Variant | None = None,
    format: str = USUAL_FORMAT,
    measured_on: Mapping[str, Any] | None = None,
    layers: str = "",
) -> list[str]:
    """What the rules say of a row.

    Args:
        case: the row.
        records: its figures by metric.
        path: the variant's file that holds a graph, also where the row is of its Keras file.
        baseline: the baseline's, of the same format.
        seen: what was seen while the file was built (`Artifact.facts`).
        variant: how the file is stored; if not given, as its name says.
        format: of both files.
        measured_on: facts of the machine, as of `weighin.targets.machine`; this one's if not given.
        layers: what `weighin layers` found in the file, if it has looked at it.
    """
    here = measured_on or machine.facts()
    delegated, fixed = records.get("delegated"), records.get("fixed_cost")
    latency = records.get("latency")
    variant = variant or grammar.parse(case.variant)
    facts = Facts(
        variant=variant,
        graph=known.graph(format, path),
        records=records,
        architecture=here["architecture"],
        cpu_features=here["cpu_features"],
        runtime=case.runtime,
        delegated=None
        if delegated is None or delegated.count is None or delegated.n is None
        else (delegated.count, delegated.n),
        fixed_share=None
        if fixed is None or latency is None or not fixed.value or not latency.value
        else min(1.0, fixed.value / latency.value),
        baseline=known.graph(format, baseline),
        left_out=_left_out(delegated),
        promises=_promises(variant),
        calibration=(seen or {}).get("calibration", {}),
        sizes=(path.stat().st_size, baseline.stat().st_size),
        layers=layers,
    )
    of_litert = not case.runtime or registry.runtimes[case.runtime].litert_kernels
    return rules.explain(facts, is_usual=case.format == USUAL_FORMAT, of_litert=of_litert)


def _left_out(delegated: Record | None) -> tuple[int, ...] | None:
    """The operators that no delegate runs; None of records that do not say which they are."""
    if delegated is None or delegated.count is None or delegated.n is None:
        return None
    is_told = len(delegated.left_out) == delegated.n - delegated.count
    return delegated.left_out if is_told else None


def _promises(variant: Variant) -> list[Promise]:
    """What a variant's steps and export, and the one that this is about, promise of a layer."""
    steps = [registry.steps[name] for name in dict.fromkeys(step.name for step in variant.steps)]
    names = dict.fromkeys((variant.export.name, grammar.innermost(variant.export)))
    parts = [*steps, *(registry.exports[name] for name in names)]
    return [vars(part)["promise"] for part in parts if vars(part).get("promise")]
