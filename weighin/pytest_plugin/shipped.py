"""How pytest finds the functions of `weighin.bench`, whatever it is told of other files.

By itself it would pass over files and functions called `bench_…`; a project's own settings stay as
they are.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

import weighin

FOLDER = Path(weighin.__file__).resolve().parent / "bench"
PREFIX = "bench_"


class BenchModule(pytest.Module):
    """A file of `weighin.bench`: its tests are the functions called `bench_…`."""

    def funcnamefilter(self, name: str) -> bool:
        """Whether a function is one of them."""
        return name.startswith(PREFIX)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[Any], list[Any]]:
    """Collect weighin's own files where the settings would pass them over."""
    collected = yield
    if collected or not _is_shipped(file_path):
        return collected
    return [BenchModule.from_parent(parent, path=file_path)]


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Read weighin's own files as what they are where the settings do not pass them over."""
    if not _is_shipped(module_path):
        return None
    module: pytest.Module = BenchModule.from_parent(parent, path=module_path)
    return module


def _is_shipped(path: Path) -> bool:
    is_named_so = path.name.startswith(PREFIX) and path.suffix == ".py"
    return is_named_so and path.resolve().parent == FOLDER
