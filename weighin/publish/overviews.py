"""Pages across the models of a folder: the record, the operating points, the version matrix."""

from __future__ import annotations

from collections.abc import Sequence

from weighin.core import WeighinError
from weighin.publish import markdown, model, published
from weighin.publish.folders import Folder, Run
from weighin.publish.markdown import safe
from weighin.publish.published import Published, smallest
from weighin.report import curve
from weighin.report import record as record_table
from weighin.report import versions as version_matrix


def record(folder: Folder, known: Sequence[Published]) -> str:
    """How small files got without being worse; empty where no run asked for it."""
    parts = []
    for run in _record_runs(folder):
        parts += [_head(run), record_table.render([run.results], "github")]
        parts.append(published.ratios(run, known))
    return markdown.page(folder, "The record", parts) if parts else ""


def best_of_record(folders: Sequence[Folder]) -> str:
    """README's sentence on the newest record, which names the smallest file of each model."""
    own = [folder for folder in folders if _record_runs(folder)]
    if not own:
        return ""
    newest = max(own, key=lambda folder: folder.date)
    runs = _record_runs(newest)
    models = dict.fromkeys(model for run in runs for model in run.models)
    best = {model: smallest(runs, model) for model in models}
    ranked = sorted(
        ((found[0], model) for model, found in best.items() if found is not None), reverse=True
    )
    said = ", ".join(f"{safe(model)} {times:.3g} times" for times, model in ranked)
    table = markdown.link("table", "results", *newest.parts, "record.md")
    return (
        f"As published ({table}), whole files that LiteRT runs got smaller, after gzip, than 4 "
        f"bytes per parameter of the dense model: {said or 'none yet'}. None is found worse than "
        f"its dense start or more than {record_table.POINT * 100:g} points below it; each is the "
        f"best of several variants{_of_seeds(runs)} by the same test images."
    )


def _of_seeds(runs: Sequence[Run]) -> str:
    return ", of one seed," if all(markdown.seeds_of(run.results) == 1 for run in runs) else ""


def _record_runs(folder: Folder) -> list[Run]:
    return [run for run in folder.runs if run.fact("suite") == "record"]


def curves(folder: Folder) -> str:
    """The operating points of all models that were weighed at several; empty where none was."""
    parts = []
    for run in folder.runs:
        own = [each for each in run.models if model.drawn(run.of(each))]
        if own:
            parts.append(_head(run))
        for name in own:
            text = f"top-1 of {name} against size and speed"
            parts.append(markdown.picture(text, model.figure_name(run, name)))
            parts.append(curve.render([run.of(name)], "github"))
    return markdown.page(folder, "Operating points", parts) if parts else ""


def versions(folder: Folder) -> str:
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
        held = ", ".join(f"{run.name}.json" for run in folder.versions)
        raise WeighinError(
            f"{folder.place / 'versions'} holds {held}, which make no version matrix: take out "
            f"what does not belong there. {error}"
        ) from None
    return markdown.page(folder, "TensorFlow versions", [about, table])


def _head(run: Run) -> str:
    records = markdown.link("records", f"{run.name}.json")
    return f"## {markdown.safe(run.name)}\n\n{markdown.said(run)}; {records}"
