"""Tables of comma-separated values: columns of numbers, and the one that is predicted."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import WeighinError, nearest
from weighin.datasets.kinds.reading import Reading
from weighin.datasets.kinds.source import Kind, Source, existing, listed, suffixed
from weighin.datasets.storing import Store

LARGEST = 2**30  # bytes: what Python reads in a minute or so
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
SAMPLE = 2**14  # letters by which the delimiter is told


@dataclass(frozen=True)
class Table:
    """What a file says.

    Attributes:
        path: the file.
        columns: texts of each column, by its name.
        lines: the number of each row's line, from 1.
        notes: what was left out.
    """

    path: Path
    columns: dict[str, Sequence[str]]
    lines: Sequence[int]
    notes: tuple[str, ...]


def read_table(path: Path) -> Table:
    """Read a table whose first line names its columns.

    Raises:
        WeighinError: naming the file, the line, what is wrong and the way out.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise WeighinError(
            f"{path} has {size:,} bytes, more than {LARGEST:,}: store its columns by numpy.save "
            f"and give --data x.npy,y.npy."
        )
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline(SAMPLE)
            file.seek(0)
            delimiter = max(",;\t", key=first.count)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = [name.strip() for name in next(reader, [])]
            for row in reader:
                if row:
                    rows.append(row)
                    lines.append(reader.line_num)
                    _check_row(row, header, path, reader.line_num)
    except (OSError, ValueError, csv.Error) as error:
        raise WeighinError(
            f"{path} cannot be read as a table ({type(error).__name__}: {error}). Wanted "
            f"comma-separated values in UTF-8, with names of columns in the first line."
        ) from None
    _check_header(header, path)
    if not rows:
        raise WeighinError(f"{path} is empty: it names columns and has no rows below.")
    columns: dict[str, Sequence[str]] = dict(zip(header, zip(*rows, strict=True), strict=True))
    notes = []
    if columns.get("") is not None:  # the number of the row, as pandas writes it
        numbers = columns.pop("")
        if [text.strip() for text in numbers] != [str(number) for number in range(len(rows))]:
            raise WeighinError(f"{path}: a column has no name in the first line: give it one.")
        notes.append("the column of row numbers, which has no name, left out")
    return Table(path, columns, lines, tuple(notes))


def arrays_of(table: Table, target: str) -> tuple[dict[str, npt.NDArray[Any]], tuple[str, ...]]:
    """The table's examples and what is predicted of them.

    Args:
        table: what was read.
        target: the column that is predicted.

    Returns:
        `x`, `(n, columns)` float32, and `y`, `(n,)`: int64 of whole numbers and of texts, which are
        numbered in their order, else float32. And the texts by their number.

    Raises:
        WeighinError: if there is no such column, values are missing, or others are texts.
    """
    names = [name for name in table.columns if name != target]
    if target not in table.columns:
        near = nearest(target, table.columns)
        hint = f" Did you mean {near!r}?" if near else ""
        wanted = f"has no column {target!r}" if target else "wants a --target column to predict"
        raise WeighinError(f"{table.path} {wanted}.{hint} It has {listed(table.columns, 30)}.")
    if not names:
        raise WeighinError(f"{table.path} has the column {target!r} alone: nothing to tell it by.")
    for name, texts in table.columns.items():
        given = [text for text in texts if text.strip().lower() not in MISSING]
        is_class = name == target and _numbers(given) is None  # which may be called "none"
        _check_missing(table, name, texts, frozenset({""}) if is_class else MISSING)
    read = {name: _numbers(table.columns[name]) for name in names}
    words = [name for name, values in read.items() if values is None]
    if words:
        raise WeighinError(
            f"{table.path}: {listed(words)} hold{'s' if len(words) == 1 else ''} texts, such as "
            f"{table.columns[words[0]][0]!r}, and a model takes numbers: encode them as it was "
            f"trained, or take the column out."
        )
    inputs = np.stack([values for values in read.values() if values is not None], axis=1)
    answers, classes = _target(table.columns[target])
    return {"x": inputs.astype(np.float32), "y": answers}, classes


WHOLE = 2.0**53  # up to which float64 holds every whole number


def _target(texts: Sequence[str]) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    values = _numbers(texts)
    if values is None:
        stripped = [text.strip() for text in texts]
        classes, numbers = np.unique(stripped, return_inverse=True)
        return numbers.astype(np.int64), tuple(map(str, classes))
    whole = all(text.strip().lstrip("+-").isdecimal() for text in texts)
    whole = whole and bool(np.abs(values).max(initial=0) < WHOLE)
    return (values.astype(np.int64), ()) if whole else (values.astype(np.float32), ())


def _numbers(texts: Sequence[str]) -> npt.NDArray[np.float64] | None:
    if any("_" in text for text in texts):  # which Python reads over
        return None
    try:
        return np.array([float(text) for text in texts])
    except ValueError:
        return None


def _check_missing(table: Table, name: str, texts: Sequence[str], marks: frozenset[str]) -> None:
    missing = [at for at, text in enumerate(texts) if text.strip().lower() in marks]
    if missing:
        places = listed((str(table.lines[at]) for at in missing), 3)
        raise WeighinError(
            f"{table.path}: {len(missing):,} values of the column {name!r} are missing "
            f"({texts[missing[0]]!r} in line {places}): fill them in or take these rows out."
        )


def _check_row(row: list[str], header: list[str], path: Path, line: int) -> None:
    if len(row) != len(header):
        raise WeighinError(
            f"{path}, line {line}: {len(row)} values for {len(header)} columns. Is it cut off, or "
            f"does a value hold the delimiter?"
        )


def _check_header(header: list[str], path: Path) -> None:
    if not any(header):
        raise WeighinError(f"{path} is empty: wanted names of columns in the first line.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise WeighinError(f"{path} names {listed(map(repr, twice))} twice in its first line.")
    if all(_is_number(name) for name in header):
        raise WeighinError(
            f"{path}: the first line holds numbers ({listed(header, 3)}), not names of columns: "
            f"write them above."
        )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _takes(spec: str) -> bool:
    return suffixed(spec, ".csv", ".tsv") and "," not in spec


def _open(spec: str, reading: Reading) -> Source:
    path = existing(spec)

    def decode(store: Store) -> None:
        table = read_table(path)
        arrays, classes = arrays_of(table, reading.target)
        columns = arrays["x"].shape[1]
        store.notes.append(f"{reading.target!r} predicted by {columns} columns")
        store.found_classes(classes)
        store.notes += table.notes
        store.write(arrays)

    return Source(path.stem, decode, [path])


TABLES = Kind("a table", "FILE.csv with --target COLUMN", _takes, _open, frozenset({"target"}))
