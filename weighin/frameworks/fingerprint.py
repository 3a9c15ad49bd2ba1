"""What a model is before it is trained, as digests: what its artifacts' keys are made of."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.util
import inspect
import json
import sys
import sysconfig
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin.frameworks import direct
from weighin.frameworks.direct import DirectModel
from weighin.frameworks.process import keras
from weighin.subprocesses import FOLDER

_FRAMEWORK = {"keras", "tf_keras", "tensorflow", "tensorflow_model_optimization"}
_NOT_FOLLOWED = (  # files that change with an installed version, and weighin's own
    *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")),
    FOLDER / "weighin",
)


@dataclass(frozen=True)
class Fingerprint:
    """Digests of a created model.

    Attributes:
        architecture: of its layers and their arguments.
        weights: of its initial weights.
        code: of the files of layers and functions in it that are not Keras's, and of what these
            files import; empty if it has none.
    """

    architecture: str
    weights: str
    code: str = ""


def fingerprint(model: Any) -> Fingerprint:
    """The digests of a Keras 2 model, or of one that goes directly."""
    weights = hashlib.sha256()
    for weight in _weights(model):
        values = weight.numpy()
        weights.update(f"{values.dtype} {values.shape};".encode())
        weights.update(values.tobytes())
    code = hashlib.sha256()
    files = sorted(_with_imports(own_files(model)))
    for file in files:
        code.update(file.read_bytes())
    return Fingerprint(
        hashlib.sha256(_architecture(model).encode()).hexdigest(),
        weights.hexdigest(),
        code.hexdigest() if files else "",
    )


def own_files(model: Any) -> set[Path]:
    """The files of layers and functions in a model that are not Keras's own."""
    files = set()
    for item in _code(model):
        top = (getattr(item, "__module__", None) or "").partition(".")[0]
        if top and top not in _FRAMEWORK and top not in sys.stdlib_module_names:
            with contextlib.suppress(TypeError):  # of native code
                file = Path(inspect.getsourcefile(item) or "")
                files |= {file.resolve()} if file.is_file() else set()
    return files


def _architecture(model: Any) -> str:
    if isinstance(model, DirectModel):
        return direct.architecture(model)
    try:
        return str(model.to_json())
    except NotImplementedError:  # a subclass of Model that describes itself in code alone
        return type(model).__qualname__


def _weights(model: Any) -> list[Any]:
    try:
        return list(model.weights)
    except ValueError:  # layers that wait for data to learn their shapes from
        return []


def _code(model: Any) -> Iterator[Any]:
    """Classes and functions that decide what a model computes."""
    if isinstance(model, DirectModel):
        for kind in model.own_types:
            yield from kind.__mro__
        return
    described = keras().initializers, keras().regularizers, keras().constraints
    kinds = tuple(
        getattr(module, name)
        for module, name in zip(
            described, ("Initializer", "Regularizer", "Constraint"), strict=True
        )
    )
    for part in (model, *model.submodules):
        yield from type(part).__mro__
        for value in vars(part).values():
            if isinstance(value, types.FunctionType):
                yield value
            elif isinstance(value, kinds):
                yield from type(value).__mro__
    text = _architecture(model)
    for name, item in keras().utils.get_custom_objects().items():
        if json.dumps(name) in text:
            yield item


def _with_imports(files: set[Path]) -> set[Path]:
    """Files and what they import, directly or not, as far as it is nothing installed."""
    reached: set[Path] = set()
    left = set(files)
    while left:
        file = left.pop()
        reached.add(file)
        left |= {found for found in _imports(file) if _is_followed(found)} - reached
    return reached


def _is_followed(file: Path) -> bool:
    return not any(file.is_relative_to(folder) for folder in _NOT_FOLLOWED)


def _imports(file: Path) -> Iterator[Path]:
    """The source files that the statements of a file import, wherever in it they stand."""
    package = next(
        (
            module.__package__
            for module in list(sys.modules.values())
            if getattr(module, "__file__", None) and Path(str(module.__file__)).resolve() == file
        ),
        None,
    )
    for node in ast.walk(ast.parse(file.read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            joint = "" if base.endswith(".") else "."
            names = [base, *(f"{base}{joint}{alias.name}" for alias in node.names)]
        for name in names:
            try:
                spec = importlib.util.find_spec(name, package)
            except (ImportError, ValueError):  # not a module but something in one
                continue
            if spec is not None and spec.origin and spec.origin.endswith(".py"):
                yield Path(spec.origin).resolve()
