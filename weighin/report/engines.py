"""Records → a table of each variant on each engine: how they compare, and which is quickest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from weighin.core import Case, Metric, Record, Results
from weighin.report import footer, units
from weighin.report.by_engine import BETWEEN, TIME, TOTAL, ByEngine
from weighin.report.columns import Column, column_of, columns
from weighin.report.layout import Section
from weighin.report.primary import primary
from weighin.report.rows import Row, merged_seeds
from weighin.report.table import Table, Told, document, numbers, place, skips
from weighin.report.table import sections as sections_of
from weighin.report.terminal import Terminal


@dataclass(frozen=True)
class EngineTable(Table):
    """A model's rows by engine.

    Attributes:
        engines: what the rows are of.
        beside: what stands in the header of ratios between engines; others say it in a note.
    """

    engines: ByEngine = dataclasses.field(kw_only=True)
    beside: str = ""

    def told(self, row: Row, column: Column) -> Told:
        """A cell's text in parts."""
        if column.metric == TIME and row.mean(TIME) is None:
            return self._instead(row, super().told(row, column))
        if column.metric == BETWEEN:
            return self._between(row, column)
        if column.metric == TOTAL.name:
            told = super().told(row, column) if TOTAL.name in row.records else Told("")
            return _marked(told, self.engines.marks.of_all.get(row.case.of_any_seed), " of all")
        return super().told(row, column)

    def _instead(self, row: Row, told: Told) -> Told:
        """Of what has no time on its engine the memory that this takes, where it tells that."""
        memory = _memory(row, self.engines.results) if told.words.startswith("skipped") else None
        if memory is None:
            return told
        own = super().told(row, column_of(memory))
        return Told(f"{memory.title} {own.words}", own.ends, notes=told.notes)

    def _between(self, row: Row, column: Column) -> Told:
        mark = self.engines.marks.of_variant.get(row.case.of_any_seed)
        records = row.records.get(BETWEEN, ())
        if not records:
            return _marked(Told(""), mark)
        told, first = super().told(row, column), self.engines.firsts.get(row.case.of_any_engine)
        measured = [record for record in records if record.value is not None]
        others = {record.beside for record in measured} - {self.beside}
        notes = [f"beside {engine}" for engine in sorted(others)]
        if measured and first is not None and first.format != row.format:
            notes.append(f"a .{row.format} file beside a .{first.format}")
        if measured and not measured[0].samples:
            notes.append(f"over {measured[0].n} pairs that lead there")
        numbers = tuple(self.number(note) for note in notes)
        told = dataclasses.replace(told, notes=(*told.notes, *numbers))
        return _marked(_bounded(told, measured), mark)


def _memory(row: Row, results: Results) -> Metric | None:
    """The first figure of bytes that a row's engine, not its file, has."""
    for name, records in row.records.items():
        metric = results.metric(name)
        is_of_engine = metric.kind == "bytes" and all(record.runtime for record in records)
        if is_of_engine and row.mean(name) is not None:
            return metric
    return None


def _bounded(told: Told, measured: Sequence[Record]) -> Told:
    """A ratio with its interval; without one, which is no evidence, nothing but why."""
    if all(record.low is not None for record in measured):
        return told
    return Told("no evidence", notes=told.notes)


def _marked(told: Told, mark: str | None, scope: str = "") -> Told:
    if not mark:
        return told
    return dataclasses.replace(told, verdict=", ".join(filter(None, (told.verdict, mark + scope))))


