"""The same cells of two or more runs side by side, each held against the first with a verdict.

Sizes and accuracies compare between any machines, provided that the data are the same. Metrics
bound to a machine are compared only between runs of one machine with one calibration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from weighin.core import Case, Metric, Record, Results, WeighinError
from weighin.records import derivation
from weighin.report.between_runs import (
    NOT_JUDGED,
    amount,
    change,
    compared,
    is_drifting,
    verdict,
)
from weighin.report.comparable import check_data, why_not
from weighin.report.layout import FLAT, Section
from weighin.report.terminal import Terminal, written
from weighin.report.units import shown

FAILING = ("slower", "worse", "larger", "missing")
"""What a comparison may be failed on; `missing`: the first run has a figure, a later one none."""
NOT_COMPARED = "not compared"
UNSAID = ("same", "no evidence", "no figure", NOT_COMPARED, NOT_JUDGED)
"""Verdicts that do not say by how much."""
TOLD = 3  # failing figures that are named; the tables have them all


@dataclass(frozen=True)
class Held:
    """One figure of a later run, held against the first run's.

    Attributes:
        case: the cell.
        metric: what the figures are of.
        first: the first run's record, if it has one.
        run: the later run's name.
        record: the later run's record, if it has one.
        verdict: one word or two, as of `verdict`; `not compared` between other machines.
        refused: why it is not compared; empty if it is.
    """

    case: Case
    metric: Metric
    first: Record | None
    run: str
    record: Record | None
    verdict: str
    refused: str = ""

    @property
    def said(self) -> str:
        """The verdict, and by how much the figure differs where it does."""
        moved = change(self.metric, self.first, self.record)
        if moved is None or self.verdict in UNSAID:
            return self.verdict
        return f"{self.verdict} by {amount(self.metric, moved)}"

    @property
    def beside(self) -> str:
        """The engine that the figures are against; of both runs, where they differ."""
        engines = (record.beside for record in (self.first, self.record) if record is not None)
        return ", ".join(dict.fromkeys(filter(None, engines)))

    @property
    def is_missing(self) -> bool:
        """Whether the first run has a figure, and the later one none."""
        values = [record and record.value for record in (self.first, self.record)]
        return values[0] is not None and values[1] is None

    @property
    def flat(self) -> dict[str, Any]:
        """Its parts under a name each, figures as bare numbers."""
        return {
            **dataclasses.asdict(self.case),
            "metric": self.metric.name,
            "unit": self.metric.unit,
            **({"beside": self.beside} if self.beside else {}),
            **_numbers("first", self.first),
            "run": self.run,
            **_numbers("value", self.record),
            "change": change(self.metric, self.first, self.record),
            "verdict": self.verdict,
        }


def _numbers(name: str, record: Record | None) -> dict[str, float | None]:
    if record is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: record.value, f"{name}_low": record.low, f"{name}_high": record.high}


def held(runs: Sequence[tuple[str, Results]]) -> list[Held]:
    """Every figure of the later runs against the first run's, metric by metric, cell by cell.

    Args:
        runs: a name for each, and its results.

    Raises:
        WeighinError: if a data set, or the published weights of a model, differ between runs, if
            they have no figure in common, or if a figure does not follow from what is recorded
            beside it.
    """
    check_data(runs)
    _check_figures(runs)
    _check_common(runs)
    refused = _refusals(runs)
    against = []
    for metric in compared([results for _, results in runs]):
        first, *others = (_by_case(results, metric.name) for _, results in runs)
        for case in dict.fromkeys(case for records in (first, *others) for case in records):
            for (name, _), records in zip(runs[1:], others, strict=True):
                pair = (first.get(case), records.get(case))
                reason = (metric.machine_bound and refused[name, case.target]) or _other_engine(
                    *pair
                )
                said = NOT_COMPARED if reason else _said(metric, *pair)
                against.append(Held(case, metric, pair[0], name, pair[1], said, reason))
    return against


def _other_engine(first: Record | None, second: Record | None) -> str:
    """Why two ratios between engines are none of the same engines; empty where they are."""
    if first is None or second is None or first.value is None or second.value is None:
        return ""
    if first.beside == second.beside:
        return ""
    return f"beside {second.beside or 'the baseline'}, not {first.beside or 'the baseline'}"


def _said(metric: Metric, first: Record | None, second: Record | None) -> str:
    """The verdict on a figure; none on absolute times, which drift by more than they may differ."""
    said = verdict(metric, first, second)
    return NOT_JUDGED if is_drifting(metric) and said not in ("same", "no figure") else said


def failing(against: Sequence[Held], words: Sequence[str]) -> list[Held]:
    """The figures of later runs that are one of some `FAILING` words.

    Raises:
        WeighinError: if a word is none of them, or asks for speeds that cannot be compared: nothing
            slower can be found there.
    """
    unknown = [word for word in words if word not in FAILING]
    if unknown:
        raise WeighinError(f"--fail-on {unknown[0]}: wanted some of {', '.join(FAILING)}.")
    refused = next((each for each in against if each.refused), None)
    if "slower" in words and refused is not None:
        raise WeighinError(
            f"--fail-on slower: speeds are not compared with {refused.run} ({refused.refused}), so "
            f"whether anything is slower cannot be told."
        )
    return [each for each in against if ("missing" if each.is_missing else each.verdict) in words]


def told(figures: Sequence[Held]) -> str:
    """Which figures they are, the first few of them."""
    few = [
        f"{each.metric.name} of {_named(each.case)} ({each.said if each.record else 'missing'})"
        for each in figures[:TOLD]
    ]
    more = len(figures) - len(few)
    return ", ".join([*few, *([f"and {more} more"] if more else [])])


def sections(runs: Sequence[tuple[str, Results]], against: Sequence[Held]) -> list[Section]:
    """A table for each metric: a row a cell, a column a run; then what is not compared, and why.

    Those of one model on one data set follow each other, under one title.

    Args:
        runs: a name for each, and its results.
        against: what `held` gives of them.
    """
    tables: dict[str, dict[str, dict[Case, list[str]]]] = {}
    for each in against:
        of_model = tables.setdefault(f"{each.case.model} on {each.case.dataset}", {})
        rows = of_model.setdefault(each.metric.name, {})
        named = f"{_row_name(each.case)}{f' beside {each.beside}' if each.beside else ''}"
        begin = [named, _figure(each.metric, each.first)]
        row = rows.setdefault(each.case, begin)
        row += [_figure(each.metric, each.record), each.said]
    names = short_names([name for name, _ in runs])
    headers = [names[0], *(header for name in names[1:] for header in (name, "verdict"))]
    parts = [
        Section("" if at else title, [metric, *headers], list(rows.values()))
        for title, of_model in tables.items()
        for at, (metric, rows) in enumerate(of_model.items())
    ]
    refused, metrics = _refusals(runs), compared([results for _, results in runs])
    there = {each.metric.name for each in against}
    bound = ", ".join(
        metric.name
        for metric in metrics
        if metric.machine_bound and (metric.name in there or not metric.of_engines)
    )
    notes = [
        f"{bound}{f' on {target}' if target else ''} not compared with {name}: {reason}"
        for name, (long_name, _) in zip(names[1:], runs[1:], strict=True)
        for target in _targets(runs)
        if (reason := refused[long_name, target])
    ]
    if any(each.verdict == NOT_JUDGED for each in against):
        drifting = ", ".join(metric.name for metric in metrics if is_drifting(metric))
        notes.append(
            f"{drifting} {NOT_JUDGED}: times drift from run to run by what no interval holds; "
            f"speed-ups are of files measured side by side"
        )
    return [*parts, Section("", lines=notes)] if notes else parts


def short_names(names: Sequence[str]) -> list[str]:
    """The part of each path that tells it from the others: its file's name, or else a folder's."""
    paths = [PurePath(name.removesuffix(".json")).parts for name in names]
    for at in range(1, min(map(len, paths)) + 1):
        parts = [path[-at] for path in paths]
        if len(set(parts)) == len(names):
            return parts
    return list(names)


def _refusals(runs: Sequence[tuple[str, Results]]) -> dict[tuple[str, str], str | None]:
    """Of each later run and target why figures bound to a machine are not compared; None if so."""
    return {
        (name, target): why_not(runs[0][1], results, target)
        for name, results in runs[1:]
        for target in _targets(runs)
    }


def _targets(runs: Sequence[tuple[str, Results]]) -> list[str]:
    """The machines that rows of any run are of: empty is the run's own."""
    cases = {record.case for _, results in runs for record in results.records if record.runtime}
    targets = {case.target for case in cases}
    return sorted(targets) or [""]


