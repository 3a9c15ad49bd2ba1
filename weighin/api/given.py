"""What a notebook gives, made into what the commands take: options, arrays, models in memory."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from weighin import registry
from weighin.build import objects
from weighin.build.cache import default_folder
from weighin.core import USUAL_FORMAT, WeighinError, nearest
from weighin.datasets import bringing
from weighin.datasets.bringing import Brought
from weighin.datasets.kinds.calling import named
from weighin.datasets.kinds.reading import OPTIONS, Reading
from weighin.files import replacing
from weighin.formats import known
from weighin.job.weighing import Asked

_LISTS = ("variants", "runtimes", "gates", "threads")


def asked(
    caller: str, data: Any, options: Mapping[str, Any], taken: Iterable[str] | None = None
) -> Asked:
    """How what is given is weighed.

    Args:
        caller: the function's name, for messages.
        data: arrays in memory, whatever `--data` takes, or None.
        options: by name.
        taken: the names that the caller takes beside those of reading data; all if not given.

    Raises:
        TypeError: if an option is none.
        WeighinError: if one makes no sense.
    """
    rest = dict(options)
    for key in _LISTS:
        value = rest.pop(key, None)
        if value is not None:
            rest[key] = (value,) if isinstance(value, str | int) else tuple(value)
            if key != "threads" and not all(isinstance(one, str) for one in rest[key]):
                raise WeighinError(f"{key}={value!r}: wanted names, as a list.")
    names = [field.name for field in dataclasses.fields(Asked) if field.name != "reading"]
    there = names if taken is None else list(taken)
    for key in rest:
        if key not in (*there, *OPTIONS):
            near = nearest(key, [*there, *OPTIONS])
            hint = f"; did you mean {near!r}?" if near else ""
            raise TypeError(f"{caller}() has no option {key!r}{hint}")
    reading = Reading.of(rest)
    how = Asked(reading=reading, **rest)
    return dataclasses.replace(how, data=brought("data", data, how))


def brought(called: str, data: Any, how: Asked) -> str | Path | Brought | None:
    """Data as commands take them: what is in memory is written to the cache.

    Args:
        called: the data's name, if they have none.
        data: arrays in memory, a path, or None.
        how: they are read.

    Raises:
        WeighinError: if they are none.
    """
    if data is None or isinstance(data, str | Path | Brought):
        return data
    return bringing.bring_arrays(called, named(data), how.reading, cache_folder(how))


def cache_folder(how: Asked) -> Path:
    """Where artifacts are kept."""
    return Path(how.cache_dir).expanduser() if how.cache_dir else default_folder()


def check_name(name: object) -> None:
    """Refuse what is no name of a file.

    Raises:
        WeighinError: if it is none.
    """
    if not isinstance(name, str) or len(name) > objects.LONGEST or objects.UNPLAIN.search(name):
        raise WeighinError(
            f"name={str(name)[: objects.LONGEST]!r}: wanted the name of a file, short."
        )


def file(given: Any, folder: Path, name: str, place: int = 0) -> str | Path:
    """A path for what is given; what is in memory is written under a folder.

    Args:
        given: a path, the bytes of a file, or a model in memory.
        folder: under which it is written.
        name: of the model.
        place: among the files that are given.
    """
    if isinstance(given, str | Path):
        return given
    if not isinstance(given, bytes | bytearray | memoryview):
        return objects.written(given, folder, name)
    content = bytes(given)
    called = name if name and not place else f"{name or 'model'}_{place}"
    format = known.of_content(content) or registry.formats[USUAL_FORMAT]
    target = folder / hashlib.sha256(content).hexdigest()[:32] / f"{called}.{format.name}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            partial.write_bytes(content)
    return target
