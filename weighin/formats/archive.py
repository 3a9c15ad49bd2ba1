"""Folders as one file and back: how a model that is a folder lies in the cache."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath

from weighin.core import WeighinError
from weighin.formats.opening import check_unpacked, whole_file

_WHEN = (1980, 1, 1, 0, 0, 0)  # so that the same folder makes the same bytes


def packed(folder: Path) -> bytes:
    """A folder's files as a zip archive, not compressed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                info = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _WHEN)
                archive.writestr(info, file.read_bytes())
    return target.getvalue()


def unpack(path: Path, folder: Path) -> None:
    """Write the files of an archive into a folder, and nothing outside of it.

    Raises:
        WeighinError: if the archive is damaged, names a place outside of the folder, or would
            unpack to far more than it is.
    """
    with whole_file(path), zipfile.ZipFile(path) as archive:
        entries = [each for each in archive.infolist() if not each.is_dir()]
        check_unpacked("it", sum(each.file_size for each in entries), path.stat().st_size)
        for each in entries:
            place = PurePosixPath(each.filename)
            if place.is_absolute() or ".." in place.parts or "\\" in each.filename:
                raise WeighinError(f"{path} names a place outside of itself: {each.filename}.")
            target = folder.joinpath(*place.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(each))
