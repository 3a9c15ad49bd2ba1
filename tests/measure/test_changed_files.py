"""A file that changes while it is weighed has no figures: what is opened is what was hashed."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.finished import WEIGHTS, content, part, write, write_data

from weighin import files
from weighin.core import WeighinError
from weighin.files import HashedFiles, sha256
from weighin.job.weighing import Asked, planned
from weighin.measure.cell import Cell

CHANGED = r"\.tflite was changed while it was weighed"


def overwrite(path: Path) -> None:
    """Other weights in the same bytes, and its times put back."""
    status = path.stat()
    with path.open("r+b") as file:
        file.write(content([part(weights=WEIGHTS[[1, 2, 0]])]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace(path: Path) -> None:
    """Another file by its name."""
    write(path.with_name("other"), part(weights=WEIGHTS[[1, 2, 0]])).replace(path)


def retarget(path: Path) -> None:
    """A link to another file in its place."""
    other = write(path.with_name("other"), part(weights=WEIGHTS[[1, 2, 0]]))
    path.unlink()
    path.symlink_to(other)


@pytest.fixture
def cells(tmp_path: Path) -> dict[str, Cell]:
    """A cell of the second of two equal files for each operation."""
    paths = [write(tmp_path / f"{name}.tflite") for name in "ab"]
    asked = Asked(
        data=write_data(tmp_path / "data.npz"),
        runtimes=("litert",),
        pair_seconds=0.05,
        results_dir=tmp_path / "results",
        cache_dir=str(tmp_path / "cache"),
    )
    run = planned(paths, asked)
    return {scope: run.cells(scope)[-1] for scope in ("artifact", "evaluation", "pair")}


OPERATIONS: dict[str, Callable[[Cell], Any]] = {
    "artifact": Cell.compress,
    "evaluation": Cell.evaluate,
    "pair": Cell.pair,
}


@pytest.mark.parametrize("change", [overwrite, replace, retarget, Path.unlink])
@pytest.mark.parametrize("scope", OPERATIONS)
def test_a_file_that_has_changed_is_not_measured(
    scope: str, change: Callable[[Path], None], cells: dict[str, Cell], tmp_path: Path
) -> None:
    change(tmp_path / "b.tflite")

    with pytest.raises(WeighinError, match=rf"{CHANGED}|cannot be read any more"):
        OPERATIONS[scope](cells[scope])


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("scope", OPERATIONS)
def test_a_file_that_changes_meanwhile_has_no_figures(
    scope: str, name: str, cells: dict[str, Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was measured is not recorded under its digest; of a pair, the baseline too."""
    cell = cells[scope]
    outcome = OPERATIONS[scope](cell)
    cell.record(outcome)
    time.sleep(0.02)  # the system's clock of files goes on

    def measured(*_: object) -> object:
        overwrite(tmp_path / f"{name}.tflite")
        return getattr(outcome, "gzipped", outcome)

    # the operation's last act before its outcome is there
    seam = {"artifact": "gzipped", "evaluation": "evaluate"}.get(scope)
    if seam:
        monkeypatch.setattr(cell.context, seam, measured)
    else:
        monkeypatch.setattr("weighin.measure.paired.measure", lambda *_, **__: measured())

    concerned = name == "b" or scope == "pair"
    if concerned:
        with pytest.raises(WeighinError, match=CHANGED):
            cell.record(OPERATIONS[scope](cell))
    else:
        cell.record(OPERATIONS[scope](cell))


def test_a_file_is_hashed_once_while_it_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But always while it is so young that a write could leave its times as they are."""
    path = write(tmp_path / "a.tflite")
    digest, hashed = sha256(path), list[Path]()
    monkeypatch.setattr(files, "sha256", lambda path: hashed.append(path) or sha256(path))
    known = HashedFiles()

    monkeypatch.setattr(files, "RACY_NS", 10**18)
    for _ in range(3):
        known.check(path, digest)
    assert 3 == len(hashed)

    monkeypatch.setattr(files, "RACY_NS", -(10**9))
    for _ in range(3):
        known.check(path, digest)
    assert 4 == len(hashed)

    time.sleep(0.02)
    overwrite(path)
    with pytest.raises(WeighinError, match=CHANGED):
        known.check(path, digest)
