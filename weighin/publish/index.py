"""The index of all that is published: by machine and date, one line each with what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from weighin.core import CONTROL, Results
from weighin.publish import markdown, model
from weighin.publish.folders import Folder, Run
from weighin.publish.markdown import link, plural
from weighin.publish.pages import pages, ranked
from weighin.report import units
from weighin.report.footer import counted
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
    candidates = [
        (times, row)
        for row in rows_of_seeds(records, run.results)
        if row.format == "tflite" and (times := row.mean("smaller"))
        if not row.is_worse and not row.is_broken
    ]
    # what nobody compared says little beside what was
    told = [candidate for candidate in candidates if candidate[1].is_worse is False] or candidates
    times, best = max(told, key=lambda candidate: candidate[0], default=(0.0, None))
    if best is None or times <= 1:
        return words
    by = f" ({best.variant})" if len(best.variant) <= _SHORT else ""
    return f"{words}, up to {times:.3g} times smaller{by}, {_compared(run.of(name), best)}"


def _compared(results: Results, best: Row) -> str:
    """What became of the row's answers, and by how many examples that is known."""
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
    return f"{told}{of} {quality.figure.title}, not found worse by {count} {noun}"
