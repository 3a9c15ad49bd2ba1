"""The pages that this repository publishes, as modules: they lie in bench/pages, not in weighin."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import weighin
from weighin.definitions import load_definitions

FOLDER = Path(weighin.__file__).resolve().parents[1] / "bench" / "pages"


def load_pages() -> None:
    """Register them, once."""
    load_definitions([FOLDER])


def page_module(name: str) -> ModuleType:
    """The module that a file there has become."""
    load_pages()
    path = str(FOLDER / f"{name}.py")
    (module,) = {
        id(each): each for each in sys.modules.values() if getattr(each, "__file__", None) == path
    }.values()
    return module
