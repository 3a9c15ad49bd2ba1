"""All models of a folder at a glance: one table, from the smallest dense file to the largest."""

from __future__ import annotations

from collections.abc import Iterable

from weighin.core import Results
from weighin.publish import markdown
from weighin.publish.folders import Folder, Project, Run
from weighin.publish.pages import page as register
from weighin.report.columns import Column, columns_of
from weighin.report.footer import legend
from weighin.report.origin import starts, weights
from weighin.report.primary import Primary
from weighin.report.rows import Row, rows_of_seeds
from weighin.report.table import Table

VARIANTS = ("baseline", "int8", "prune(0.8)+int8")
_ELSEWHERE = ("curve", "record", "article", "applications")  # suites with pages of their own
_LEAST = 2  # models: one is no ladder
_SIZES, _SPEEDS = ("gzip_bytes", "smaller"), ("speedup",)


@register("ladder", about="models at a glance, dense, int8, and pruned and int8", order=10)
def page(folder: Folder, project: Project) -> str:
    """The page's text; empty where there are not several models to show."""
    weighed = [
        (run, name, rows)
        for run in folder.runs
        if not run.fact("suite").startswith(_ELSEWHERE)
        for name in run.models
        if (rows := list(_rows(run, name)))
    ]
    if len({name for _, name, _ in weighed}) < _LEAST:
        return ""
    qualities = {row.primary.name: row.primary for _, _, rows in weighed for row in rows}
    table, cells = Table("", "", []), []
    for run, name, rows in sorted(weighed, key=lambda entry: _size(entry[2][0])):
        results = run.of(name)
        seeds = markdown.seeds_of(results)
        data = results.records[0].dataset + (f", {seeds} seeds" if seeds > 1 else "")
        for row in rows:
            figures = [table.cell(row, column) for column in _columns(row.primary, results)]
            if len(qualities) > 1:  # of several tasks: each figure says what it is
                figures[2] = f"{row.primary.figure.title} {figures[2]}"
            cells.append([name, data, row.variant, *figures])
    first = next(iter(qualities.values()))
    titles = [column.header for column in _columns(first, folder.runs[0].results)]
    if len(qualities) > 1:
        titles[2:4] = ["quality", "Δ"]
    headers = ["model", "data", "variant", *titles]
    lines = [
        *table.numbered,
        *legend([row for _, _, rows in weighed for row in rows]),
        "by LiteRT on one thread; sizes after gzip -9; each model's page has all variants, "
        "latencies, reasons and what the verdicts rest on",
    ]
    made_of = {
        model: what for run, name, _ in weighed for model, what in starts(run.of(name)).items()
    }
    lines += [weights(made_of)] if made_of else []
    return markdown.page(folder, "The ladder", [markdown.table(headers, cells, lines)])


def _columns(quality: Primary, results: Results) -> tuple[Column, ...]:
    """Size, the figure of the task and its difference, speed."""
    return columns_of(results, [*_SIZES, quality.name, quality.delta_name, *_SPEEDS])


def _rows(run: Run, name: str) -> Iterable[Row]:
    """The rows of the shown variants, in their order, where there is a baseline among them."""
    by_variant = {
        row.variant: row for row in rows_of_seeds(run.of(name).records, run.results) if row.is_main
    }
    if "baseline" in by_variant:
        yield from (by_variant[variant] for variant in VARIANTS if variant in by_variant)


def _size(baseline: Row) -> float:
    return baseline.mean("gzip_bytes") or 0.0
