"""Records ⇄ JSON: one file per run, with a schema number, upgraded when read.

    {"schema": 2, "environment": {…}, "metrics": [{…}, …], "records": [{…}, …]}

A file that a run is still appending to (`weighin.records.recorder`) is one, too.
"""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from weighin.core import Case, Catalogue, Metric, Record, Results, Status, Stopped, WeighinError
from weighin.files import replacing
from weighin.records import upgrades

LOCAL = Path("results", "local")  # where runs write, in a project's folder, unless told otherwise
UNFINISHED = "unfinished"  # in a file whose run has not ended: later records replace earlier ones
TAIL = "\n]}\n"

_PLACE = tuple(field.name for field in dataclasses.fields(Case))
_FIELDS = {
    field.name: field
    for of in (Case, Record)
    for field in dataclasses.fields(of)
    if field.name != "case"
}
_DENSE = (",", ":")
_NUMBERS = {"value", "low", "high", "p"}
_WHOLE = {"seed", "threads", "n", "count", "gained", "lost"}
_LISTS = ("samples", "openings", "left_out", "halves", "reasons")


def save(path: Path, results: Results) -> None:
    """Write a results file, whole or not at all; one record a line, nothing padded.

    Raises:
        WeighinError: if it cannot be written.
    """
    text = head(results) + rows(path, results.records) + TAIL
    with replacing(path) as partial:
        partial.write_text(text, "utf-8")


def head(results: Results, *, unfinished: bool = False) -> str:
    """A file's text up to its records: the schema, the environment, what the metrics mean."""
    content: dict[str, Any] = {"schema": upgrades.SCHEMA}
    content |= {UNFINISHED: True} if unfinished else {}
    content |= {"environment": results.environment}
    content |= {"metrics": [_described(metric) for metric in results.metrics.values()]}
    parts = [f'"{key}": {_dumped(value)}' for key, value in content.items()]
    return "{" + ",\n".join([*parts, '"records": [\n'])


def rows(path: Path, records: Iterable[Record]) -> str:
    """Records as the lines of a file.

    Raises:
        WeighinError: if one cannot be stored; it names it.
    """
    return ",\n".join(_row(path, record) for record in records)


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
    if number > upgrades.SCHEMA:
        raise WeighinError(
            f"{path} has schema {number}, but this weighin reads up to {upgrades.SCHEMA}: "
            f"pip install --upgrade weighin."
        )
    try:
        if not isinstance(content["records"], list):
            raise TypeError("records are not a list")
        content = upgrades.upgraded(content, number)
        records = [_from_json(row) for row in content["records"]]
        if not isinstance(content["environment"], Mapping):
            raise TypeError("environment is not an object")
        if content.get(UNFINISHED):
            records = _latest(records)
        metrics = _catalogue(content["metrics"])
        return Results(content["environment"], tuple(records), metrics)
    except (KeyError, TypeError, ValueError) as error:
        raise WeighinError(
            f"{path} is a damaged results file ({type(error).__name__}: {error})."
        ) from error


def _row(path: Path, record: Record) -> str:
    try:
        return _dumped(_to_json(record))
    except (ValueError, TypeError) as error:
        raise WeighinError(
            f"{path}: {record.metric} of {record.model} {record.variant} cannot be stored: {error}."
        ) from error


def _dumped(content: Any) -> str:
    return json.dumps(content, separators=_DENSE, allow_nan=False)


def _to_json(record: Record) -> dict[str, Any]:
    """A record's fields, those at their default left out; its case's in any event."""
    return {
        name: getattr(record, name)
        for name, field in _FIELDS.items()
        if name in _PLACE or _says_something(record, field)
    }


def _says_something(record: Record, field: dataclasses.Field[Any]) -> bool:
    return bool(getattr(record, field.name) != field.default)


def _described(metric: Metric) -> dict[str, Any]:
    return {
        field.name: getattr(metric, field.name)
        for field in dataclasses.fields(Metric)
        if getattr(metric, field.name) != field.default
    }


def _catalogue(described: Any) -> Catalogue:
    """What the metrics mean, by name.

    Raises:
        ValueError: if one is described by other than words, numbers and yes or no.
    """
    if not isinstance(described, list):
        raise TypeError("metrics are not a list")
    fields = {field.name: field for field in dataclasses.fields(Metric)}
    hints = typing.get_type_hints(Metric)
    for row in described:
        if not isinstance(row, dict) or not {"name", "title"} <= set(row) <= set(fields):
            raise ValueError(f"a metric is {row!r:.40}")
        for name, value in row.items():
            if not _fits(hints[name], value):
                raise ValueError(f"a metric's {name} is {value!r:.40}")
    return {row["name"]: Metric(**row) for row in described}


def _fits(hint: Any, value: Any) -> bool:
    if hint == float | None:  # None is its default, which is not stored
        hint = float
    choices = typing.get_args(hint)
    if choices:
        return isinstance(value, str) and value in choices
    return _is_number(value) if hint is float else isinstance(value, hint)


def _from_json(row: Any) -> Record:
    if not isinstance(row, dict):
        raise TypeError(f"a record is {row!r:.40}")
    unknown = set(row) - set(_FIELDS)
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}")
    for name, value in row.items():
        if not _is_good(name, value):
            raise ValueError(f"{name} is {value!r:.40}")
    if row["status"] not in typing.get_args(Status):
        raise ValueError(f"status is {row['status']!r:.40}")
    case = Case(**{name: row[name] for name in _PLACE})
    figure = {name: value for name, value in row.items() if name not in _PLACE}
    lists = {name: tuple(row.get(name, ())) for name in _LISTS}
    return Record(case, **figure | lists)


def _is_good(name: str, value: Any) -> bool:
    if name == "samples":
        return isinstance(value, list) and all(map(_is_number, value))
    if name in ("openings", "left_out", "halves"):
        return isinstance(value, list) and all(map(_is_whole, value))
    if name == "reasons":
        return isinstance(value, list) and all(isinstance(reason, str) for reason in value)
    if name in _NUMBERS:
        return _is_number(value)
    if name in _WHOLE:
        return _is_whole(value)
    if name == "pinned":
        return isinstance(value, bool)
    return isinstance(value, str) and (name != "stopped" or value in typing.get_args(Stopped))


def _latest(records: Iterable[Record]) -> list[Record]:
    """Of several records of one figure the last, in the place of the first."""
    return list({(record.case, record.metric): record for record in records}.values())


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return math.isfinite(value) if isinstance(value, float) else _is_whole(value)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
