"""The index of all that is published: by machine and date, one line each with what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from weighin import registry
from weighin.core import CONTROL, Results
from weighin.publish import markdown, model
from weighin.publish.folders import Folder, Run
from weighin.publish.markdown import link, plural
from weighin.publish.pages import pages, ranked
from weighin.report import units
from weighin.report.choice import Choice, best, half
from weighin.report.footer.shared import counted
from weighin.report.origin import untrained
from weighin.report.primary import examples
from weighin.report.rows import Row, rows_of_seeds

_SHORT = 40  # letters of a variant's name that a line bears
_INTRO = """# Results

By machine and date. A folder bears the date and commit of its filing; the headings here say when
and by which weighin its runs were measured. Each folder holds records (`.json`: every figure with
its raw samples, the environment, and the provenance of every model file) and what `weighin publish`
makes of them: all else there, this page too. To file new results and make everything anew:

    weighin publish results/local/RUN.json

`tables.csv` has the bare numbers of all runs of a folder. Runs that are not published lie in
`local/`, which git ignores."""


def page(folders: Sequence[Folder], page_names: Mapping[str, Sequence[str]]) -> str:
    """The page's text.

    Args:
        folders: by machine, the newest first.
        page_names: by a folder's place as text, the names of its pages beside those of models.
    """
    parts = [markdown.MARK, _INTRO]
    for machine, machine_folders in groupby(folders, key=lambda folder: folder.machine):
        parts.append(f"## {markdown.safe(machine)}")
        for folder in machine_folders:
            parts.append(f"### {markdown.safe(folder.measured)}")
            lines = [*_specials(folder, page_names[str(folder.place)]), *_models(folder)]
            parts.append("\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts) + "\n"


def _specials(folder: Folder, pages: Sequence[str]) -> Iterable[str]:
    about = {f"{page.name}.md": page.about for page in ranked()} | {
        "tables.csv": f"the bare numbers of {plural(len(folder.runs), 'run')}",
        "machine.md": _machine(folder),
    }
    for name, words in about.items():
        if name in pages:
            yield f"{link(name.partition('.')[0], *folder.parts, name)}: {markdown.safe(words)}"


def _machine(folder: Folder) -> str:
    facts = next((run.facts("machine") for run in (*folder.runs, *folder.versions)), {})
    return f"{facts.get('cpu', 'unknown')}, {facts.get('cores', '?')} cores: versions, calibration"


def _models(folder: Folder) -> Iterable[str]:
    for name in folder.models:
        runs = [run for run in folder.runs if name in run.models]
        summary = "; ".join(_run(run, name) for run in runs)
        yield f"{link(name, *folder.parts, model.name(name) + '.md')}: {markdown.safe(summary)}"


def _run(run: Run, name: str) -> str:
    records = run.of(name).records
    variants = len({record.variant for record in records})
    words = (
        f"{run.fact('suite') or run.name}: {plural(variants, 'variant')} on {records[0].dataset}"
    )
    seeds = markdown.seeds_of(run.results)
    words += f", {seeds} seeds" if seeds > 1 else ""
    for page in pages.values():
        if remark := page.says(run, name):
            return f"{words}, {remark}" if remark.strip() else words
    deployed = {each.name for each in registry.formats.values() if each.finished}
    candidates = [
        row
        for row in rows_of_seeds(records, run.results)
        if row.format in deployed and row.variant != "baseline" and not row.is_broken
    ]
    # what nobody compared says little beside what was
    told = [row for row in candidates if row.is_worse is not None] or candidates
    choice = best(told, _times, lambda row: not row.is_worse, half)
    if choice is None or _times(told[choice.at]) <= 1:
        return words
    row = told[choice.at]
    by = f" ({row.variant})" if len(row.variant) <= _SHORT else ""
    compared = _compared(run.of(name), row, choice)
    return f"{words}, up to {_times(row):.3g} times smaller{by}, {compared}"


def _times(row: Row) -> float:
    return row.mean("smaller") or 0.0


def _compared(results: Results, row: Row, choice: Choice[Row]) -> str:
    """What became of the row's answers, by how many examples that is known, and how it was chosen.

    Args:
        results: of its model.
        row: by all examples.
        choice: by which it was taken.
    """
    best = choice.judged
    if untrained(results, {record.model for record in results.records}):
        return "of random weights"
    quality = best.primary
    delta = best.mean(quality.delta_name)
    if best.is_worse is None or delta is None or quality.delta is None:
        called = "accuracy" if quality.is_paired_by_counts else quality.figure.called
        return f"{called} not compared" + (f" with {CONTROL}'s" if delta is not None else "")
    count, noun = counted([best], quality.delta_name), examples(results, best.dataset, quality)
    told = units.shown(quality.delta, delta)
    of = " points of" if quality.delta.kind == "points" else " of"
    found = "found worse" if best.is_worse or row.is_worse else "not found worse"
    said = choice.said(noun)
    return (
        f"{told}{of} {quality.figure.title}, {found} by {count} {noun}{f' ({said})' * bool(said)}"
    )
