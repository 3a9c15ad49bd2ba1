"""Writing files and folders whole or not at all."""

from __future__ import annotations

import hashlib
import itertools
import json
import mmap
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from weighin.core import WeighinError

RACY_NS = 100_000_000  # systems keep times of files in steps of up to 10 ms


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write a file or make a folder at; it becomes `path` if nothing is raised.

    What stood at `path` stays whole until then; after an error nothing is left behind. It is
    written in a folder of this process alone, where nobody else can have put a link.

    Raises:
        WeighinError: where the system refuses (no space, no permission); it names `path`.
    """
    with _partial(path) as partial:
        yield partial
        if partial.is_dir() and path.exists():
            shutil.rmtree(path)
        partial.replace(path)


def created(path: Path, content: bytes) -> Path:
    """Write a new file, whole or not at all; what is there already stays as it is.

    Returns:
        Where it is: at `path`, or, where that is taken, with a number behind its name.

    Raises:
        WeighinError: as `replacing`.
    """
    with _partial(path) as partial:
        partial.write_bytes(content)
        return _placed(partial, path)


def moved(path: Path, folder: Path) -> Path:
    """Move a file to a folder of the same disk; what is there already stays as it is.

    Returns:
        Where it is: under its own name, or, where that is taken, with a number behind it.

    Raises:
        WeighinError: as `replacing`.
    """
    target = folder / path.name
    try:
        place = _placed(path, target)
        path.unlink(missing_ok=True)
    except OSError as error:
        raise refusal(target, error, path) from error
    return place


def _placed(path: Path, target: Path) -> Path:
    """Give a file another name: the target's, or that with the first number that makes it free."""
    numbers = (target.with_stem(f"{target.stem}-{number}") for number in itertools.count(2))
    for place in itertools.chain([target], numbers):
        try:
            _link(path, place)
        except FileExistsError:
            continue
        return place
    raise AssertionError("there is always another number")


def _link(path: Path, place: Path) -> None:
    """Give a file another name, unless that is taken.

    Raises:
        FileExistsError: if it is.
    """
    try:
        os.link(path, place)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: there the name is taken first
        place.open("xb").close()
        path.replace(place)


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """Yield a path in a folder beside `path` where nobody else writes; nothing is left there."""
    partial = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(".partial", ".", path.parent) as folder:
            partial = Path(folder, path.name)
            yield partial
    except OSError as error:
        raise refusal(path, error, partial) from error


def fresh(path: Path) -> int:
    """A descriptor of a new, empty file in the place of what stands there; no link is followed.

    Raises:
        WeighinError: where the system refuses; it names `path`.
    """
    try:
        path.unlink(missing_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except OSError as error:
        raise refusal(path, error) from error


def refusal(path: Path, error: OSError, *own: Path) -> WeighinError:
    """The error that says why a file cannot be written, and what to do.

    Args:
        path: the file.
        error: what the system said.
        own: other paths that stand for it, which the message need not name.
    """
    other = error.filename not in (None, str(path), *map(str, own))
    where = f" ({error.filename})" if other else ""
    return WeighinError(
        f"{path} cannot be written: {error.strerror or error}{where}. Free some space or mend the "
        f"permissions, or choose another folder (of pytest --weighin-cache-dir, "
        f"--weighin-results-dir; of weighin weigh --cache-dir, --output)."
    )


@contextmanager
def mapped(path: Path) -> Iterator[mmap.mmap]:
    """The bytes of a file that is not empty, read where they are used: it may be very large."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        yield content


def sha256(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class HashedFiles:
    """Files whose bytes were hashed, and are hashed again if the system says that they changed.

    A file is known by its inode, size and times, of which nobody sets the time of change (ctime).
    Where that is so young that a later write could have the same, the bytes are always asked, as
    Git does with its index (Documentation/technical/racy-git.txt).
    """

    def __init__(self) -> None:
        """Know no file yet."""
        self._known: dict[tuple[Path, str], tuple[int, ...]] = {}

    def check(self, path: Path, digest: str) -> None:
        """Make sure that a file holds what was hashed.

        Args:
            path: the file.
            digest: sha256 of what it should hold, in hex.

        Raises:
            WeighinError: if it holds something else or cannot be read.
        """
        try:
            before = state(path)
            if self._known.get((path, digest)) == before:
                return
            self._known.pop((path, digest), None)
            holds_it = sha256(path) == digest and state(path) == before
        except OSError as error:
            raise WeighinError(f"{path} cannot be read any more: {error.strerror}.") from None
        if not holds_it:
            raise WeighinError(
                f"{path} was changed while it was weighed: its figures would be those of another "
                f"file. Run again, and leave it alone meanwhile."
            )
        if max(before[-2:]) < time.time_ns() - RACY_NS:
            self._known[path, digest] = before


def state(path: Path) -> tuple[int, ...]:
    """What the system says of a file, by which a change is told; its times stand last.

    Raises:
        OSError: if it cannot be asked.
    """
    status = path.stat()
    return (
        *(status.st_dev, status.st_ino, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )


def key_of(provenance: Mapping[str, Any]) -> str:
    """The key of an artifact with this provenance."""
    text = json.dumps(provenance, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
