"""What files are accused of, and layers to make such files of."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from helpers.flatbuffer import Layer

from weighin import grammar
from weighin.build import invariants
from weighin.core import WeighinError


def breach(path: Path, name: str, **files: Path) -> str | None:
    """What a file is accused of under a variant's name, beside files of others; None if nothing."""
    try:
        invariants.check(path, grammar.parse(name), lambda other: files[other.name])
    except WeighinError as error:
        said = str(error)
        assert said.startswith(f"the file is not what {grammar.parse(name).name!r} says: ")
        return said.split(" says: ", 1)[1]
    return None


def stored(how: str, layer: Layer) -> Layer:
    """A layer whose weights are stored in another way."""
    return dataclasses.replace(layer, stored=how)
