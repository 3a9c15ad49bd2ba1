"""Records ⇄ JSON: one file per run, with a schema number, upgraded when read.

    {"schema": 1, "environment": {…}, "records": [{…}, …]}

Schema history:
    1  the first.
"""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from weighin.core import Case, Record, Results, Status, WeighinError
from weighin.files import replacing

SCHEMA = 1
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""For each old schema number, a function that turns its content into the next number's."""

_PLACE = tuple(each.name for each in dataclasses.fields(Case))
_FIELDS = {
    each.name: each
    for of in (Case, Record)
    for each in dataclasses.fields(of)
    if each.name != "case"
}
_DENSE = (",", ":")
_NUMBERS = {"value", "low", "high"}
_WHOLE = {"seed", "threads", "n"}


def save(path: Path, results: Results) -> None:
    """Write a results file, whole or not at all; one record a line, nothing padded.

    Raises:
        WeighinError: if it cannot be written.
    """
    environment = json.dumps(results.environment, separators=_DENSE, allow_nan=False)
    rows = ",\n".join(_row(path, record) for record in results.records)
    text = f'{{"schema": {SCHEMA},\n"environment": {environment},\n"records": [\n{rows}\n]}}\n'
    with replacing(path) as partial:
        partial.write_text(text, "utf-8")


def load(path: Path) -> Results:
    """Read a results file of this or any earlier schema.

    Raises:
        WeighinError: if it is missing, damaged, no results file, or newer than this weighin.
    """
    try:
        content = json.loads(path.read_bytes(), parse_constant=_no_constant)
    except OSError as error:
        raise WeighinError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise WeighinError(
            f"{path} is not a results file: it is not JSON ({error}). Was it cut off?"
        ) from error
    number = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise WeighinError(f"{path} is not a weighin results file: it has no schema number.")
    if number > SCHEMA:
        raise WeighinError(
            f"{path} has schema {number}, but this weighin reads up to {SCHEMA}: "
            f"pip install --upgrade weighin."
        )
    try:
        for step in range(number, SCHEMA):
            content = UPGRADES[step](content)
        if not isinstance(content["records"], list):
            raise TypeError("records are not a list")
        records = tuple(_from_json(row) for row in content["records"])
        environment = content["environment"]
        if not isinstance(environment, Mapping):
            raise TypeError("environment is not an object")
        return Results(environment, records)
    except (KeyError, TypeError, ValueError) as error:
        raise WeighinError(
            f"{path} is a damaged results file ({type(error).__name__}: {error})."
        ) from error


def _row(path: Path, record: Record) -> str:
    try:
        return json.dumps(_to_json(record), separators=_DENSE, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise WeighinError(
            f"{path}: {record.metric} of {record.model} {record.variant} cannot be stored: {error}."
        ) from error


def _to_json(record: Record) -> dict[str, Any]:
    """A record's fields, those at their default left out."""
    return {
        name: getattr(record, name)
        for name, each in _FIELDS.items()
        if name in _PLACE or each.default is dataclasses.MISSING or _differs(record, each)
    }


def _differs(record: Record, each: dataclasses.Field[Any]) -> bool:
    return bool(getattr(record, each.name) != each.default)


def _from_json(row: Any) -> Record:
    if not isinstance(row, dict):
        raise TypeError(f"a record is {row!r:.40}")
    row = dict(row)
    unknown = set(row) - set(_FIELDS)
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}")
    for name, value in row.items():
        if name == "samples":
            good = isinstance(value, list) and all(map(_is_number, value))
        elif name in _NUMBERS:
            good = _is_number(value)
        elif name in _WHOLE:
            good = isinstance(value, int) and not isinstance(value, bool)
        else:
            good = isinstance(value, str)
        if not good:
            raise ValueError(f"{name} is {value!r:.40}")
    if row["status"] not in typing.get_args(Status):
        raise ValueError(f"status is {row['status']!r:.40}")
    case = Case(**{name: row.pop(name) for name in _PLACE})
    return Record(case, **{**row, "samples": tuple(row.get("samples", ()))})


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
