"""Records → one comparison table per model, in any of several formats."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin import stats
from weighin.core import Record, Results
from weighin.report import leaving_out, reasons, units
from weighin.report.columns import Column, columns
from weighin.report.footer import samples
from weighin.report.layout import FLAT, Notes, Section
from weighin.report.origin import machine, origin, packages
from weighin.report.rows import Row, over_seeds, rows_of, rows_of_seeds
from weighin.report.terminal import Terminal, written
from weighin.report.verdicts import p_of


@dataclass(frozen=True)
class Told:
    """The text of one cell, in parts.

    Attributes:
        words: the figure, or the status where there is none.
        ends: standard deviation and interval.
        verdict: on the figure beside the baseline's.
        notes: numbers of the notes that it refers to.
    """

    words: str
    ends: str = ""
    verdict: str = ""
    notes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Table(Notes):
    """A model's rows on one data set, and the notes that its cells refer to."""

    model: str
    dataset: str
    rows: Sequence[Row]
    columns: Sequence[Column] = ()

    def cells(self, row: Row) -> list[str]:
        """A row as text; reasons go to the notes."""
        # before the reasons, so that the cells' notes have the first numbers
        cells = [self.cell(row, column) for column in self.columns]
        why = "".join(f" [{number}]" for number in self.whys(row)).strip()
        return [row.variant, row.place, *cells, why]

    def whys(self, row: Row) -> list[int]:
        """The numbers of the notes that say why a row is as it is."""
        told = reasons.over_seeds([record.reasons for record in row.records.get("why", ())])
        return [self.number(reason) for reason in told]

    def cell(self, row: Row, column: Column) -> str:
        """One figure of a row as text, or why there is none."""
        told = self.told(row, column)
        marks = "".join(f" [{number}]" for number in told.notes)
        return f"{told.words}{told.ends}{marks} {told.verdict}".strip()

    def told(self, row: Row, column: Column) -> Told:
        """A cell's text in parts; empty where the baseline would be compared with itself."""
        records = row.records.get(column.metric, ())
        if column.compares and row.has_no(column.metric, of_control=column.of_control):
            return Told("")
        if column.rare and _is_skipped(records) and self._tells_nothing_rare(row):
            return Told("")
        if not records:
            return Told("not measured", notes=(self.number("left out of this run"),))
        measured = [record for record in records if record.value is not None]
        if len(measured) < len(records):
            missing = [record for record in records if record.value is None]
            share = f" in {len(missing)} of {len(records)} seeds" if len(records) > 1 else ""
            reason = missing[0].reason
            notes = (self.number(reason),) if reason else ()
            return Told(f"{missing[0].status}{share}", notes=notes)
        mean, ends, verdict = figure(column, measured)
        unbounded = next(filter(None, map(_why_unbounded, measured)), "")
        notes = (self.number(unbounded),) if unbounded else ()
        return Told(mean, ends, verdict, notes)

    def _tells_nothing_rare(self, row: Row) -> bool:
        """Whether a row's runtime is none of the few that tell rare figures at all."""
        rare = [row.records.get(column.metric, ()) for column in self.columns if column.rare]
        return all(map(_is_skipped, rare))


def _is_skipped(records: Sequence[Record]) -> bool:
    return all(record.status == "skipped" for record in records)


def figure(column: Column, records: Sequence[Record]) -> tuple[str, str, str]:
    """One figure, or the mean over seeds; then standard deviation and interval; then the verdict.

    Args:
        column: says how the figure is shown.
        records: those that have a value, one for each seed.
    """
    spread = over_seeds(records)
    if spread is None:
        return "", "", ""
    interval = (spread.low, spread.high)
    (mean, brackets), ends = units.parts(column.show, spread.mean, *interval), ""
    if spread.deviation is not None:
        ends += f" ± {units.deviation(column.show, spread.mean, spread.deviation, *interval)}"
    ends += brackets
    if any(record.stopped == "time" for record in records):
        ends += "*"
    return mean, ends, _verdict([record.verdict for record in records if record.verdict])


def _verdict(verdicts: Sequence[str]) -> str:
    """The verdict of all seeds, or each with how many say so; margins that differ are a range."""
    alike: dict[str, list[str]] = {}
    for verdict in verdicts:
        alike.setdefault(verdict.partition("±")[0], []).append(verdict)
    counted = {
        word: len(each)
        for each in alike.values()
        if len(words := reasons.over_seeds([[verdict] for verdict in each])) == 1
        for word in words
    }
    if sum(counted.values()) < len(verdicts):
        counted = dict(Counter(verdicts))
    if len(counted) < 2:
        return "".join(counted)
    ranked = Counter(counted).most_common()
    comma = "; " if any("," in word for word in counted) else ", "
    return comma.join(f"{word} ({n})" for word, n in ranked)


def _why_unbounded(record: Record) -> str:
    """Why a measured figure has no interval; empty where it has one, or needs none."""
    if record.low is not None:
        return ""
    if record.openings:
        count = len(record.openings)
        plural = "" if count == 1 else "s"
        return f"{count} opening{plural} of the file: too few for an interval"
    if not record.samples or not record.verdict:
        return ""
    count, other = len(record.samples), record.beside or "the baseline"
    if count < stats.FEWEST:
        return f"{count} blocks beside {other}'s: {stats.FEWEST} are needed for an interval"
    return f"{count} blocks beside {other}'s that follow each other: worth too few to tell"


