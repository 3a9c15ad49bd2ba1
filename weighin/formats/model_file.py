"""Models that are brought as files: told apart, refused where they cannot or must not be opened."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

from weighin.core import ModelFile, WeighinError
from weighin.formats.saved import Saved, read_saved

WAY_OUT = (
    "write a function in a .py file that makes the model, and give it the weights: "
    "model.save_weights('mine.weights.h5') has written them"
)


def model_file(
    path: Path | str,
    *,
    function: str = "",
    weights: Path | str | None = None,
    trust: bool = False,
    name: str = "",
) -> ModelFile:
    """A file as a source of a model, looked at without TensorFlow.

    Args:
        path: a .keras or .h5 file of Keras 2 or 3, the folder of a SavedModel, or a .py file.
        function: of a .py file, the function that returns the model.
        weights: a .weights.h5 file beside it.
        trust: whether code inside the file may run.
        name: of the model, if not the file's.

    Raises:
        WeighinError: if the file is missing, damaged or none that a model can be read from; if it
            holds code and is not trusted, or classes that only their own code can make.
    """
    place = Path(path).expanduser().absolute()
    weighted = Path(weights).expanduser().absolute() if weights else None
    named = name or place.name.removesuffix(place.suffix)
    source = ModelFile(named, place, function, weighted, trust=trust)
    if place.suffix == ".py":
        _check_python(source)
    else:
        saved = read_saved(place)
        _check_saved(source, saved)
        source = dataclasses.replace(source, keras=saved.keras)
    return dataclasses.replace(source, sha256=digest(source))


def digest(source: ModelFile) -> str:
    """sha256 over the bytes of all files that a source is, by which what is built is found again.

    Of a .py file that is what it imports of its own folder, too.

    Raises:
        WeighinError: if one of them cannot be read.
    """
    total = hashlib.sha256()
    if source.path.is_dir():
        files = sorted(file for file in source.path.rglob("*") if file.is_file())
    elif source.path.suffix == ".py":
        files = sorted(_with_neighbours(source.path))
    else:
        files = [source.path]
    try:
        for file in (*files, *filter(None, [source.weights])):
            relative = file.relative_to(source.path).as_posix() if source.path.is_dir() else ""
            with file.open("rb") as content:
                inside = hashlib.file_digest(content, "sha256").hexdigest()
            total.update(f"{relative} {inside}\n".encode())
    except OSError as error:
        raise WeighinError(f"{source.path} cannot be read: {error.strerror or error}.") from error
    return total.hexdigest()


def _check_saved(source: ModelFile, saved: Saved) -> None:
    if source.function or source.weights:
        raise WeighinError(
            f"{source.path} is a whole model: a function and weights beside it are for a .py file."
        )
    if saved.kind == "weights":
        raise WeighinError(
            f"{source.path} holds weights without their model: name a .py file and its function "
            f"that makes the model, and this file as its weights."
        )
    if saved.code and not source.trust:
        raise WeighinError(
            f"{source.path} holds code: {saved.code[0]}. It would run with your rights as soon as "
            f"the file is opened. If you know where it comes from, --trust runs it."
        )
    if saved.foreign and saved.kind != "savedmodel":
        raise WeighinError(
            f"{source.path} holds {', '.join(saved.foreign)}, which is none of Keras's: {WAY_OUT}."
        )


def _check_python(source: ModelFile) -> None:
    if not source.path.is_file():
        raise WeighinError(f"{source.path}: no such file.")
    defined = _functions(source.path)
    if source.function not in defined:
        known = ", ".join(defined) or "none"
        which = f"has no function {source.function!r}" if source.function else "has functions"
        raise WeighinError(f"{source.path} {which}: name the one that makes the model ({known}).")
    if source.weights is not None and read_saved(source.weights).kind == "keras":
        raise WeighinError(
            f"{source.weights} is a whole model: name it by itself, or a .weights.h5 file."
        )


def _functions(file: Path) -> list[str]:
    return [node.name for node in _parsed(file).body if isinstance(node, ast.FunctionDef)]


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        raise WeighinError(f"{file} is no Python file that can be read: {error}.") from error


def _with_neighbours(file: Path) -> set[Path]:
    """A Python file and those of its folder that it imports, directly or not."""
    reached: set[Path] = set()
    left = {file}
    while left:
        each = left.pop()
        reached.add(each)
        left |= {found for name in _imported(each) if (found := _neighbour(file.parent, name))}
        left -= reached
    return reached


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(_parsed(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield base
            yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)


def _neighbour(folder: Path, name: str) -> Path | None:
    place = folder.joinpath(*name.split("."))
    for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
        if name and file.is_file():
            return file
    return None
