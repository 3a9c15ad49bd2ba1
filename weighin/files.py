"""Writing files and folders whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from weighin.core import WeighinError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write a file or make a folder at; it becomes `path` if nothing is raised.

    What stood at `path` stays whole until then; after an error nothing is left behind.

    Raises:
        WeighinError: where the system refuses (no space, no permission); it names `path`.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        if partial.is_dir() and path.exists():
            shutil.rmtree(path)
        partial.replace(path)
    except OSError as error:
        where = path if error.filename in (None, str(partial)) else error.filename
        raise WeighinError(
            f"{where} cannot be written: {error.strerror or error}. Free some space or mend the "
            f"permissions, or choose another folder (--weighin-cache-dir, --weighin-results-dir)."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with suppress(OSError):
            partial.unlink()


def sha256(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