def tables(results: Results) -> list[Table]:
    """One table for each model and data set, rows in the order of their records."""
    return [
        Table(model, data, rows_of_seeds(records, results), columns(results, records))
        for (model, data), records in results.by_model.items()
    ]


def render(runs: Sequence[Results], format: str, terminal: Terminal | None = None) -> str:
    """All tables of one or more runs, in one of `layout.FORMATS`.

    `csv` and `json` hold bare numbers in seconds, bytes and shares, with the ends of their
    intervals, one row for each seed, and all runs in one document; the others hold figures as
    people read them, with notes and a footer; `text` fitted to a terminal, if one is given.
    """
    return document(runs, format, _sections, flat, terminal)


def document(
    runs: Sequence[Results],
    format: str,
    tables_of: Callable[[Results], Iterable[Section]],
    flat: Callable[[Results], Iterable[dict[str, Any]]],
    terminal: Terminal | None = None,
) -> str:
    """Each run's tables with the run's origin below them; or the bare numbers of all runs.

    Args:
        runs: the results that are shown.
        format: one of `layout.FORMATS`.
        tables_of: a run's tables, for people.
        flat: a run's rows, for programs.
        terminal: that `text` is fitted to.
    """
    if format in FLAT:
        rows = [{**row, **_run_of(results)} for results in runs for row in flat(results)]
        return FLAT[format](rows)
    return written(sections(runs, tables_of), format, terminal)


def _sections(results: Results) -> list[Section]:
    return [_section(table, results) for table in tables(results)]


def sections(
    runs: Sequence[Results], tables_of: Callable[[Results], Iterable[Section]] = _sections
) -> list[Section]:
    """The tables of each run with their notes, and below them where it was measured."""
    parts: list[Section] = []
    for results in runs:
        parts += [*tables_of(results), Section("machine and versions", lines=origin(results))]
    return parts


def _section(table: Table, results: Results) -> Section:
    shown = [row for row in table.rows if not row.is_skipped]
    unmeasured = leaving_out.unmeasured(table.columns, shown)
    kept = [column for column in table.columns if column not in unmeasured]
    table = dataclasses.replace(table, columns=kept)
    headers = ["variant", "runtime", *(column.header for column in table.columns), "why"]
    cells = [table.cells(row) for row in shown]
    # what no row fills is left out: reasons, or comparisons where the baseline is alone
    filled = [at for at in range(len(headers)) if any(row[at] for row in cells)]
    if not cells:
        filled = list(range(len(headers) - 1))
    columns = [column for at, column in enumerate(table.columns, start=2) if at in filled]
    metrics = [column.metric for column in columns]
    lines = [*table.numbered, *leaving_out.told(unmeasured), *skips(table.rows)]
    lines += samples(results, shown, table.dataset, metrics)
    if any(result.value is not None for result in results.by_metric.get("engine_speedup", ())):
        lines.append(
            "runtimes beside each other, and which is quickest: weighin table --by runtime"
        )
    return Section(
        f"{table.model} on {table.dataset}",
        [headers[at] for at in filled],
        [[row[at] for at in filled] for row in cells],
        lines,
        [column.header for column in leaving_out.optional(columns, shown)],
        under_first="runtime",
    )


def skips(rows: Sequence[Row]) -> list[str]:
    """Rows whose runtime was not there, by its reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.is_skipped:
            reasons.setdefault((row.case.engine, row.own[0].reason), []).append(row.variant)
    return [
        f"skipped: {', '.join(dict.fromkeys(variants))} on {runtime} ({reason})"
        for (runtime, reason), variants in reasons.items()
    ]


def flat(results: Results) -> Iterable[dict[str, Any]]:
    """Rows of bare numbers, one for each variant, runtime and seed."""
    for records in results.by_model.values():
        for row in rows_of(records, results):
            yield place(row) | numbers(row.records, results)


def place(row: Row) -> dict[str, Any]:
    """What a row of bare numbers is about."""
    return {
        "model": row.model,
        "dataset": row.dataset,
        "variant": row.variant,
        "seed": row.seed,
        "format": row.format,
        "runtime": row.runtime,
        **({"target": row.target} if row.target else {}),
        "threads": row.threads,
    }


def numbers(records: Mapping[str, Sequence[Record]], results: Results) -> dict[str, Any]:
    """The bare numbers of one seed's records by metric, and what is said of them."""
    told: dict[str, Any] = {}
    for name, (record,) in records.items():
        told[name] = list(record.reasons) if name == "why" else record.value
        if record.value is not None and results.metric(name).kind in ("bytes", "count"):
            told[name] = _whole(record.value)
        if record.low is not None:
            told |= {f"{name}_low": record.low, f"{name}_high": record.high}
        if record.verdict:
            told[f"{name}_verdict"] = record.verdict
        if (p := p_of(record)) is not None:
            told[f"{name}_p"] = p
        if record.beside:
            told[f"{name}_beside"] = record.beside
        if record.status != "ok":
            told[f"{name}_status"] = f"{record.status}: {record.reason}"
    return told


def _run_of(results: Results) -> dict[str, str]:
    """Of which run rows are: what was weighed, when, where and by what."""
    environment = results.environment
    return {
        "run": environment.get("suite", ""),
        "profile": environment.get("profile", ""),
        "date": environment.get("date", ""),
        "machine": machine(results),
        "versions": packages(results),
    }


def _whole(value: float) -> float:
    """Bytes and counts as whole numbers, where they are some."""
    return int(value) if float(value).is_integer() else value
