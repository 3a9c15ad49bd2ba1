"""Facts of a row, gathered for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from weighin import grammar
from weighin.core import Record
from weighin.core.case import Case
from weighin.diagnostics import rules
from weighin.diagnostics.rules import Facts
from weighin.formats.tflite import read_tflite
from weighin.targets import machine


def explain(case: Case, records: Mapping[str, Record], path: Path, baseline: Path) -> list[str]:
    """What the rules say of a row.

    Args:
        case: the row.
        records: its figures by metric.
        path: the variant's .tflite file, also where the row is of its Keras file.
        baseline: the baseline's .tflite file.
    """
    here = machine.facts()
    delegated, fixed = records.get("delegated"), records.get("fixed_cost")
    latency = records.get("latency")
    facts = Facts(
        variant=grammar.parse(case.variant),
        graph=read_tflite(path),
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
        baseline=read_tflite(baseline),
    )
    return rules.explain(facts, is_tflite=case.format == "tflite")
