"""Records → a table of each variant on each engine: how they compare, and which is quickest."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from weighin import stats
from weighin.core import Case, Metric, Record, Results
from weighin.report import footer, units
from weighin.report.columns import Column, column_of, columns
from weighin.report.layout import Section
from weighin.report.network import Network, network
from weighin.report.primary import primary
from weighin.report.quickest import Marks, bench_of, marks
from weighin.report.rows import Row, merged_seeds, rows_of
from weighin.report.table import Table, Told, document, numbers, place, skips
from weighin.report.table import sections as sections_of
from weighin.report.terminal import Terminal

TIME, BETWEEN = "latency", "engine_speedup"
TOTAL = Metric(
    name="total_speedup",
    title="× beside the baseline on the first runtime",
    kind="ratio",
    better="higher",
    machine_bound=True,
)
"""Made by this table, over the pairs between a row and the baseline on the first engine."""


@dataclass(frozen=True)
class ByEngine:
    """One model's rows on one data set, and what its pairs say of them.

    Attributes:
        results: that they are of.
        rows: of each seed: a variant's on one machine and number of threads stand together, the
            first engine's first.
        pairs: what was measured side by side.
        marks: who is quickest.
        smallest: what speed-up of a pair does not matter, as 0.02 for 2 %.
    """

    results: Results
    rows: Sequence[Row]
    pairs: Network
    marks: Marks
    smallest: float

    @classmethod
    def of(cls, records: Sequence[Record], results: Results) -> ByEngine:
        """The rows of one model's records on one data set."""
        pairs = network(records, results.metrics)
        rows = [row for row in rows_of(records, results) if row.runtime]
        # in the run's order, which pairs, measured before, leave the first engine out of
        timed = [*results.by_metric.get(TIME, ()), *records]
        engines, variants, benches = (
            {each: at for at, each in enumerate(dict.fromkeys(told))}
            for told in (
                (record.case.engine for record in timed),
                (row.variant for row in rows),
                (bench_of(row.case).of_any_seed for row in rows),
            )
        )
        firsts = set(pairs.firsts.values())

        def rank(row: Row) -> tuple[object, ...]:
            at = benches[bench_of(row.case).of_any_seed]
            is_later = row.case not in firsts
            return variants[row.variant], at, is_later, engines[row.case.engine], row.seed

        rows.sort(key=rank)
        having = [row.case for row in rows if row.mean(TIME) is not None]
        smallest = (results.environment.get("pairs") or {}).get("smallest", stats.SMALLEST_SPEEDUP)
        made = cls(results, rows, pairs, marks(having, pairs, smallest), smallest)
        rows = [
            dataclasses.replace(row, records=_better(row.records, made.over_pairs(row)))
            for row in rows
        ]
        return dataclasses.replace(made, rows=rows, marks=_unsaid_of_slower(made.marks, rows))

    @cached_property
    def anchors(self) -> dict[Case, Case]:
        """Of each machine, number of threads and seed the baseline on its first engine."""
        anchors: dict[Case, Case] = {}
        for row in self.rows:  # of which the first stands first
            if row.case == row.case.baseline and row.mean(TIME) is not None:
                anchors.setdefault(bench_of(row.case), row.case)
        return anchors

    @cached_property
    def firsts(self) -> dict[Case, Case]:
        """Of each variant the row that its other engines are beside."""
        firsts = {first.of_any_engine: first for first in self.pairs.firsts.values()}
        engines = {anchor.engine for anchor in self.anchors.values()}
        for row in sorted(self.rows, key=lambda row: row.case.engine not in engines):
            if row.mean(TIME) is not None:
                firsts.setdefault(row.case.of_any_engine, row.case)
        return firsts

    def over_pairs(self, row: Row) -> dict[str, tuple[Record, ...]]:
        """What follows from pairs for a row of one seed that was timed, beside what it is not."""
        if row.mean(TIME) is None:
            return {}
        first = self.firsts[row.case.of_any_engine]
        anchor = self.anchors.get(bench_of(row.case))
        made: dict[str, tuple[Record, ...]] = {}
        if first != row.case and self.is_paired:
            beside, confidence = first.engine, stats.SPEED_CONFIDENCE
            verdict = (
                "faster"
                if self.pairs.is_faster(row.case, first, self.smallest, confidence)
                else "slower"
                if self.pairs.is_faster(first, row.case, self.smallest, confidence)
                else "no evidence"
            )
            made[BETWEEN] = (self._over_pairs(row.case, first, BETWEEN, beside, verdict),)
        if anchor not in (None, row.case):
            beside = f"{anchor.variant} on {anchor.engine}"
            made[TOTAL.name] = (self._over_pairs(row.case, anchor, TOTAL.name, beside),)
        return made

    def _over_pairs(
        self, case: Case, first: Case, metric: str, beside: str, verdict: str = ""
    ) -> Record:
        """How many times faster a row is than another, over the pairs between them."""
        ratio, n = self.pairs.ratio(first, case), self.pairs.pairs(first, case)
        if ratio is None:
            reason = f"no pairs that have an interval lead from it to {beside}"
            return Record(case, metric, "", "not measured", reason=reason)
        low, high = ratio.ends
        return Record(
            case, metric, "", "ok", ratio.value, low, high, n, beside=beside, verdict=verdict
        )

    @cached_property
    def is_paired(self) -> bool:
        """Whether the run paired engines with each other."""
        return is_paired(self.results)


def _better(
    recorded: Mapping[str, tuple[Record, ...]], derived: Mapping[str, tuple[Record, ...]]
) -> dict[str, tuple[Record, ...]]:
    """A row's records, and what follows from pairs where its own pair has no interval."""
    unbounded = {
        name
        for name in derived.keys() & recorded.keys()
        for record in recorded[name]
        if record.value is not None and record.low is None
    }
    told = {name: records for name, records in derived.items() if name in unbounded}
    told = {name: records for name, records in told.items() if records[0].value is not None}
    return {**derived, **recorded, **told}


def _unsaid_of_slower(marks: Marks, rows: Sequence[Row]) -> Marks:
    """The marks but those beside "slower", or of what could not be held against the first.

    All tests together need more evidence to leave a row out than its own pair needs to call it
    slower: both would be said of it, which reads as a contradiction.
    """
    slower = {
        row.case.of_any_seed
        for row in rows
        for record in row.records.get(BETWEEN, ())
        if record.verdict == "slower" or record.value is None
    }
    kept = {row: mark for row, mark in marks.of_variant.items() if row not in slower}
    return dataclasses.replace(marks, of_variant=kept)


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


def is_paired(results: Results) -> bool:
    """Whether a run paired engines with each other."""
    return BETWEEN in results.by_metric


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
