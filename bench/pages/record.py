"""The record: how small the files of the suite `record` got without being worse."""

from __future__ import annotations

from collections.abc import Sequence

from weighin.publish import markdown, reference
from weighin.publish.folders import Folder, Project, Run
from weighin.publish.markdown import safe
from weighin.publish.overviews import head
from weighin.publish.pages import page, readme_part
from weighin.publish.reference import smallest
from weighin.report import record as record_table

SUITE = "record"


def says(run: Run, model: str) -> str:
    """What the index says of a model in a run of that suite."""
    if run.fact("suite") != SUITE:
        return ""
    best = smallest([run], model)
    below = "times below 4 bytes per parameter, no worse than dense training"
    return f"up to {best.times:.3g} {below}{f' ({best.said})' * bool(best.said)}" if best else " "


@page(
    "record",
    about="how small a file gets without being worse than dense training",
    order=30,
    says=says,
)
def record(folder: Folder, project: Project) -> str:
    """How small files got without being worse; empty where no run asked for it."""
    known = reference.read(project.facts)
    parts = []
    for run in _record_runs(folder):
        parts += [head(run), record_table.render([run.results], "github")]
        parts.append(reference.ratios(run, known))
    return markdown.page(folder, "The record", parts) if parts else ""


@readme_part("record")
def best_of_record(folders: Sequence[Folder]) -> str:
    """README's sentence on each model's newest record: its smallest file."""
    newest: dict[str, tuple[Folder, Run]] = {}
    for folder in folders:
        for run in _record_runs(folder):
            for model in run.models:
                if model not in newest or newest[model][1].fact("date") < run.fact("date"):
                    newest[model] = (folder, run)
    if not newest:
        return ""
    runs = [run for _, run in newest.values()]
    best = {model: smallest([run], model) for model, (_, run) in newest.items()}
    ranked = sorted(
        ((each.times, model) for model, each in best.items() if each is not None), reverse=True
    )
    gains = ", ".join(f"{safe(model)} {times:.3g} times" for times, model in ranked)
    places = sorted({folder.parts for folder, _ in newest.values()})
    table = ", ".join(markdown.link("table", "results", *parts, "record.md") for parts in places)
    if not ranked:
        return f"Of no file ({table}) is it known yet that it is no worse than dense training."
    is_apart = all(each.is_apart for each in best.values() if each is not None)
    by = "chosen by one half of the" if is_apart else "chosen and stated on the same"
    on = "images and not found worse by the other" if is_apart else "test images: optimistic"
    return (
        f"As published ({table}), whole files that LiteRT runs got smaller, after gzip, than 4 "
        f"bytes per parameter of the dense model: {gains}. None is found worse "
        f"than its dense start, or than that trained further as long without compressing, or more "
        f"than {record_table.POINT * 100:g} points below either; each is "
        f"the best of several variants{_of_seeds(runs)} {by} {on}."
    )


def _of_seeds(runs: Sequence[Run]) -> str:
    return ", of one seed," if all(markdown.seeds_of(run.results) == 1 for run in runs) else ""


def _record_runs(folder: Folder) -> list[Run]:
    return [run for run in folder.runs if run.fact("suite") == SUITE]
