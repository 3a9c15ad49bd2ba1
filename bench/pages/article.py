"""The article that weighin grew from: its rows with its own measure, what it lacks, what is what.

Its measure is a file's size in a ZIP archive, an .h5 by a .tflite.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from weighin.core import CONTROL, Metric, Record
from weighin.publish import markdown, reference
from weighin.publish.folders import Folder, Project, Run
from weighin.publish.pages import page as register
from weighin.publish.reference import Published
from weighin.report import units
from weighin.report.columns import column_of, columns_of
from weighin.report.footer import samples
from weighin.report.rows import Row, rows_of_seeds, times_smaller
from weighin.report.table import Table

from . import factors
from .factors import PRUNED, QUANTIZED

SOURCE, MODEL, PROFILE = "MachineCurve 2020", "mnist_cnn", "full"
_NOT_RUN = "not measured: --weighin-suite article_schedules was not run"
_OF_H5 = Metric(name="of_h5", title="× of the .h5", kind="ratio")
_OF_SAME = Metric(name="of_same", title="× like for like", kind="ratio", relative=True)
_AFTER = ("top1", "top1_delta", "latency", "speedup")


@register(
    "article",
    about="the 2020 article's six rows beside ours, the rows that it lacks, and how much of its "
    "figure is pruning, quantization and the change of container",
    order=20,
)
def page(folder: Folder, project: Project) -> str:
    """The page's text; empty where nothing of the article was weighed but its dense start."""
    # a row that this folder has not is looked for in others: sizes and accuracies are no machine's
    known, others = reference.read(project.facts), project.others(folder)
    rows = [
        published
        for published in known
        if published.source == SOURCE and published.metric == "zip_bytes"
    ]
    main = _run_of(folder, PROFILE)
    if not rows or main is None or not _sizes(main).get((PRUNED, "h5")):
        return ""
    parts = [
        _its_rows(folder, rows, known, others),
        _lacking(main),
        factors.section(_sizes(main), rows),
    ]
    title = "The article, reproduced and completed"
    return markdown.page(folder, title, parts)


def _run_of(folder: Folder, profile: str) -> Run | None:
    """The run of the article's rows by a profile: its own suite's before any other's."""
    runs = [run for run in folder.runs if MODEL in run.models and run.fact("profile") == profile]
    ranked = sorted(runs, key=lambda run: not run.fact("suite").startswith("article"))
    return ranked[0] if ranked else None


def _sizes(run: Run) -> dict[tuple[str, str], dict[int, float]]:
    """Bytes of ZIP archives by variant and format, of each seed; only where every seed has one."""
    sizes: dict[tuple[str, str], dict[int, float | None]] = {}
    for record in run.of(MODEL).records:
        if record.metric == "zip_bytes":
            sizes.setdefault((record.variant, record.format), {})[record.seed] = record.value
    return {
        cell: whole
        for cell, by_seed in sizes.items()
        if len(whole := {seed: value for seed, value in by_seed.items() if value}) == len(by_seed)
    }


def _its_rows(
    folder: Folder,
    rows: Sequence[Published],
    known: Sequence[Published],
    others: Sequence[Folder],
) -> str:
    top1 = {
        (published.what, published.variant): published.value
        for published in known
        if published.metric == "top1"
    }
    dense = next((published.value for published in rows if published.variant == "baseline"), None)
    cells, elsewhere = [], {}
    for published in rows:
        printed = top1.get((published.what, published.variant))
        runs = ((place, _run_of(place, published.profile)) for place in (folder, *others))
        place, run = next((candidate for candidate in runs if candidate[1]), (folder, None))
        if place is not folder:
            name = "/".join(place.parts)
            elsewhere[published.profile] = f"profile {published.profile}: measured in {name}"
        cells.append(
            [
                published.what,
                published.variant,
                f"{published.value:,.0f} B",
                f"{dense / published.value:.2f}" if dense else "",
                "not measured" if printed is None else f"{printed * 100:.2f} %",
                *(_ours(run, published) if run else [_NOT_RUN, "", ""]),
            ]
        )
    headers = ["what", "ours", "zipped, published", "×", "top-1, published"]
    headers += ["zipped, ours", "×, ours", "top-1, ours"]
    lines = [
        "zipped: size in a ZIP archive with deflate, the article's measure; ×: dense .h5 zipped ÷ "
        "it, which for the .tflite crosses containers; as published: of its bytes",
        "published: MachineCurve 2020, one seed; ours: mean ± standard deviation over seeds "
        "where there are several; top-1: on all 10,000 test images, by the .tflite file of the "
        "same weights",
        *elsewhere.values(),
    ]
    return f"## Its six rows\n\n{markdown.table(headers, cells, lines)}"


def _ours(run: Run, published: Published) -> list[str]:
    sizes = _sizes(run)
    compressed = sizes.get((published.variant, published.format), {})
    dense = sizes.get(("baseline", "h5"), {})
    accuracy = run.find(MODEL, published.variant, "tflite", "top1")
    return [
        factors.spread(list(compressed.values()), lambda value: f"{value:,.0f}", " B"),
        factors.spread(factors.ratios(dense, compressed), units.ratio),
        factors.spread(
            [record.value for record in accuracy if record.value], lambda x: f"{x * 100:.2f}", " %"
        ),
    ]


def _lacking(run: Run) -> str:
    records = run.of(MODEL).records
    wanted = ["baseline", CONTROL, PRUNED]
    for end in (*QUANTIZED, "int8"):
        wanted += [end, f"{PRUNED}+{end}"]
    rows = [
        _with_ratios(row, records)
        for row in rows_of_seeds(records, run.results)
        if row.variant in wanted and row.is_main
    ]
    rows.sort(key=lambda row: wanted.index(row.variant))
    if not rows:
        return ""
    columns = (
        *columns_of(run.results, ["zip_bytes"]),
        *map(column_of, (_OF_H5, _OF_SAME)),
        *columns_of(run.results, _AFTER),
    )
    table = Table(MODEL, records[0].dataset, rows, columns)
    cells = [[row.variant, *(table.cell(row, column) for column in columns)] for row in rows]
    lines = [
        *table.numbered,
        "× of the .h5: dense .h5 zipped ÷ it, as the article divides; × like for like: dense "
        ".tflite zipped ÷ it",
        *samples(run.results, rows, records[0].dataset, [column.metric for column in columns]),
    ]
    headers = ["variant", *(column.header for column in columns)]
    shown = markdown.table(headers, cells, lines)
    return f"## The rows that it lacks, beside those it has\n\n{shown}"


def _with_ratios(row: Row, records: Sequence[Record]) -> Row:
    ratios: dict[str, tuple[Record, ...]] = {}
    for metric, format in {_OF_H5.name: "h5", _OF_SAME.name: "tflite"}.items():
        base = ("zip_bytes", "baseline", format)
        dense = {e.seed: e for e in records if (e.metric, e.variant, e.format) == base}
        ratios[metric] = tuple(
            times_smaller(record, dense.get(record.seed), metric)
            for record in row.records.get("zip_bytes", ())
        )
    return dataclasses.replace(row, records={**row.records, **ratios})
