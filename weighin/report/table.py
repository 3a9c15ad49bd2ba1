"""Records → one comparison table per model, in any of several formats."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tabulate import tabulate

from weighin.core import Record, Results
from weighin.report import units
from weighin.report.footer import origin, samples
from weighin.report.layout import LAYOUTS, Layout

FORMATS = (*LAYOUTS, "csv", "json")


@dataclass(frozen=True)
class Column:
    """One column: a metric, how its figures are shown, whether they compare with the baseline."""

    header: str
    metric: str
    show: Callable[[float, float | None, float | None], str]
    compares: bool = False


COLUMNS = (
    Column("file", "file_bytes", units.size),
    Column("gzip", "gzip_bytes", units.size),
    Column("× smaller", "smaller", units.ratio, compares=True),
    Column("top-1", "top1", units.percent),
    Column("Δ points", "top1_delta", units.points, compares=True),
    Column("latency", "latency", units.seconds),
    Column("× faster", "speedup", units.ratio, compares=True),
)


@dataclass(frozen=True)
class Row:
    """One variant on one runtime: its records by metric."""

    variant: str
    seed: int
    format: str
    runtime: str
    threads: int
    records: Mapping[str, Record]


@dataclass(frozen=True)
class Table:
    """A model's rows on one data set, and the notes that its cells refer to."""

    model: str
    dataset: str
    rows: Sequence[Row]
    notes: list[str] = field(default_factory=list)

    def cells(self, row: Row) -> list[str]:
        """A row as text; reasons go to the notes."""
        runtime = row.runtime or row.format
        if row.threads > 1:
            runtime += f" ×{row.threads}"
        variant = row.variant + (f" (seed {row.seed})" if row.seed else "")
        return [variant, runtime] + [self._cell(row, column) for column in COLUMNS]

    def _cell(self, row: Row, column: Column) -> str:
        record = row.records.get(column.metric)
        if row.variant == "baseline" and column.compares:
            return ""
        if record is None:
            return f"not measured{self._note('left out of this run')}"
        if record.value is None:
            return f"{record.status}{self._note(record.reason)}"
        return column.show(record.value, record.low, record.high)

    def _note(self, reason: str) -> str:
        if not reason:
            return ""
        if reason not in self.notes:
            self.notes.append(reason)
        return f" [{self.notes.index(reason) + 1}]"


def tables(results: Results) -> list[Table]:
    """One table for each model and data set, rows in the order of their records."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in results.records:
        groups.setdefault((record.model, record.dataset), []).append(record)
    return [Table(model, data, _rows(records)) for (model, data), records in groups.items()]


def render(results: Results, format: str) -> str:
    """All tables of a results file, in one of `FORMATS`.

    `csv` and `json` hold bare numbers in seconds, bytes and shares, with the ends of their
    intervals; the others hold them as people read them, with notes and a footer.
    """
    if format == "json":
        return json.dumps(list(_flat(results)), indent=1)
    if format == "csv":
        rows = list(_flat(results))
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().rstrip("\n")
    layout = LAYOUTS[format]
    parts = [_render(table, results, layout) for table in tables(results)]
    return "\n\n".join([*parts, layout.lines(origin(results))])


def _render(table: Table, results: Results, layout: Layout) -> str:
    shown = [row for row in table.rows if not _skipped(row)]
    headers = ["variant", "runtime", *(column.header for column in COLUMNS)]
    cells = [[layout.cell(cell) for cell in table.cells(row)] for row in shown]
    body = tabulate(cells, headers, tablefmt=layout.style, disable_numparse=True)
    notes = [f"[{number}] {note}" for number, note in enumerate(table.notes, start=1)]
    notes += _skips(table.rows)
    lines = [*notes, *samples(results, [row.records for row in shown], table.dataset)]
    return f"{layout.title(f'{table.model} on {table.dataset}')}\n{body}\n\n{layout.lines(lines)}"


def _rows(records: Sequence[Record]) -> list[Row]:
    files: dict[tuple[str, int, str], dict[str, Record]] = {}
    runs: dict[tuple[str, int, str, str, int], dict[str, Record]] = {}
    for record in records:
        if record.runtime:
            run = (record.variant, record.seed, record.format, record.runtime, record.threads)
            runs.setdefault(run, {})[record.metric] = record
        else:
            file = (record.variant, record.seed, record.format)
            files.setdefault(file, {})[record.metric] = record
    for file, figures in files.items():
        base = files.get(("baseline", *file[1:]), {}).get("gzip_bytes")
        own = figures.get("gzip_bytes")
        if own is not None:
            figures["smaller"] = _smaller(own, base)
        if not any(run[:3] == file for run in runs):
            runs[(*file, "", 0)] = {}
    order = {variant: at for at, variant in enumerate(dict.fromkeys(r.variant for r in records))}
    ranked = sorted(runs.items(), key=lambda run: (run[0][2] == "h5", order[run[0][0]], run[0][3:]))
    return [Row(*run, {**files.get(run[:3], {}), **own}) for run, own in ranked]


def _smaller(own: Record, base: Record | None) -> Record:
    """Divide gzip by gzip, of files of the same format only."""
    ratio = dataclasses.replace(own, metric="smaller", unit="")
    if not own.value:
        return ratio
    if base is None or base.value is None:
        return dataclasses.replace(
            ratio, value=None, status="not measured", reason="the baseline has no size"
        )
    return dataclasses.replace(ratio, value=base.value / own.value)


def _skipped(row: Row) -> bool:
    """Whether nothing but the file could be weighed, since the runtime is not to be had here."""
    own = [record for record in row.records.values() if record.runtime]
    return bool(own) and all(record.status == "skipped" for record in own)


def _skips(rows: Sequence[Row]) -> list[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if _skipped(row):
            reason = next(record.reason for record in row.records.values() if record.runtime)
            reasons.setdefault((row.runtime, reason), []).append(row.variant)
    return [
        f"skipped: {', '.join(dict.fromkeys(variants))} on {runtime} ({reason})"
        for (runtime, reason), variants in reasons.items()
    ]


def _flat(results: Results) -> Iterable[dict[str, Any]]:
    """Rows of bare numbers, one for each variant and runtime."""
    for table in tables(results):
        for row in table.rows:
            flat: dict[str, Any] = {
                "model": table.model,
                "dataset": table.dataset,
                "variant": row.variant,
                "seed": row.seed,
                "format": row.format,
                "runtime": row.runtime,
                "threads": row.threads,
            }
            for name, record in row.records.items():
                flat[name] = record.value
                if record.low is not None:
                    flat |= {f"{name}_low": record.low, f"{name}_high": record.high}
                if record.status != "ok":
                    flat[f"{name}_status"] = f"{record.status}: {record.reason}"
            yield flat
