"""`python -m weighin.build.executors.looking`: which data sets a worker's machine has.

It reads where definitions are as a line of JSON, and prints digests by the names of data sets; of
one that is not there, none.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from weighin import registry
from weighin.build.cache import default_folder
from weighin.core import WeighinError
from weighin.datasets import loading
from weighin.datasets.search import SearchPaths
from weighin.definitions import load_definitions


def found(places: Sequence[Sequence[str]]) -> dict[str, str]:
    """What there is after definitions are loaded, by name; an error of theirs as `error`."""
    paths = [located(*place) for place in places]
    try:
        load_definitions(paths)
    except WeighinError as error:
        return {"error": str(error)}
    search = SearchPaths.here(default_folder())
    return digests(dataclasses.replace(search, offline=True, looking=True))


def digests(search: SearchPaths) -> dict[str, str]:
    """Digests of the registered data sets that are found, nothing of which is downloaded."""
    known: dict[str, str] = {}
    for name in registry.datasets:
        with contextlib.suppress(WeighinError):
            known[name] = loading.load(name, search).digest
    return known


def located(whole: str, relative: str) -> Path:
    """Where definitions are on this machine: at the same path, or so in the worker's folder."""
    path = Path(whole)
    return path if path.exists() or not relative else Path.cwd() / relative


def lacking(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """What a worker lacks of what is found here, in words."""
    if "error" in there:
        return [f"definitions ({there['error']})"]
    missing = [name for name in here if name not in there]
    other = [name for name in here if there.get(name, here[name]) != here[name]]
    told = [f"data {', '.join(missing)}"] if missing else []
    return told + ([f"the same data as here: other {', '.join(other)}"] if other else [])


def main() -> None:
    """Look, and print."""
    printed = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever definitions print
    printed.write(json.dumps(found(json.loads(sys.stdin.readline()))))


if __name__ == "__main__":
    main()