def render(
    runs: Sequence[tuple[str, Results]],
    format: str = "text",
    terminal: Terminal | None = None,
    against: Sequence[Held] | None = None,
) -> str:
    """What was compared, in one of `layout.FORMATS`; `text` fitted to a terminal, if one is given.

    Args:
        runs: a name for each, and its results.
        format: `csv` and `json` have a row for each figure of each later run.
        terminal: that `text` is fitted to.
        against: what `held` gives of the runs, where that is known already.

    Raises:
        WeighinError: as `held`.
    """
    against = held(runs) if against is None else against
    if format in FLAT:
        return FLAT[format]([each.flat for each in against])
    return written(sections(runs, against), format, terminal)


def _by_case(results: Results, metric: str) -> dict[Case, Record]:
    return {
        record.case: record
        for record in results.by_metric.get(metric, ())
        if record.status != "skipped"
    }


def _named(case: Case) -> str:
    return f"{case.model} on {case.dataset} {_row_name(case)}"


def _row_name(case: Case) -> str:
    words = [case.variant, case.engine or case.format]
    words += [f"×{case.threads}"] if case.threads not in (0, 1) else []
    words += [f"seed {case.seed}"] if case.seed else []
    return " ".join(words)


def _figure(metric: Metric, record: Record | None) -> str:
    if record is None:
        return "not measured"
    if record.value is None:
        return record.status
    return shown(metric, record.value, record.low, record.high)


def _check_figures(runs: Sequence[tuple[str, Results]]) -> None:
    for name, results in runs:
        faults = derivation.faults(results)
        if faults:
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            raise WeighinError(f"{name} cannot be compared: {faults[0]}{more}. Measure it again.")


def _check_common(runs: Sequence[tuple[str, Results]]) -> None:
    metrics = compared([results for _, results in runs])
    cells = [
        {case for metric in metrics for case in _by_case(results, metric.name)}
        for _, results in runs
    ]
    if all(cells) and not any(cells[0] & cases for cases in cells[1:]):
        held = "; ".join(
            f"{name} has {', '.join(sorted({f'{case.model} on {case.dataset}' for case in cases}))}"
            for (name, _), cases in zip(runs, cells, strict=True)
        )
        raise WeighinError(f"There is nothing to compare, no model's figures are in both: {held}.")
