"""The page of one model: every run's table, its curves, and what others have published."""

from __future__ import annotations

from collections.abc import Sequence

from weighin.core import Results
from weighin.publish import markdown, reference
from weighin.publish.folders import Folder, Run, slug
from weighin.publish.pages import pages
from weighin.publish.reference import Published
from weighin.report import curve, table
from weighin.report.primary import primary

LEAST = 3  # operating points of one family: two are no curve
_RESERVED = {"machine", "readme", "tables"}


def name(model: str) -> str:
    """A model's page, without its ending; no name of another page."""
    safe = slug(model)
    return f"model-{safe}" if safe.lower() in {*_RESERVED, *pages} else safe


def figure_name(run: Run, model: str) -> str:
    """The file of a model's operating points in a run."""
    return f"{name(model)}-{slug(run.name)}.svg"


def page(folder: Folder, model: str, known: Sequence[Published]) -> str:
    """The page's text."""
    parts = []
    for run in folder.runs:
        if model in run.models:
            parts += _run(run, model)
    return markdown.page(folder, model, [*parts, reference.section(folder, model, known)])


def _run(run: Run, model: str) -> list[str]:
    results = run.of(model)
    records = markdown.link("records", f"{run.name}.json")
    parts = [f"## {markdown.safe(run.name)}", f"{markdown.said(run)}; {records}"]
    parts.append(table.render([results], "github"))
    if drawn(results):
        figure = figure_name(run, model)
        parts.append(f"### Operating points of {markdown.safe(model)}")
        parts.append(markdown.picture(drawing(results, model), figure))
        parts.append(markdown.link("the curves' tables", "curves.md"))
    return parts


def drawing(results: Results, model: str) -> str:
    """What the figure of a model's operating points shows, for those who do not see it."""
    title = primary(results.metrics, results.records).figure.title
    return f"{title} of {model} against size and speed"


def drawn(results: Results) -> list[curve.Curve]:
    """The curve to draw of one model's results: on the first runtime, where it is one."""
    variants = {record.variant for record in results.records}
    if max(map(len, curve.families(variants).values()), default=0) < LEAST:
        return []
    return curve.curves(results)[:1]
