"""Records → operating-point curves: how good answers are against size and speed, one row a point.

The rows show what Blalock et al. 2020 ("What is the State of Neural Network Pruning?") ask of any
result: several operating points, several seeds, a random control on the same axes, and compression
and theoretical speed-up beside what was measured.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin.core import Metric, Record, Results, WeighinError
from weighin.grammar import VALUE
from weighin.report.columns import Column, column_of, columns_of
from weighin.report.footer import samples
from weighin.report.gates import CONTROLS
from weighin.report.layout import Section
from weighin.report.primary import Primary, examples, primary
from weighin.report.rows import Row, over_seeds, rows_of_seeds
from weighin.report.table import Table, document
from weighin.report.terminal import Terminal

_THEORY = Metric(
    name="theoretical", title="× in theory", kind="ratio", better="higher", relative=True
)
FRONTS = ("smaller", "speedup")  # against the primary figure
_ON_FRONT = "◆"
_ON_FRONT_NOTE = (
    _ON_FRONT + " on the Pareto front of {} and that column: no other row is at least as good "
    "in both and better in one, by the means; chosen and stated on the same {}: optimistic"
)
_IN_THEORY_NOTE = (
    "× in theory: the baseline's multiply-accumulates ÷ the variant's with weights that are not "
    "zero; what skipping every zero would bring (Blalock et al. 2020)"
)


@dataclass(frozen=True)
class Point:
    """One variant as a point of a family.

    Attributes:
        family: the variant's name with the varying number replaced: `prune(·)+int8`.
        at: that number; None where the variant is the only one of its family.
        row: its figures.
    """

    family: str
    at: float | None
    row: Row


@dataclass(frozen=True)
class Curve:
    """All points of one model on one runtime.

    Attributes:
        place: the runtime, with its threads if more than one.
        primary: the figure that stands against size and speed.
        examples: what those of the data set are called.
        baseline: its row, if it was measured.
        points: family by family, each in the order of its numbers.
        fronts: by metric of `FRONTS`, the variants on the Pareto front of it and the primary.
    """

    model: str
    dataset: str
    place: str
    primary: Primary
    examples: str
    baseline: Row | None
    points: tuple[Point, ...]
    fronts: dict[str, frozenset[str]]

    @property
    def rows(self) -> list[Row]:
        """The baseline's row and those of the points, each once."""
        rows = [self.baseline] if self.baseline else []
        return rows + list({point.row.variant: point.row for point in self.points}.values())


def families(variants: Iterable[str]) -> dict[str, dict[str, float | None]]:
    """The variants of each family, each with its number in that family.

    Variants that differ in the number of exactly one argument are a family. A variant belongs to
    two families where their curves cross. One that is like no other is a family by itself,
    without a number.
    """
    variants = list(dict.fromkeys(variants))
    members_of: dict[str, dict[str, float | None]] = {}
    for name in variants:
        for value in VALUE.finditer(name):
            number = _number(value[0])
            if number is not None:
                family = f"{name[: value.start()]}·{name[value.end() :]}"
                members_of.setdefault(family, {})[name] = number
    shared = {family: members for family, members in members_of.items() if len(members) > 1}
    placed = {name for members in shared.values() for name in members}
    return shared | {name: {name: None} for name in variants if name not in placed}


