"""Tables of comma-separated values become data sets."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers.data import paths_in

from weighin.core import Dataset, WeighinError
from weighin.datasets.bringing import Brought, Reading, bring, register
from weighin.datasets.loading import load

HEADER = ("width", "height", "kind")


def loaded(brought: Brought, folder: Path) -> Dataset:
    """What was brought, as any data set is loaded."""
    register(brought)
    return load(brought.name, paths_in(folder))


def table(folder: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER) -> Path:
    with (folder / "own.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return folder / "own.csv"


def rows(kinds: Sequence[object], count: int = 20) -> list[list[object]]:
    """Rows whose width tells which they are, and whose kind alternates."""
    return [[number, number / 8, kinds[number % len(kinds)]] for number in range(count)]


def test_other_columns_predict_the_target(tmp_path: Path) -> None:
    """In their order, as float32; whole numbers are class numbers; rows are shuffled."""
    brought = bring(table(tmp_path, rows([0, 1])), Reading(target="kind"), tmp_path)

    data = loaded(brought, tmp_path)

    assert (data.name, len(data.train), len(data.test)) == ("own", 16, 4)
    for split in (data.train, data.test):
        width, height = split.stored["x"].T
        np.testing.assert_array_equal(width / 8, height)
        np.testing.assert_array_equal(width % 2, split.target)
        assert (split.stored["x"].dtype, split.target.dtype) == (np.float32, np.int64)
    assert "'kind' predicted by 2 columns" in brought.summary
    assert "each class by itself" in brought.summary


def test_texts_as_targets_are_numbered_in_their_order(tmp_path: Path) -> None:
    """And named; the target may be any column."""
    path = table(tmp_path, [[r[2], r[0]] for r in rows(["pear", "apple"])], ("fruit", "width"))

    brought = bring(path, Reading(target="fruit"), tmp_path)

    data = loaded(brought, tmp_path)
    np.testing.assert_array_equal((data.test.stored["x"][:, 0] + 1) % 2, data.test.target)
    assert data.classes == 2
    assert "2 classes: apple, pear" in brought.summary


def test_numbers_that_no_float_holds_are_no_classes(tmp_path: Path) -> None:
    """They would become others; and what only Python reads as a number is a text."""
    brought = bring(
        table(tmp_path, rows([10**23, 2 * 10**23])), Reading(target="kind"), tmp_path / "large"
    )
    assert loaded(brought, tmp_path).train.target.dtype == np.float32

    brought = bring(
        table(tmp_path, rows(["1_0", "2_0"])), Reading(target="kind"), tmp_path / "text"
    )
    assert "2 classes: 1_0, 2_0" in brought.summary


def test_a_class_may_be_called_none(tmp_path: Path) -> None:
    """Of texts as targets only those that are not there are missing."""
    brought = bring(table(tmp_path, rows(["none", "some"])), Reading(target="kind"), tmp_path)

    assert "2 classes: none, some" in brought.summary


def test_numbers_as_targets_are_predicted_as_such(tmp_path: Path) -> None:
    """Floats are no classes."""
    brought = bring(table(tmp_path, rows([3, 7])), Reading(target="height"), tmp_path)

    data = loaded(brought, tmp_path)

    assert data.classes is None
    assert data.train.target.dtype == np.float32
    assert "shuffled" in brought.summary


def test_tables_are_read_as_others_write_them(tmp_path: Path) -> None:
    """With a byte order mark, semicolons or tabs, pandas' row numbers, blank lines at the end."""
    lines = [f"{number}.5;{number % 2}" for number in range(10)]
    (tmp_path / "a.csv").write_text("\ufeffwidth;kind\r\n" + "\r\n".join(lines) + "\r\n\r\n")
    (tmp_path / "b.tsv").write_text("\n".join(["width\tkind", *lines]).replace(";", "\t"))
    numbered = [f"{number},{line}" for number, line in enumerate(lines)]
    (tmp_path / "c.csv").write_text("\n".join([",width,kind", *numbered]).replace(";", ","))

    brought = [
        bring(tmp_path / name, Reading(target="kind"), tmp_path)
        for name in ("a.csv", "b.tsv", "c.csv")
    ]

    assert len({loaded(each, tmp_path).digest for each in brought}) == 1
    assert "the column of row numbers, which has no name, left out" in brought[2].summary


REFUSED = {
    "no target": (b"a,b\n1,2\n", "", " wants a --target column to predict\\. It has a, b"),
    "another target": (
        b"width,price\n1,2\n", "prize",
        "has no column 'prize'. Did you mean 'price'\\? It has width, price",
    ),
    "texts": (
        b"a,city,b,name,y\n1,Rome,2,Jo,1\n", "y",
        "city, name hold texts, such as 'Rome', and a model takes numbers: encode",
    ),
    "missing": (
        b"a,y\n1,1\n,2\n3,4\nNA,1\n", "y",
        "2 values of the column 'a' are missing \\('' in line 3, 5",
    ),
    "a missing class": (b"a,y\n1,no\n2,\n3,yes\n", "y", "1 values of the column 'y' are missing"),
    "missing target": (b"a,y\n1,nan\n", "y", "1 values of the column 'y' are missing"),
    "infinite": (b"a,y\n1,1\n2,0\ninf,1\n3,0\n", "y", "NaN or infinite.* at x\\[2, 0\\]"),
    "another count": (b"a,y\n1,1\n1,2,3\n", "y", "line 3: 3 values for 2 columns"),
    "cut off": (b"a,b,y\n1,1,1\n1,2", "y", "line 3: 2 values for 3 columns"),
    "no names": (b"1,2\n3,4\n", "y", "the first line holds numbers \\(1, 2\\), not names"),
    "a name twice": (b"a,a,y\n3,4,1\n", "y", "names 'a' twice"),
    "no name": (b"a,,y\n3,4,1\n", "y", "a column has no name"),
    "empty": (b"", "y", "is empty: wanted names"),
    "no rows": (b"a,y\n", "y", "is empty: it names columns and has no rows"),
    "the target alone": (b"y\n1\n2\n", "y", "has the column 'y' alone"),
    "an open quote": (b'a,y\n"1,2\n', "y", "cannot be read as a table"),
    "other letters": ("a,y\nü,1\n".encode("latin1"), "y", "cannot be read as a table .*UTF-8"),
    "binary": (bytes(range(256)) * 4, "y", "cannot be read as a table"),
    "too few": (b"a,y\n1,1\n2,0\n", "y", "has 2 examples and no test part"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "target", "message"), REFUSED.values(), ids=REFUSED)
def test_tables_that_make_no_sense_are_refused(
    tmp_path: Path, content: bytes, target: str, message: str
) -> None:
    """Naming the file, and the line or column."""
    (tmp_path / "own.csv").write_bytes(content)

    with pytest.raises(WeighinError, match=rf"own(\.csv|').*{message}"):
        bring(tmp_path / "own.csv", Reading(target=target), tmp_path / "cache")

    assert not list((tmp_path / "cache").rglob("*.npy"))
