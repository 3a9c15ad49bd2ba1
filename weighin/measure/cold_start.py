"""Cold starts: a file opened and a first example answered, each time in a fresh process."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from weighin import registry
from weighin.core import Arrays, Runtime, SkippedError, WeighinError
from weighin.outcomes import ColdStart
from weighin.subprocesses import Started, SubprocessError

MODULE = "weighin.measure.first_answer"


def cold_starts(
    runtime: str,
    path: Path,
    threads: int,
    example: Arrays,
    definitions: Sequence[Path] = (),
    *,
    count: int = 1,
) -> list[ColdStart]:
    """Load `path`, allocate and answer one example in fresh processes.

    The processes start and import side by side; then each is measured by itself, the others idle.

    Args:
        runtime: a registered runtime's name.
        path: the file.
        threads: of the session.
        example: what is answered, inputs by name, each `(1, …)`.
        definitions: files and folders that may register the runtime.
        count: of processes.

    Raises:
        SkippedError: if the runtime runs no such file.
        WeighinError: if a process fails; the message ends in its last line.
    """
    content = b"".join(values.tobytes() for values in example.values())
    orders = {
        "runtime": runtime,
        "class": _class(registry.runtimes[runtime]),
        "path": str(path),
        "threads": threads,
        "definitions": [str(definition.resolve()) for definition in definitions],
        "bytes": len(content),
        "inputs": [
            {"name": name, "dtype": values.dtype.str, "shape": values.shape}
            for name, values in example.items()
        ],
    }
    given = json.dumps(orders).encode() + b"\n" + content
    try:
        with contextlib.ExitStack() as stack:
            started = [stack.enter_context(Started(MODULE, given)) for _ in range(count)]
            for process in started:
                process.wait()
            return [_outcome(process.go()) for process in started]
    except SubprocessError as error:
        failed = "failed: " if error.of_itself else ""
        raise WeighinError(f"a fresh process with {runtime} {failed}{error}") from None


def _outcome(line: bytes | str) -> ColdStart:
    told = json.loads(line)
    if "skipped" in told:
        raise SkippedError(told["skipped"])
    return ColdStart(told["seconds"], told["peak_bytes"], tuple(told["answer"]))


def _class(runtime: Runtime) -> tuple[str, str] | None:
    """Module and name of weighin's own class that makes this runtime when it is called.

    A fresh process then imports that module and no other. None for a runtime that a definition
    registers, or one of several of a class.
    """
    kind = type(runtime)
    if kind.__module__.startswith("weighin.") and kind.__init__ is object.__init__:
        return kind.__module__, kind.__qualname__
    return None
