"""Records of a run in progress: each is appended as it is made, nothing is written twice.

The file is a whole results file after every append, so whatever ends the run, what it measured can
be read. What it had not come to is in the file from the start, as `not measured` with that reason;
`finish` writes the file anew, in order.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

from weighin.core import Record, Results
from weighin.files import refusal
from weighin.records import store

_TAIL = store.TAIL.encode()


class Recorder:
    """Appends records to one results file."""

    def __init__(self, path: Path, planned: Results) -> None:
        """Begin the file.

        Args:
            path: of the file; its folder is made.
            planned: the environment, what the metrics mean, and a record for every figure that is
                to come, saying that it was not measured.

        Raises:
            WeighinError: if it cannot be written.
        """
        self.path = path
        self._any = bool(planned.records)
        text = store.head(planned, unfinished=True) + store.rows(path, planned.records)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() + _TAIL)
        except OSError as error:
            raise refusal(path, error) from error

    def append(self, records: Sequence[Record]) -> None:
        """Add records; each replaces what the file said of its figure before.

        Raises:
            WeighinError: if they cannot be written; the file is then as it was.
        """
        if not records:
            return
        text = (",\n" if self._any else "") + store.rows(self.path, records)
        try:
            # without a buffer, which would try to write again what did not fit
            with self.path.open("r+b", buffering=0) as file:
                end = file.seek(-len(_TAIL), os.SEEK_END)
                try:
                    _write(file, text.encode() + _TAIL)
                except OSError:
                    file.truncate(end)
                    file.seek(end)
                    _write(file, _TAIL)
                    raise
        except OSError as error:
            raise refusal(self.path, error) from error
        self._any = True

    def finish(self, results: Results) -> None:
        """Write the whole file anew, whole or not at all.

        Raises:
            WeighinError: if it cannot be written; what was appended stays.
        """
        store.save(self.path, results)


def _write(file: io.FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
