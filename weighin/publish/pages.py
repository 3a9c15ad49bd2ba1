"""The pages across models and the parts of README: weighin's own, and what a project adds.

Weighin's own pages are those of `overviews`; files in a project's `bench/pages/` register others,
which `weighin publish` loads. A page is a function from a folder of records to a text, empty where
the folder has nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from weighin.definitions import load_definitions
from weighin.publish.folders import Folder, Project, Run
from weighin.registry import Registry

FOLDER = Path("bench", "pages")


@dataclass(frozen=True)
class Page:
    """One page of every published folder.

    Attributes:
        name: of the file, without its ending.
        about: what the index says of it.
        order: where the index names it, among weighin's own: curves 40, versions 60.
        text: the page's text.
        says: what the index says of a model in a run that this page is about; empty of others.
    """

    name: str
    about: str
    order: int
    text: Callable[[Folder, Project], str]
    says: Callable[[Run, str], str]


Part = Callable[[Sequence[Folder]], str]
"""A part of README: all folders → its text, empty where nothing published has anything for it."""

pages: Registry[Page] = Registry("page", "weighin.publish.overviews")
parts: Registry[Part] = Registry("part of README")


def page(
    name: str, *, about: str, order: int, says: Callable[[Run, str], str] = lambda run, model: ""
) -> Callable[[Callable[[Folder, Project], str]], Callable[[Folder, Project], str]]:
    """Register the decorated function as a page; see `Page`."""

    def register(text: Callable[[Folder, Project], str]) -> Callable[[Folder, Project], str]:
        pages.add(name, Page(name, about, order, text, says))
        return text

    return register


def readme_part(name: str) -> Callable[[Part], Part]:
    """Register the decorated function as what stands between README's marks of that name."""

    def register(text: Part) -> Part:
        parts.add(name, text)
        return text

    return register


def ranked() -> list[Page]:
    """All pages in the index's order; of one order as they were registered, weighin's own first."""
    return sorted(pages.values(), key=lambda page: page.order)


def load(root: Path) -> None:
    """Load a project's own pages, if it has any.

    Raises:
        WeighinError: if one of them fails.
    """
    folder = root / FOLDER
    if folder.is_dir():
        load_definitions([folder])
