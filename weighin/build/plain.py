"""What a recipe says as JSON has it, to be hashed: functions by all that decides them."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from weighin import registry
from weighin.core import Task, WeighinError


def plain(value: Any) -> Any:
    """A value as JSON has it, another one wherever what it stands for is another.

    Functions and tasks are told by the files that define them and by what they were made with:
    arguments that were bound, variables of the function around them, attributes.

    Raises:
        WeighinError: if that cannot be told.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.ascontiguousarray(value)
        sha256 = hashlib.sha256(array.tobytes()).hexdigest()
        return {"array": sha256, "dtype": array.dtype.str, "shape": list(array.shape)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Task):
        return {"task": value.name, "losses": list(value.losses), **_made(value)}
    if isinstance(value, functools.partial):
        return {"partial": plain(value.func), "bound": plain([value.args, value.keywords])}
    if isinstance(value, types.MethodType):
        return {"method": plain(value.__func__), "of": plain(value.__self__)}
    if isinstance(value, types.FunctionType):
        around = [cell.cell_contents for cell in value.__closure__ or ()]
        bound = plain([around, value.__defaults__, value.__kwdefaults__])
        source = registry.source_digest(value)
        return {"function": value.__qualname__, "source": source, "bound": bound}
    if isinstance(value, types.ModuleType | types.BuiltinFunctionType | np.ufunc):
        return {"name": value.__name__}
    if isinstance(value, type):
        return {"class": value.__qualname__, "source": registry.source_digest(value)}
    if dataclasses.is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if callable(value):
        return _made(value)
    raise WeighinError(
        f"A recipe holds {value!r:.80}, a {type(value).__qualname__}, by which files that were "
        f"built could not be found again: let it hold functions, numbers, texts or arrays."
    )


def _made(value: Any) -> dict[str, Any]:
    """An object by its class and its attributes."""
    return {"class": plain(type(value)), "attributes": plain(vars(value))}
