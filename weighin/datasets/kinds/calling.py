"""A program of its own: calls a user's function and writes the arrays that it returns.

python -m weighin.datasets.kinds.calling PLACE FUNCTION FOLDER OUTPUT
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from weighin.core import Array, WeighinError, nearest
from weighin.datasets.dividing import stored_as
from weighin.datasets.kinds.source import listed
from weighin.datasets.naming import NAMES

CALLED = "WEIGHIN_CALLED"  # the environment variable that says that a user's function is called
WANTED = "(x_train, y_train, x_test, y_test), (x, y) or a dictionary of arrays by these names"


def named(answer: Any) -> dict[str, Array]:
    """What a function returned, as arrays by name.

    Raises:
        WeighinError: if it is something else; it says what came and what was wanted.
    """
    if isinstance(answer, Mapping):
        return arrays_of(answer)
    given = list(answer) if isinstance(answer, tuple | list) else []
    if len(given) == 2 and all(isinstance(part, tuple) and len(part) == 2 for part in given):
        given = [*given[0], *given[1]]  # as those of keras.datasets
    names = {4: NAMES, 2: ("x", "y")}.get(len(given))
    if names is None:
        came = f"{type(answer).__name__} of {len(given)}" if given else type(answer).__name__
        raise WeighinError(f"it returned {came}; wanted {WANTED}.")
    flat: dict[str, Any] = {}
    for name, value in zip(names, given, strict=True):
        if isinstance(value, Mapping):
            side, _, part = name.partition("_")
            own = {
                key: stored_as(side, part, str(key)) if part else f"{side}/{key}" for key in value
            }
            flat |= {own[key]: each for key, each in value.items()}
        elif value is not None:
            flat[name] = value
    return arrays_of(flat)


def arrays_of(given: Mapping[Any, Any]) -> dict[str, Array]:
    """Arrays by name of whatever NumPy takes for such.

    Raises:
        WeighinError: naming what is none.
    """
    arrays: dict[str, Array] = {}
    for name, value in given.items():
        try:
            arrays[str(name)] = np.asarray(value)
        except (ValueError, TypeError) as error:
            raise WeighinError(f"{name} is no array ({error}): make its rows one length.") from None
        dtype = arrays[str(name)].dtype
        if dtype.kind not in "biufcSU":  # of which the last three are refused where they are told
            raise WeighinError(f"{name} is {type(value).__name__} of {dtype}, not of numbers.")
    return arrays


def _module(place: str) -> ModuleType:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    path = Path(place)
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise WeighinError(f"{place} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _function(module: ModuleType, name: str) -> Any:
    function = getattr(module, name, None)
    if not callable(function):
        known = [each for each, item in vars(module).items() if callable(item) and each[0] != "_"]
        near = nearest(name, known)
        hint = f" Did you mean {near!r}?" if near else ""
        raise WeighinError(
            f"{module.__name__} has no function {name!r}.{hint} It has {listed(known) or 'none'}."
        )
    return function


def _where(error: BaseException, folder: str) -> str:
    """The last line of the user's own that was running."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]
    own = [frame for frame in frames if frame.filename.startswith(folder)]
    frame = next(reversed(own or frames), None)
    if frame is None:
        return ""
    return f"{Path(frame.filename).name}, line {frame.lineno}, in {frame.name}: "


def main(place: str, name: str, folder: str, output: str) -> None:
    """Call the function in the user's folder and write what it returns."""
    os.chdir(folder)
    os.environ[CALLED] = "1"
    sys.path.insert(0, folder)
    own = str(Path(place).parent) if place.endswith(".py") else folder
    try:
        arrays = named(_function(_module(place), name)())
        for number, values in enumerate(arrays.values()):
            np.save(Path(output) / f"{number}.npy", values, allow_pickle=False)
    except WeighinError as error:
        _fail(str(error))
    except BaseException as error:  # also where it ends the process
        text = " ".join(str(error).split())
        _fail(f"{_where(error, own)}{type(error).__name__}: {text}"[:490])
    (Path(output) / "names.json").write_text(json.dumps(list(arrays)), "utf-8")


def _fail(message: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"\n{message}\n")
    sys.stderr.flush()
    os._exit(1)  # what is shown is the last line: nothing may follow it


if __name__ == "__main__":
    main(*sys.argv[1:])
