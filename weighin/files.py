"""Writing files and folders whole or not at all."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from weighin.core import WeighinError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write a file or make a folder at; it becomes `path` if nothing is raised.

    What stood at `path` stays whole until then; after an error nothing is left behind. It is
    written in a folder of this process alone, where nobody else can have put a link.

    Raises:
        WeighinError: where the system refuses (no space, no permission); it names `path`.
    """
    partial = path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(".partial", ".", path.parent) as folder:
            partial = Path(folder, path.name)
            yield partial
            if partial.is_dir() and path.exists():
                shutil.rmtree(path)
            partial.replace(path)
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


def key_of(provenance: Mapping[str, Any]) -> str:
    """The key of an artifact with this provenance."""
    text = json.dumps(provenance, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
