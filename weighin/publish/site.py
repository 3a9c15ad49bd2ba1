"""All that is made of the published records, written or held against what lies there."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from weighin.core import WeighinError
from weighin.files import replacing
from weighin.publish import index, machine, markdown, model, pages, reference
from weighin.publish.folders import Folder, Project, places_in, read
from weighin.publish.readme import insert
from weighin.report import figure, table
from weighin.report.layout import FLAT

TABLES = "tables.csv"
_MADE = (".md", ".svg", ".csv")
_DRAWN_BY = re.compile(r"<dc:title>(Matplotlib [^,<]*)")
_WORDS = re.compile(r"<!-- (.*?) -->", re.DOTALL)


def make(root: Path) -> dict[Path, str]:
    """Every generated file of a project, by its place, and what it should hold.

    Args:
        root: the project, with `results/`, and where they are `README.md` and
            `models/published/`.

    Raises:
        WeighinError: if there are none, or a file of records is damaged, or names artifacts that
            it cannot account for.
    """
    folders = read(root / "results")
    if not folders:
        raise WeighinError(
            f"Nothing is published in {root.resolve() / 'results'} yet: weighin publish FILE, "
            f"with a results file such as results/local/RUN.json."
        )
    project = Project(root, tuple(folders))
    generated: dict[Path, str] = {}
    names: dict[str, list[str]] = {}
    for folder in folders:
        texts = _folder(folder, project)
        generated |= {folder.place / name: text for name, text in texts.items()}
        names[str(folder.place)] = list(texts)
    generated[root / "results" / "README.md"] = index.page(folders, names)
    readme = root / "README.md"
    if readme.exists():
        inserted = insert(readme.read_text("utf-8"), folders)
        if inserted is not None:
            generated[readme] = inserted
    return generated


def differing(root: Path, generated: dict[Path, str]) -> list[Path]:
    """Generated files that are missing, hold something else, or should not be there."""
    wrong = [path for path, text in generated.items() if not _is_same(path, text)]
    return sorted([*wrong, *_stale(root, generated)])


def write(root: Path, generated: dict[Path, str]) -> list[Path]:
    """Write what differs, delete generated files that are made no more; what was touched."""
    touched = differing(root, generated)
    for path in touched:
        if path in generated:
            with replacing(path) as partial:
                partial.write_text(generated[path], "utf-8")
        else:
            path.unlink()
    return touched


def _folder(folder: Folder, project: Project) -> dict[str, str]:
    """The generated files of one folder by name."""
    known = reference.read(project.facts)
    texts = {f"{page.name}.md": page.text(folder, project) for page in pages.pages.values()}
    texts |= {
        "machine.md": machine.page(folder),
        TABLES: _numbers(folder),
    }
    for name in folder.models:
        texts[f"{model.name(name)}.md"] = model.page(folder, name, known)
    return {name: text for name, text in texts.items() if text} | _figures(folder)


def _numbers(folder: Folder) -> str:
    """The bare numbers of all runs, one row for each variant, runtime and seed."""
    rows = [{"run": run.name, **row} for run in folder.runs for row in table.flat(run.results)]
    return f"{FLAT['csv'](rows)}\n" if rows else ""


def _figures(folder: Folder) -> dict[str, str]:
    drawings = {}
    with tempfile.TemporaryDirectory() as scratch:
        for run in folder.runs:
            for name in run.models:
                drawn = model.drawn(run.of(name))
                if drawn:
                    path = Path(scratch) / "drawn.svg"
                    figure.draw(drawn, path)
                    head, end, rest = path.read_text("utf-8").partition("?>\n")
                    text = f"{head}{end}{markdown.MARK}\n{rest}"
                    drawings[model.figure_name(run, name)] = text
    return drawings


def _is_same(path: Path, text: str) -> bool:
    """Whether a file holds this text.

    Figures that another Matplotlib drew differ in coordinates though not in what they say: of
    these the words are compared.
    """
    try:
        content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if path.suffix == ".svg" and _DRAWN_BY.findall(content) != _DRAWN_BY.findall(text):
        return _WORDS.findall(content) == _WORDS.findall(text)
    return content == text


def _stale(root: Path, generated: dict[Path, str]) -> Sequence[Path]:
    """Files that were generated once and are made no more."""
    return [
        path
        for place in places_in(root / "results")
        for path in place.iterdir()
        if path.suffix in _MADE and path not in generated and _is_generated(path)
    ]


def _is_generated(path: Path) -> bool:
    if path.name == TABLES:
        return True
    with path.open(encoding="utf-8", errors="replace") as file:
        return markdown.MARK in file.read(1000)
