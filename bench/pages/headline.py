"""README's headline: one table and one figure of what is published, and what they show."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from weighin.core import CONTROL, Results
from weighin.publish import markdown, model
from weighin.publish.folders import Folder, Run
from weighin.publish.pages import readme_part
from weighin.report import table
from weighin.report.choice import best, half
from weighin.report.gates import CONTROLS
from weighin.report.layout import Section
from weighin.report.primary import examples, primary
from weighin.report.rows import RUNTIME, Row
from weighin.report.table import Table, tables

SUITES = ("full", "quick")  # of the first that is published the folder with most of its models
VARIANTS = ("baseline", "finetune", "prune(0.8)", "dynamic", "int8", "prune(0.8)+int8")
LEFT_OUT = ("runtime", "file")


@readme_part("headline")
def text(folders: Sequence[Folder]) -> str:
    """The headline's text; empty where nothing of it is published."""
    first = _first(folders)
    if first is None:
        return ""
    folder, run, name = first
    shown = map(_narrow, table.sections([_core(run.of(name))]))
    parts = [_sentence(folder, run, name), *map(markdown.GITHUB.write, shown)]
    curved = _curved(folder, name)
    if curved is not None:
        figure = ("results", *folder.parts, model.figure_name(curved, name))
        parts.append(_figure_sentence(folder, curved, name))
        parts.append(markdown.picture(model.drawing(curved.of(name), name), *figure))
    return markdown.tied("\n\n".join(part for part in parts if part))


def _first(folders: Sequence[Folder]) -> tuple[Folder, Run, str] | None:
    """The run to show and the model in it: the first that has a row of the core.

    Of folders with as many models of a suite, the newest.
    """
    for suite in SUITES:
        candidates = [(folder, models) for folder in folders if (models := _models(folder, suite))]
        if candidates:
            folder, models = max(
                candidates, key=lambda candidate: (len(candidate[1]), candidate[0].date)
            )
            return folder, *models[0]
    return None


def _models(folder: Folder, suite: str) -> list[tuple[Run, str]]:
    """The models of a suite that have rows of the core, each with its run."""
    runs = [run for run in folder.runs if run.fact("suite") == suite]
    return [(run, name) for run in runs for name in run.models if _core(run.of(name)).records]


def _curved(folder: Folder, name: str) -> Run | None:
    runs = [run for run in folder.runs if name in run.models and model.drawn(run.of(name))]
    return max(runs, key=lambda run: run.fact("suite") == "curve", default=None)


def _core(results: Results) -> Results:
    """The rows that a first look is for: the core variants by the main runtime."""
    return Results(
        results.environment,
        tuple(
            record
            for record in results.records
            if record.variant in VARIANTS
            and record.format == "tflite"
            and record.runtime in ("", RUNTIME)
            and record.threads in (0, 1)
        ),
        results.metrics,
    )


def _narrow(section: Section) -> Section:
    """The section without columns that a page as narrow as README's has no room for."""
    kept = [at for at, header in enumerate(section.headers) if header not in LEFT_OUT]
    rows = [[row[at] for at in kept] for row in section.rows]
    headers = [section.headers[at] for at in kept]
    return dataclasses.replace(section, headers=headers, rows=rows)


def _sentence(folder: Folder, run: Run, name: str) -> str:
    core_tables = tables(_core(run.of(name)))
    page = markdown.link(name, "results", *folder.parts, f"{model.name(name)}.md")
    ours = f"{page} on {markdown.safe(core_tables[0].dataset)}, {markdown.said(run)}"
    compressed = [
        row for row in core_tables[0].rows if row.variant not in CONTROLS and not row.is_broken
    ]
    choice = best(compressed, _times, lambda row: not row.is_worse, half)
    if choice is None:
        return f"{ours}:"
    row = compressed[choice.at]
    phrases = [f"{_times(row):.1f} times smaller after gzip than the dense file"]
    phrases += _told(core_tables[0], choice.judged)
    phrases += filter(None, [choice.said(examples(run.of(name), row.dataset, row.primary))])
    more = markdown.link("all models and runs", "results", "README.md")
    return f"{ours}: `{row.variant}` is {'; '.join(phrases)} ({more})."


def _told(core_table: Table, row: Row) -> list[str]:
    """Accuracy and speed of a row in words, where they were measured."""
    words = []
    quality = row.primary
    of = "points of" if quality.figure.kind == "share" else "of"
    sentences = {
        quality.delta_name: f"{{}} {of} {quality.figure.title}",
        quality.control_name: f"{{}} {of} it beside {CONTROL}",
        "speedup": "{} × the speed",
    }
    for column in core_table.columns:
        if column.metric in sentences and row.mean(column.metric) is not None:
            told = core_table.told(row, column)
            phrase = sentences[column.metric].format(f"{told.words}{told.ends}".rstrip("*"))
            words.append(f"{phrase} ({told.verdict or 'no verdict'})")
    return [markdown.safe(word) for word in words]


def _times(row: Row) -> float:
    return row.mean("smaller") or 0.0


def _figure_sentence(folder: Folder, run: Run, name: str) -> str:
    results = run.of(name)
    title = primary(results.metrics, results.records).figure.title
    curves = markdown.link("operating points", "results", *folder.parts, "curves.md")
    return (
        f"Its {curves}, {markdown.said(run)}: {title} against compression and against speed-up, "
        f"with random pruning as the control where it was weighed:"
    )
