"""Records of a run in progress: each is appended as it is made, nothing is written twice.

The file is a journal (`weighin.records.store`) that loads after every append, and whatever ends the
run: of a line that was being written then, nothing is taken. What the run had not come to is in the
file from the start, as `not measured` with that reason; `finish` lays all together, in order.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from weighin.core import Record, Results
from weighin.files import created, refusal, replacing
from weighin.records import store


class Recorder:
    """Appends records to one results file, which is its own.

    Attributes:
        path: of the file.
    """

    def __init__(self, folder: Path, name: str, planned: Results) -> None:
        """Begin a file; where another run has taken the name, a number follows it.

        Args:
            folder: where it goes; it is made.
            name: of the file, without its ending.
            planned: the environment, what the metrics mean, and a record for every figure that is
                to come, saying that it was not measured.

        Raises:
            WeighinError: if it cannot be written.
        """
        path = folder / f"{name}.json"
        content = store.begun(path, planned)
        self.path = created(path, content)
        self._end = len(content)  # of what is whole
        self._waiting: list[Record] = []

    def plan(self, planned: Results) -> None:
        """Begin the file anew, whole or not at all.

        Raises:
            WeighinError: if it cannot be written.
        """
        content = store.begun(self.path, planned)
        with replacing(self.path) as partial:
            partial.write_bytes(content)
        self._end = len(content)

    def append(self, records: Sequence[Record]) -> None:
        """Add records; each replaces what the file said of its figure before.

        Raises:
            WeighinError: if they cannot be written; they are then tried again with the next.
        """
        self._waiting += records
        if not self._waiting:
            return
        content = store.lines(self.path, self._waiting)
        try:
            # without a buffer, which would try to write again what did not fit
            with self.path.open("r+b", buffering=0) as file:
                file.truncate(self._end)  # what did not fit before may have left a part
                file.seek(self._end)
                _write(file, content)
        except OSError as error:
            raise refusal(self.path, error) from error
        self._end += len(content)
        self._waiting.clear()

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
