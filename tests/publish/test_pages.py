"""A project's own pages and parts of README, registered by its files in bench/pages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from helpers.publishing import accounted, filed
from helpers.support import file, results_of

import weighin
from weighin import registry
from weighin.core import WeighinError
from weighin.publish import overviews, pages, site

ROOT = Path(weighin.__file__).resolve().parent.parent
OWN = """
from weighin.publish import markdown
from weighin.publish.pages import page, readme_part

from . import _words


def says(run, model):
    return "smaller than a breadbox" if run.fact("suite") == "quick" else ""


@page("boxes", about="what fits into which box", order=15, says=says)
def boxes(folder, project):
    return markdown.page(folder, "Boxes", [_words.TEXT]) if folder.runs else ""


@readme_part("boxes")
def count(folders):
    return f"{len(folders)} boxes."
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a page and a part of README of its own, and none of another's."""
    own = {
        page.name: page for page in pages.pages.values() if page.text in vars(overviews).values()
    }
    monkeypatch.setattr(pages.pages, "_objects", own)
    monkeypatch.setattr(pages.parts, "_objects", {})
    folder = tmp_path / "bench" / "pages"
    folder.mkdir(parents=True)
    (folder / "boxes.py").write_text(OWN, "utf-8")
    (folder / "_words.py").write_text("TEXT = 'All of them.'\n", "utf-8")
    mark = "boxes: made by weighin publish"
    (tmp_path / "README.md").write_text(f"<!-- {mark} -->\n\n<!-- boxes: end -->\n", "utf-8")
    own = {"date": "2024-05-06", "commit": "abc1234", "suite": "quick"}
    filed(tmp_path, "box", accounted(results_of(own, tuple(file("baseline", 9, 8)))))
    return tmp_path


def test_a_project_without_pages_has_weighins_own(project: Path) -> None:
    """Models, operating points, versions, machine and numbers; nothing of this repository's."""
    names = {path.name for path in site.make(project)}

    assert {"small.md", "machine.md", "tables.csv", "README.md"} == names


def test_a_page_is_made_and_named_in_the_index(project: Path) -> None:
    """With what it says of itself, and of the models of its runs."""
    pages.load(project)
    made = site.make(project)
    (text,) = (text for path, text in made.items() if path.name == "boxes.md")
    index = made[project / "results" / "README.md"]

    assert "# Boxes" in text
    assert "All of them." in text
    assert "boxes.md): what fits into which box" in index
    assert "smaller than a breadbox" in index


def test_pages_of_one_order_are_all_named(project: Path) -> None:
    """A page takes no other's place in the index, weighin's own included."""
    for name in ("one", "other"):
        pages.page(name, about=f"what {name} says", order=40)(lambda folder, project: "# Text\n")
    results = site.make(project)
    index = results[project / "results" / "README.md"]

    assert [page.name for page in pages.ranked()] == [
        "curves",
        "one",
        "other",
        "engines",
        "versions",
    ]
    assert "one.md): what one says" in index
    assert "other.md): what other says" in index


def test_a_page_called_as_weighins_own_takes_its_place(project: Path) -> None:
    """As with all that is registered; its text is not lost without a word."""
    pages.page("curves", about="hand-drawn", order=40)(lambda folder, project: "# By hand\n")
    made = site.make(project)
    (text,) = (text for path, text in made.items() if path.name == "curves.md")

    assert text == "# By hand\n"
    assert "curves.md): hand-drawn" in made[project / "results" / "README.md"]


def test_a_part_of_readme_stands_between_its_marks(project: Path) -> None:
    """And nothing else of README changes."""
    pages.load(project)

    assert "1 boxes." in site.make(project)[project / "README.md"]


def test_a_page_that_fails_is_named(project: Path) -> None:
    """Its file, as of any other definitions."""
    (project / "bench" / "pages" / "broken.py").write_text("1 / 0\n", "utf-8")

    with pytest.raises(WeighinError, match=r"broken\.py could not be loaded: ZeroDivisionError"):
        pages.load(project)


def test_no_suite_is_known_by_name() -> None:
    """Whatever bench/suite.py calls its suites, weighin's code does not."""
    tree = ast.parse((ROOT / "bench" / "suite.py").read_text("utf-8"))
    suites = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "suite"
        if isinstance(node.args[0], ast.Constant)
    }
    # some data sets are called as the suite that weighs them, and one suite as a kind of thing
    meant_otherwise = set(registry.datasets) | set(registry.kinds())
    known = {
        (path.relative_to(ROOT).as_posix(), node.value)
        for path in sorted((ROOT / "weighin").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in suites - meant_otherwise
    }

    assert {"quick", "full", "article"} <= suites
    assert set() == known
