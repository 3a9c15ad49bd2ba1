"""Pages across the models of a folder: operating points, runtimes, the version matrix."""

from __future__ import annotations

from weighin.core import WeighinError
from weighin.publish import markdown, model
from weighin.publish.folders import Folder, Project, Run
from weighin.publish.pages import page
from weighin.report import by_engine, curve
from weighin.report import engines as engine_tables
from weighin.report import versions as version_matrix


@page("curves", about="accuracy against size and speed at several operating points", order=40)
def curves(folder: Folder, project: Project) -> str:
    """The operating points of all models that were weighed at several; empty where none was."""
    parts = []
    for run in folder.runs:
        curved = [name for name in run.models if model.drawn(run.of(name))]
        if curved:
            parts.append(head(run))
        for name in curved:
            text = model.drawing(run.of(name), name)
            parts.append(markdown.picture(text, model.figure_name(run, name)))
            parts.append(curve.render([run.of(name)], "github"))
    return markdown.page(folder, "Operating points", parts) if parts else ""


@page("engines", about="each variant on each runtime, and which is quickest", order=45)
def engines(folder: Folder, project: Project) -> str:
    """The runs that paired runtimes with each other, by runtime; empty where none did."""
    parts = []
    for run in folder.runs:
        if by_engine.is_paired(run.results):
            parts += [head(run), engine_tables.render([run.results], "github")]
    return markdown.page(folder, "Runtimes beside each other", parts) if parts else ""


@page("versions", about="the same suite by several releases of TensorFlow", order=60)
def versions(folder: Folder, project: Project) -> str:
    """The version matrix; empty where fewer than two releases were weighed.

    Raises:
        WeighinError: if the runs make none; it names their folder.
    """
    runs = [run.results for run in folder.versions]
    if len(runs) < 2:
        return ""
    about = "The same suite in several environments, each held against the newest TensorFlow."
    try:
        table = version_matrix.render(runs, "github")
    except WeighinError as error:
        names = ", ".join(f"{run.name}.json" for run in folder.versions)
        raise WeighinError(
            f"{folder.place / 'versions'} holds {names}, which make no version matrix: take out "
            f"what does not belong there. {error}"
        ) from None
    return markdown.page(folder, "TensorFlow versions", [about, table])


def head(run: Run) -> str:
    """A run's heading: its name, what it was, a link to its records."""
    records = markdown.link("records", f"{run.name}.json")
    return f"## {markdown.safe(run.name)}\n\n{markdown.said(run)}; {records}"
