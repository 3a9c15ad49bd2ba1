"""Files and folders are written whole or not at all."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from weighin.core import WeighinError
from weighin.files import created, fresh, moved, replacing, sha256


def everything(folder: Path) -> dict[str, str]:
    """Every file under a folder and what it holds."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def write_half(path: Path, problem: BaseException) -> None:
    """Begin to write a file, then meet a problem."""
    with replacing(path) as partial:
        partial.write_text("half of the n")
        raise problem


def write_half_a_folder(path: Path, problem: BaseException) -> None:
    """Begin to write a folder, then meet a problem."""
    with replacing(path) as partial:
        partial.mkdir()
        (partial / "one").write_text("new")
        raise problem


def write_file(path: Path) -> None:
    """Write a file as it is meant to be done."""
    with replacing(path) as partial:
        partial.write_text("new")


def test_a_new_file_is_written(tmp_path: Path) -> None:
    """What was written is found at the path, and nothing beside it."""
    write_file(tmp_path / "file")

    assert {"file": "new"} == everything(tmp_path)


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    """A folder that is not there yet is no obstacle."""
    write_file(tmp_path / "a" / "b" / "file")

    assert {"a/b/file": "new"} == everything(tmp_path)


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    """What stood at the path gives way."""
    (tmp_path / "file").write_text("old, and longer")

    write_file(tmp_path / "file")

    assert {"file": "new"} == everything(tmp_path)


def test_an_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """Whoever reads the path meanwhile finds the old file, all of it."""
    path = tmp_path / "file"
    path.write_text("old")

    with replacing(path) as partial:
        partial.write_text("new")
        meanwhile = path.read_text()

    assert "old" == meanwhile
    assert "new" == path.read_text()


@pytest.mark.parametrize("problem", [ValueError("no"), KeyboardInterrupt()])
def test_after_an_error_the_old_file_stands(tmp_path: Path, problem: BaseException) -> None:
    """An error inside goes on as it is; the old file is whole and no part of the new one left."""
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(type(problem)) as caught:
        write_half(path, problem)

    assert problem is caught.value
    assert {"file": "old"} == everything(tmp_path)


def test_after_an_error_there_is_no_new_file(tmp_path: Path) -> None:
    """Where nothing stood before, nothing stands after an error."""
    with pytest.raises(ValueError, match="no"):
        write_half(tmp_path / "file", ValueError("no"))

    assert [] == list(tmp_path.iterdir())


def test_an_old_folder_is_replaced(tmp_path: Path) -> None:
    """A folder takes the place of another with all that is in it."""
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "one").write_text("old")

    with replacing(tmp_path / "folder") as partial:
        partial.mkdir()
        (partial / "two").write_text("new")

    assert {"folder/two": "new"} == everything(tmp_path)


def test_after_an_error_the_old_folder_stands(tmp_path: Path) -> None:
    """A folder that was half made is gone, the one that it should replace is whole."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one").write_text("old")

    with pytest.raises(ValueError, match="no"):
        write_half_a_folder(tmp_path / "folder", ValueError("no"))

    assert {"folder/one": "old"} == everything(tmp_path)
    assert ["folder"] == [path.name for path in tmp_path.iterdir()]


def test_a_full_disk_is_told_with_the_path(tmp_path: Path) -> None:
    """What the system refuses is one message that names the path and the way out."""
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(WeighinError) as caught:
        write_half(path, OSError(28, "No space left on device"))

    assert f"{path} cannot be written: No space left on device. Free some" in str(caught.value)
    assert {"file": "old"} == everything(tmp_path)


def test_a_folder_in_the_way_of_a_file_is_told(tmp_path: Path) -> None:
    """A file does not replace a folder: the message names it, and it stays as it was."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "one").write_text("old")

    with pytest.raises(WeighinError) as caught:
        write_file(tmp_path / "taken")

    assert f"{tmp_path / 'taken'} cannot be written: " in str(caught.value)
    assert {"taken/one": "old"} == everything(tmp_path)


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    """A path through something that is no folder cannot be written: the message names it."""
    (tmp_path / "taken").write_text("old")

    with pytest.raises(WeighinError) as caught:
        write_file(tmp_path / "taken" / "file")

    assert f"{tmp_path / 'taken' / 'file'} cannot be written: " in str(caught.value)
    assert {"taken": "old"} == everything(tmp_path)


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    """A name that the file system refuses is a message too."""
    with pytest.raises(WeighinError, match="cannot be written: "):
        write_file(tmp_path / ("x" * 300))

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("links", [True, False])
def test_what_is_new_takes_no_name_that_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """A number follows the name then; also where the file system knows no links."""

    def refuse(*paths: object) -> None:
        raise OSError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "a.json").write_text("third")

    places = [created(tmp_path / "a.json", content) for content in (b"first", b"second")]
    places.append(moved(tmp_path / "scratch" / "a.json", tmp_path))

    assert ["a.json", "a-2.json", "a-3.json"] == [place.name for place in places]
    assert {"a.json": "first", "a-2.json": "second", "a-3.json": "third"} == everything(tmp_path)


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """Who can put a link in a file's place cannot have another file overwritten by it."""
    (tmp_path / "precious").write_text("mine")
    for name in ("file", "log"):
        (tmp_path / name).symlink_to("precious")

    write_file(tmp_path / "file")
    with os.fdopen(fresh(tmp_path / "log"), "w") as log:
        log.write("new")

    assert {"file": "new", "log": "new", "precious": "mine"} == everything(tmp_path)
    assert not any(path.is_symlink() for path in tmp_path.iterdir())


def test_what_is_being_written_lies_where_nobody_else_writes(tmp_path: Path) -> None:
    """No link can have been put there before, and none can be put there meanwhile."""
    with replacing(tmp_path / "file") as partial:
        partial.write_text("new")
        mode = partial.parent.stat().st_mode

    assert 0o700 == stat.S_IMODE(mode)
    assert ["file"] == [path.name for path in tmp_path.iterdir()]


def test_a_fresh_file_is_empty(tmp_path: Path) -> None:
    """What stood there is gone; a folder stays, and is told."""
    (tmp_path / "log").write_text("old")
    (tmp_path / "folder").mkdir()

    os.close(fresh(tmp_path / "log"))

    assert "" == (tmp_path / "log").read_text()
    with pytest.raises(WeighinError, match="folder cannot be written: "):
        fresh(tmp_path / "folder")


def test_sha256_is_of_the_bytes(tmp_path: Path) -> None:
    """The digest is the published one of `abc` (FIPS 180-2, appendix B.1)."""
    (tmp_path / "file").write_bytes(b"abc")

    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert expected == sha256(tmp_path / "file")
