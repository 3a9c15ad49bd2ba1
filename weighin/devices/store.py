"""Files that were sent, by digest: each goes once, part by part, and goes on where it broke off.

    <folder>/<sha256>.<format>        whole, and hashed when its last part had come
    <folder>/<sha256>.<format>.part   as much as has come

Their names are made of digests and words of a few letters, never of anything else that is sent.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from weighin.core import WeighinError
from weighin.files import HashedFiles, sha256

MOST_BYTES = 4_000_000_000  # of all files; those not used for longest go first
STALE_SECONDS = 3 * 86_400.0  # after which nobody goes on with a part
LOCKED_SECONDS = 30.0  # that another agent may take to write a part
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FORMAT = re.compile(r"[a-z0-9][a-z0-9_.-]{0,30}")


class LackingError(WeighinError):
    """A file is not there, or not any more: it can be sent again."""


class Store:
    """A folder of files that were sent."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Take a folder of its own, which is made when something comes."""
        self._folder, self._most = folder, most_bytes
        self._hashed = HashedFiles()
        self._used: set[Path] = set()  # by this agent, lest they go while they are measured

    def holds(self, digest: str, format: str) -> tuple[int, bool]:
        """How many bytes of a file are there, and whether that is all."""
        path = self._place(digest, format)
        if path.is_file():
            return path.stat().st_size, True
        part = _part(path)
        return (part.stat().st_size if part.is_file() else 0), False

    def path(self, digest: str, format: str) -> Path:
        """A file that is whole, and still holds what was sent: a card or a disk may lose bits.

        Raises:
            LackingError: if it is not there, or was changed, and is let go.
        """
        path = self._place(digest, format)
        try:
            if path not in self._used:
                os.utime(path)  # used now: others go before it
        except OSError:
            raise LackingError(f"the file {digest[:12]} is not there") from None
        self._used.add(path)
        try:
            self._hashed.check(path, digest)
        except WeighinError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise LackingError(f"the file {digest[:12]} is not there as it was sent") from None
        return path

    def add(self, digest: str, format: str, at: int, total: int, content: bytes) -> int:
        """Write the next part of a file; how much of it is there then.

        Raises:
            LackingError: if the part does not go on where the last one ended, or the whole has
                another digest: it is to be sent from its beginning.
            WeighinError: if there is no room.
        """
        path = self._place(digest, format)
        with self._writing(path):
            if path.is_file():
                return path.stat().st_size
            there = _part(path).stat().st_size if _part(path).is_file() else 0
            if at != there or at + len(content) > total:
                raise LackingError(f"{there:,} bytes of {digest[:12]} are there, not {at:,}")
            self._make_room(total, path)
            with _part(path).open("ab") as file:
                file.write(content)
            if at + len(content) == total:
                self._finish(path, digest)
        return at + len(content)

    def _finish(self, path: Path, digest: str) -> None:
        if sha256(_part(path)) != digest:
            _part(path).unlink()
            raise LackingError(f"what came as {digest[:12]} has another digest")
        _part(path).replace(path)
        self._used.add(path)

    @contextlib.contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / ".lock", timeout=LOCKED_SECONDS):
                yield
        except Timeout:
            raise WeighinError("another agent writes files and does not end") from None
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):  # what cannot be ended takes no room
                _part(path).unlink(missing_ok=True)
            raise WeighinError(
                f"the file {path.name[:12]} cannot be kept in {self._folder}: {error.strerror}; "
                f"free some space, or name another folder: weighin agent --cache-dir"
            ) from None

    def _make_room(self, total: int, path: Path) -> None:
        """Let go of what was not used for longest, as long as that is needed."""
        if total > self._most:
            raise WeighinError(
                f"a file of {total:,} bytes is more than this agent keeps ({self._most:,}: "
                f"weighin agent --cache-gigabytes)"
            )
        files = []
        for file in self._folder.iterdir():
            with contextlib.suppress(OSError):  # another agent let go of it
                state = file.stat()
                is_stale = file.suffix == ".part" and time.time() - state.st_mtime > STALE_SECONDS
                if is_stale and file != _part(path):
                    file.unlink()
                elif file not in self._used and file != _part(path):
                    files.append((state.st_mtime, state.st_size, file))
        used = sum(file.stat().st_size for file in self._used if file.is_file())
        room = self._most - total - used - sum(size for _, size, _ in files)
        for _, size, file in sorted(files):
            if room >= 0:
                return
            file.unlink(missing_ok=True)
            room += size

    def _place(self, digest: str, format: str) -> Path:
        if not _DIGEST.fullmatch(digest) or not _FORMAT.fullmatch(format):
            raise WeighinError(f"{digest[:80]!r}, {format[:40]!r} are no digest and format")
        return self._folder / f"{digest}.{format}"


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
