"""Files that register models, data sets, suites and more: where they lie, and running them."""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import re
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from weighin import registry
from weighin.core import WeighinError

USUAL = ("baseline", "float16", "dynamic", "int8", "prune(0.8)", "prune(0.8)+int8")
ALL = "all"  # the suite of a project that defines none
_IMPORTS_WEIGHIN = re.compile(rb"^[ \t]*(from|import)[ \t]+weighin\b", re.MULTILINE)


def default_definitions(folder: Path) -> list[Path]:
    """Where definitions lie in a project's folder, where nothing else is said.

    They are `bench/suite.py`, if there is one, and `models/`. Without the former `models/` may be
    anybody's, so one of its files must import weighin.
    """
    suite_file, models_folder = folder / "bench" / "suite.py", folder / "models"
    if not suite_file.exists():
        return [models_folder] if _imports_weighin(models_folder) else []
    return [place for place in (models_folder, suite_file) if place.exists()]


def provide_suite() -> None:
    """Register a suite of all models in the usual variants, where a project defines none.

    Its training profile is the first of the first model's that all models have.
    """
    models = registry.models.values()
    if list(registry.suites) or not models:
        return
    profiles = list(models[0].profiles)
    shared = [name for name in profiles if all(name in model.profiles for model in models)]
    registry.suite(
        ALL,
        profile=next(iter([*shared, *profiles]), ""),
        models=[model.name for model in models],
        variants=USUAL,
    )


def load_definitions(paths: Sequence[Path]) -> None:
    """Run files, or every file of folders, that register models, data sets, suites and more.

    Files whose name begins with `_` or `test_`, `bench_` or `conftest` are passed over. A folder's
    files may import their neighbours: `from . import neighbour`.

    Raises:
        WeighinError: if a path does not exist or a file fails; it names the file.
    """
    for path in paths:
        if not path.exists():
            raise WeighinError(f"No definitions at {path}: no such file or folder.")
        for file in _files(path):
            _run(file)


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.py")) if path.is_dir() else [path]
    return [
        file for file in files if not file.stem.startswith(("_", "test_", "bench_", "conftest"))
    ]


def _imports_weighin(folder: Path) -> bool:
    """Whether a file that would be run says so; none is run to find out."""
    return any(
        file.is_file() and _IMPORTS_WEIGHIN.search(file.read_bytes()) for file in _files(folder)
    )


def function_of(file: Path, name: str) -> Callable[..., Any]:
    """A function of a Python file that may lie anywhere, with its neighbours to import.

    Raises:
        WeighinError: if the file fails, or has no such function; it names the file.
    """
    sys.path.insert(0, str(file.parent))
    try:
        _run(file)
    finally:
        sys.path.remove(str(file.parent))
    function = vars(sys.modules[f"{_package(file.parent)}.{file.stem}"]).get(name)
    if not callable(function):
        raise WeighinError(f"{file} has no function {name!r}.")
    return cast("Callable[..., Any]", function)


class _Fresh(importlib.machinery.SourceFileLoader):
    """Runs a file as it is, never what Python compiled of it before.

    Python takes the compiled file for whole where time, in seconds, and size are the same: one that
    was changed within a second, 32 to 33, would be run as it was and hashed as it is.
    """

    def get_code(self, fullname: str) -> types.CodeType:
        """What the file says."""
        return self.source_to_code(self.get_data(self.path), self.path)


def _package(folder: Path) -> str:
    """The package that a folder's files are modules of, so that they may import each other."""
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    name = f"weighin_definitions_{digest}"
    if name not in sys.modules:
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def _run(file: Path) -> None:
    name = f"{_package(file.parent)}.{file.stem}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, file, loader=_Fresh(name, str(file)))
    if spec is None or spec.loader is None or file.suffix != ".py":
        raise WeighinError(f"{file} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        kind = "" if isinstance(error, WeighinError) else f"{type(error).__name__}: "
        raise WeighinError(f"{file} could not be loaded: {kind}{error}. Mend the file.") from error
