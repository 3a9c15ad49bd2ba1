"""What a user's own function returns.

It is called in a process of its own: it may load TensorFlow, and what is measured here must not.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

import numpy as np

from weighin.core import Array, WeighinError
from weighin.datasets.arrays import digest
from weighin.datasets.kinds.calling import CALLED
from weighin.datasets.kinds.reading import Reading
from weighin.datasets.kinds.source import Kind, Source, existing
from weighin.datasets.storing import Store
from weighin.subprocesses import SubprocessError, run_module

_NAMED = re.compile(r"(?P<place>.+\.py|[A-Za-z_][\w.]*):(?P<function>[A-Za-z_]\w*)")


def _takes(spec: str) -> bool:
    return _NAMED.fullmatch(spec) is not None and not Path(spec).exists()


def _open(spec: str, reading: Reading) -> Source:
    match = _NAMED.fullmatch(spec)
    place, function = (match["place"], match["function"]) if match else (spec, "")
    is_file = place.endswith(".py")
    if is_file:
        place = str(existing(place).resolve())
    arrays = called(place, function, spec)
    return source_of(Path(place).stem if is_file else place.rpartition(".")[2], arrays)


def called(place: str, function: str, spec: str) -> dict[str, Array]:
    """The arrays that a function returns, by name.

    Args:
        place: the whole path of its file, or the module, which may lie in the current folder.
        function: its name.
        spec: what the user wrote.

    Raises:
        WeighinError: if it fails, or returns something else; then it names the line.
    """
    if os.environ.get(CALLED):
        raise WeighinError(
            f"--data {spec}: its file brings data itself when it is imported, without end: write "
            f"if __name__ == '__main__': above what it does besides defining functions."
        )
    with tempfile.TemporaryDirectory() as folder:
        module = "weighin.datasets.kinds.calling"
        try:
            run_module(module, place, function, str(Path.cwd()), folder)
        except SubprocessError as error:
            raise WeighinError(f"--data {spec}: {error}") from None
        written = Path(folder) / "names.json"
        if not written.exists():
            raise WeighinError(f"--data {spec}: it ended the process instead of returning arrays.")
        names = json.loads(written.read_text("utf-8"))
        return {
            name: np.load(Path(folder) / f"{number}.npy", allow_pickle=False)
            for number, name in enumerate(names)
        }


def source_of(name: str, arrays: dict[str, Array]) -> Source:
    """Arrays that are in memory; a copy of them is told by what they hold."""
    shapes = " ".join(f"{key} {values.dtype} {values.shape}" for key, values in arrays.items())

    def decode(store: Store) -> None:
        store.write(arrays)

    return Source(name, decode, content=f"{digest(arrays)} {shapes}")


FUNCTIONS = Kind("a function", "MODULE:FUNCTION or FILE.py:FUNCTION", _takes, _open)