def section(model: str, dataset: str, records: Sequence[Record], results: Results) -> Section:
    """One model's rows by engine, for people."""
    engines = ByEngine.of(records, results)
    rows = merged_seeds(engines.rows)
    beside = _only(record.beside for row in rows for record in row.records.get(BETWEEN, ()))
    anchor = _only(f"baseline on {case.engine}" for case in engines.anchors.values())
    of_files = _of_files(records, results)
    quality = column_of(primary(results.metrics, records).figure)
    shown_columns = [
        *of_files,
        dataclasses.replace(quality, optional=True),
        column_of(results.metric(TIME)),
        _ratio(results.metric(BETWEEN), beside),
        _ratio(TOTAL, anchor),
    ]
    table = EngineTable(model, dataset, rows, shown_columns, engines=engines, beside=beside)
    shown = [row for row in rows if not row.is_skipped]
    cells = [_cells(table, row, before) for row, before in zip(shown, [None, *shown], strict=False)]
    headers = ["variant", "runtime", *(column.header for column in shown_columns)]
    filled = [at for at in range(len(headers)) if at < 2 or any(row[at] for row in cells)]
    kept = [shown_columns[at - 2] for at in filled if at > 1]
    metrics = {column.metric for column in kept}
    lines = [*table.numbered, *skips(rows)]
    lines += footer.of_engines(results, shown, dataset, metrics, engines.marks.tests)
    return Section(
        f"{model} on {dataset}, by runtime",
        [headers[at] for at in filled],
        [[row[at] for at in filled] for row in cells],
        lines,
        [column.header for column in kept if column.optional],
        under_first="runtime",
    )


def _ratio(metric: Metric, beside: str) -> Column:
    """The column of a ratio; what it is beside stands in its header, if that is one thing."""
    column = column_of(metric, f"× beside {beside}" if beside else "")
    return dataclasses.replace(column, show=units.fine_ratio)


def _cells(table: EngineTable, row: Row, before: Row | None) -> list[str]:
    """A row as text; what it shares with the one above is said there alone."""
    is_same = before is not None and before.variant == row.variant
    is_same_file = before is not None and before.case.file == row.case.file
    cells = [
        "" if is_same_file and _is_of_file(row, column) else table.cell(row, column)
        for column in table.columns
    ]
    return ["" if is_same else row.variant, row.place, *cells]


def _is_of_file(row: Row, column: Column) -> bool:
    records = row.records.get(column.metric, ())
    return bool(records) and not any(record.runtime for record in records)


def _of_files(records: Sequence[Record], results: Results) -> list[Column]:
    """The columns of sizes, which a file has on every engine alike."""
    of_files = {record.metric for record in records if not record.runtime}
    return [
        dataclasses.replace(column, optional=True)
        for column in columns(results, records)
        if column.metric in of_files and not column.compares
    ]


def _only(words: Iterable[str]) -> str:
    """The only word there is; nothing if there are several."""
    told = set(words) - {""}
    return told.pop() if len(told) == 1 else ""


def tables(results: Results) -> list[Section]:
    """A table for each model and data set of a run."""
    return [
        section(model, dataset, records, results)
        for (model, dataset), records in results.by_model.items()
    ]


def render(runs: Sequence[Results], format: str, terminal: Terminal | None = None) -> str:
    """All tables of one or more runs by engine, in one of `layout.FORMATS`.

    `csv` and `json` hold bare numbers, one row for each seed, as of `weighin.report.table`.
    """
    return document(runs, format, tables, flat, terminal)


def sections(runs: Sequence[Results]) -> list[Section]:
    """The tables of each run, and below them where it was measured."""
    return sections_of(runs, tables)


def flat(results: Results) -> Iterable[dict[str, Any]]:
    """Rows of bare numbers: sizes, how good answers are, times and ratios between engines."""
    for records in results.by_model.values():
        engines = ByEngine.of(records, results)
        quality = primary(results.metrics, records).name
        names = [column.metric for column in _of_files(records, results)]
        names += [quality, TIME, BETWEEN, TOTAL.name]
        for row in engines.rows:
            memory = None if row.mean(TIME) is not None else _memory(row, results)
            own = [*names, *([memory.name] if memory else [])]
            told = {name: row.records[name] for name in own if name in row.records}
            yield place(row) | numbers(told, results) | _quickest(engines, row.case.of_any_seed)


def _quickest(engines: ByEngine, row: Case) -> dict[str, Any]:
    """Who is quickest, in words; nothing where no tests say so."""
    told = {
        "quickest": engines.marks.of_variant.get(row),
        "quickest_of_all": engines.marks.of_all.get(row),
    }
    return {name: mark for name, mark in told.items() if mark}