def front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which points are on the Pareto front: no other is as high in both and higher in one."""
    highest: dict[float, float] = {}  # of each first number
    for far, high in points:
        highest[far] = max(high, highest.get(far, -math.inf))
    beyond, best = {}, -math.inf  # the highest of all that lie further out
    for far in sorted(highest, reverse=True):
        beyond[far] = best
        best = max(best, highest[far])
    return [high == highest[far] and high > beyond[far] for far, high in points]


def curves(
    results: Results, known: Mapping[tuple[str, str], Sequence[Row]] | None = None
) -> list[Curve]:
    """One curve for each model, data set and runtime that more than controls were weighed on.

    Args:
        results: of one run.
        known: the rows of its tables by model and data set, where they are made already.

    Raises:
        WeighinError: if there is none.
    """
    drawable = []
    for (model, dataset), records in results.by_model.items():
        ratios = _in_theory(records)
        rows = [
            _with_theory(row, ratios.get(row.variant, ()))
            for row in (known or {}).get((model, dataset)) or rows_of_seeds(records, results)
            if not row.is_skipped
        ]
        for place in dict.fromkeys(row.place for row in rows):
            rows_here = {row.variant: row for row in rows if row.place == place}
            if set(rows_here) - set(CONTROLS):
                quality = primary(results.metrics, records)
                noun = examples(results, dataset, quality)
                drawable.append(_curve(model, dataset, place, quality, noun, rows_here))
    if not drawable:
        raise WeighinError(
            "These results have no operating points, only controls. Weigh several: weighin "
            'sweep MODEL --over "prune(s)+int8" --s 0.5,0.75,0.875.'
        )
    return drawable


def render(runs: Sequence[Results], format: str, terminal: Terminal | None = None) -> str:
    """The tables of all curves of one or more runs, in one of `layout.FORMATS`.

    Raises:
        WeighinError: if a run has no operating points.
    """
    return document(runs, format, _sections, _flat, terminal)


def _sections(results: Results) -> list[Section]:
    return [_section(curve, results) for curve in curves(results)]


def _curve(
    model: str, dataset: str, place: str, quality: Primary, noun: str, rows: dict[str, Row]
) -> Curve:
    named = families(name for name in rows if name != "baseline")
    points = [
        Point(family, at, rows[name])
        for family, members in named.items()
        for name, at in sorted(members.items(), key=lambda member: member[1] or 0.0)
    ]
    baseline = rows.get("baseline")
    judged = baseline is None or baseline.mean(quality.name) is not None
    placed = list(rows.values()) if judged else []  # a baseline that failed is no measure of others
    fronts = {metric: _front_of(placed, metric) for metric in FRONTS}
    return Curve(model, dataset, place, quality, noun, baseline, tuple(points), fronts)


def coordinates(row: Row, metric: str) -> tuple[float, float] | None:
    """A row's means over all its seeds of a metric of `FRONTS` and of its primary figure.

    None if a seed failed: means over the other seeds would flatter the row.
    """
    high = row.mean(row.primary.name)
    far = 1.0 if row.variant == "baseline" else row.mean(metric)
    return None if high is None or far is None else (far, high)


def _front_of(rows: Sequence[Row], metric: str) -> frozenset[str]:
    placed = {row.variant: at for row in rows if (at := coordinates(row, metric)) is not None}
    if set(placed) <= {"baseline"}:
        return frozenset()
    sign = {row.variant: -1 if row.primary.is_lower_better else 1 for row in rows}
    on_front = front([(far, sign[variant] * up) for variant, (far, up) in placed.items()])
    return frozenset(variant for variant, is_on in zip(placed, on_front, strict=True) if is_on)


def _in_theory(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Theoretical speed-ups by variant, taken from the .tflite files of the same seeds."""
    macs = {
        record.seed: record.value
        for record in records
        if (record.metric, record.variant) == ("macs", "baseline") and record.value
    }
    ratios: dict[str, list[Record]] = {}
    for record in records:
        if record.metric == "effective_macs" and record.value and (base := macs.get(record.seed)):
            ratio = dataclasses.replace(record, metric=_THEORY.name, value=base / record.value)
            ratios.setdefault(record.variant, []).append(ratio)
    return ratios


def _with_theory(row: Row, ratios: Sequence[Record]) -> Row:
    """The row with its theoretical speed-up, of the seeds that it has."""
    seeds = {record.seed for measured in row.records.values() for record in measured}
    own = tuple(ratio for ratio in ratios if ratio.seed in seeds)
    return dataclasses.replace(row, records={**row.records, _THEORY.name: own})


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _columns(results: Results, quality: Primary) -> tuple[Column, ...]:
    shown = ("gzip_bytes", "smaller", quality.name, "latency", "speedup")
    return (*columns_of(results, shown), column_of(_THEORY))


def _section(curve: Curve, results: Results) -> Section:
    table = Table(curve.model, curve.dataset, curve.rows, _columns(results, curve.primary))
    headers = ["family", "·", *(column.header for column in table.columns)]
    points = [Point("baseline", None, curve.baseline)] if curve.baseline else []
    cells = [
        [
            point.family,
            "" if point.at is None else f"{point.at:g}",
            *(_cell(table, curve, point.row, column) for column in table.columns),
        ]
        for point in (*points, *curve.points)
    ]
    metrics = [column.metric for column in table.columns]
    notes = [_ON_FRONT_NOTE.format(curve.primary.figure.title, curve.examples), _IN_THEORY_NOTE]
    lines = [*table.numbered, *samples(results, curve.rows, curve.dataset, metrics), *notes]
    return Section(f"{curve.model} on {curve.dataset}, {curve.place}", headers, cells, lines)


def _cell(table: Table, curve: Curve, row: Row, column: Column) -> str:
    text = table.cell(row, column)
    is_on_front = row.variant in curve.fronts.get(column.metric, ())
    return f"{text} {_ON_FRONT}".strip() if is_on_front else text


def _flat(results: Results) -> Iterable[dict[str, Any]]:
    """Rows of bare numbers: means over seeds, standard deviations, ends within a seed."""
    points = [(curve, point) for curve in curves(results) for point in curve.points]
    for curve, point in points:
        row = point.row
        flat: dict[str, Any] = {
            "model": curve.model,
            "dataset": curve.dataset,
            "runtime": row.runtime,
            **({"target": row.target} if row.target else {}),
            "threads": row.threads,
            "family": point.family,
            "at": point.at,
            "variant": row.variant,
        }
        for column in _columns(results, curve.primary):
            records = row.records.get(column.metric, ())
            spread = over_seeds(records)
            flat[column.metric] = spread and spread.mean
            if spread:
                flat[f"{column.metric}_sd"] = spread.deviation
                flat[f"{column.metric}_low"] = spread.low
                flat[f"{column.metric}_high"] = spread.high
                flat[f"{column.metric}_seeds"] = spread.n
            missing = [record for record in records if record.value is None]
            if missing:
                flat[f"{column.metric}_status"] = f"{missing[0].status}: {missing[0].reason}"
        for metric, variants in curve.fronts.items():
            flat[f"{metric}_front"] = row.variant in variants
        yield flat
