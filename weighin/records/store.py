"""Records ⇄ JSON: one file per run, with a schema number, upgraded when read.

    {"schema": 4, "environment": {…}, "metrics": [{…}, …], "records": [{…}, …]}

While its run goes on a file is a journal: such an object on the first line, and on each further one
a record. `weighin.records.schema` says what may stand in either.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from weighin.core import Case, Metric, Record, Results, WeighinError
from weighin.files import replacing
from weighin.formats import known
from weighin.records import schema, upgrades

LOCAL = Path("results", "local")  # where runs write, in a project's folder, unless told otherwise
UNFINISHED = "unfinished"  # in a file whose run has not ended: later records replace earlier ones
_JOURNAL = b'{"unfinished":true,'  # how one begins

# always said; `target` only of what ran on a device
_PLACE = tuple(field.name for field in dataclasses.fields(Case) if field.name != "target")
_FIELDS = {
    field.name: field
    for of in (Case, Record)
    for field in dataclasses.fields(of)
    if field.name != "case"
}
_DENSE = (",", ":")


def save(path: Path, results: Results) -> None:
    """Write a results file, whole or not at all; one record a line, nothing padded.

    Raises:
        WeighinError: if it cannot be written.
    """
    parts = [f'"{key}": {_dumped(value)}' for key, value in _about(results).items()]
    begin = "{" + ",\n".join([*parts, '"records": [\n'])
    text = begin + ",\n".join(_rows(path, results.records)) + "\n]}\n"
    with replacing(path) as partial:
        partial.write_text(text, "utf-8")


def begun(path: Path, planned: Results) -> bytes:
    """The journal of a run that begins.

    Args:
        path: of the file.
        planned: what it says before anything is measured.

    Raises:
        WeighinError: if a record cannot be stored; it names it.
    """
    unfinished = dataclasses.replace(planned, broken_off=True)
    head = _dumped(_about(unfinished) | {"records": []})
    return head.encode() + b"\n" + lines(path, planned.records)


def lines(path: Path, records: Iterable[Record]) -> bytes:
    """Records as the lines of a journal.

    Raises:
        WeighinError: if one cannot be stored; it names it.
    """
    return "".join(f"{row}\n" for row in _rows(path, records)).encode()


def load(path: Path) -> Results:
    """Read a results file of this or any earlier schema.

    Raises:
        WeighinError: if it is missing, damaged, no results file, or newer than this weighin.
    """
    try:
        raw = path.read_bytes()
        content = _of_journal(raw) if raw.startswith(_JOURNAL) else _parsed(raw)
    except OSError as error:
        raise WeighinError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        if known.of_file(path) is not None:
            raise WeighinError(f"{path} is a model, not results: weighin weigh {path}.") from error
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
        if number < upgrades.SCHEMA:
            schema.check_types(content)  # upgrades read it as what it should be
            content = upgrades.upgraded(content, number)
        return schema.results(content, broken_off=bool(content.get(UNFINISHED)))
    except schema.DamageError as damage:
        raise WeighinError(f"{path} is a damaged results file: {damage}.") from damage


def _of_journal(raw: bytes) -> Any:
    """A journal as the object that a finished file is; what was being written at its end is left.

    Raises:
        ValueError: if a line is not JSON.
    """
    head, *rows = raw.split(b"\n")[:-1] or [raw]
    content: dict[str, Any] = _parsed(head)
    return content | {"records": _parsed(b"[" + b",".join(rows) + b"]")}


def _parsed(raw: bytes) -> Any:
    return json.loads(raw, parse_constant=_no_constant, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice in one object")
    return content


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _about(results: Results) -> dict[str, Any]:
    """A file's parts ahead of its records: the schema, the environment, what the metrics mean."""
    unfinished = {UNFINISHED: True} if results.broken_off else {}
    return {
        **unfinished,
        "schema": upgrades.SCHEMA,
        "environment": results.environment,
        "metrics": [_described(metric) for metric in results.metrics.values()],
    }


def _rows(path: Path, records: Iterable[Record]) -> Iterator[str]:
    for record in records:
        try:
            yield _dumped(_to_json(record))
        except (ValueError, TypeError) as error:
            raise WeighinError(
                f"{path}: {record.metric} of {record.model} {record.variant} cannot be stored: "
                f"{error}."
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
