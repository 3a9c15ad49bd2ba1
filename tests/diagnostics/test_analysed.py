"""What was found in a file's layers is kept by what the files hold."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.rules import said

from weighin import packages
from weighin.diagnostics import analysed


def test_it_is_kept_of_these_two_files_and_no_others(tmp_path: Path) -> None:
    analysed.keep(tmp_path, "a", "b", "1 of 9 layers loses 90 %")

    assert "1 of 9 layers loses 90 %" == analysed.kept(tmp_path, "a", "b")
    assert "" == analysed.kept(tmp_path, "b", "a")


def test_all_that_was_found_is_kept_beside_it(tmp_path: Path) -> None:
    analysed.keep(tmp_path, "a" * 64, "b" * 64, "", {"layers": [1]})

    assert {"layers": [1]} == analysed.kept_layers(tmp_path, "a" * 64, "b" * 64)
    assert analysed.kept_layers(tmp_path, "b" * 64, "a" * 64) is None
    assert {analysed.begins("a" * 64)} == analysed.compressed_files(tmp_path)
    assert frozenset() == analysed.compressed_files(tmp_path / "elsewhere")


def test_another_version_of_litert_may_run_them_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysed.keep(tmp_path, "a", "b", "1 of 9 layers loses 90 %")
    monkeypatch.setattr(packages, "version", lambda package: "99.0")

    assert "" == analysed.kept(tmp_path, "a", "b")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"sentence": 3}'])
def test_what_is_damaged_is_as_good_as_missing(tmp_path: Path, content: str) -> None:
    analysed.keep(tmp_path, "a", "b", "told")
    (file,) = (tmp_path / analysed.FOLDER).iterdir()
    file.write_text(content)

    assert "" == analysed.kept(tmp_path, "a", "b")
    assert analysed.kept_layers(tmp_path, "a", "b") is None


def test_a_row_says_it_where_it_is_known() -> None:
    assert "2 of 9 layers lose 80 %" == said("layers", layers="2 of 9 layers lose 80 %")
    assert said("layers") is None
