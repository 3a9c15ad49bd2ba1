"""The process of one cold start: `python -m weighin.measure.first_answer`.

Reads its orders as a line of JSON and then the inputs' bytes from standard input, writes a line
when it has imported what it needs, waits for one, and writes one line of JSON to standard output.

It imports as little as it can: six of these start for every row.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin.measure.naming import refuse_unnamed

if TYPE_CHECKING:
    from weighin.core import Runtime

TOLD = 16  # values of the first output that are told


def _runtime(orders: dict[str, Any]) -> Runtime:
    """The runtime: by its class alone where that suffices, else from what registers it."""
    if orders["class"]:
        module, name = orders["class"]
        runtime: Runtime = getattr(importlib.import_module(module), name)()
        return runtime
    from weighin import registry
    from weighin.definitions import load_definitions

    load_definitions([Path(definition) for definition in orders["definitions"]])
    return registry.runtimes[orders["runtime"]]


def _peak_bytes() -> int:
    """Highest resident memory of this process, in bytes.

    Not `ru_maxrss`: on Linux that survives exec, so a child starts with its parent's peak.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii", errors="replace")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        import psutil

        memory = psutil.Process().memory_info()
        return int(getattr(memory, "peak_wset", memory.rss))


def _main() -> None:
    orders = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read(orders["bytes"])
    example, at = {}, 0
    for entry in orders["inputs"]:
        count = int(np.prod(entry["shape"], dtype=np.int64))
        values = np.frombuffer(content, entry["dtype"], count, at)
        example[entry["name"]] = values.reshape(entry["shape"])
        at += values.nbytes
    runtime = _runtime(orders)
    runtime.load()
    # what weighin itself reads of the file, to name what goes in and out, is not the engine's time
    getattr(runtime, "look", lambda path: None)(Path(orders["path"]))
    print("ready", flush=True)
    sys.stdin.buffer.readline()
    began = time.perf_counter()
    try:
        session = runtime.open(Path(orders["path"]), orders["threads"])
    except Exception as error:
        from weighin.core import SkippedError

        if not isinstance(error, SkippedError):
            raise
        print(json.dumps({"skipped": str(error)}))  # no failure, so it ends as one that answered
        return
    try:
        session.inference(example)()
    except (AttributeError, KeyError, TypeError) as error:
        if orders["class"]:
            raise
        given = {name: list(values.shape) for name, values in example.items()}
        sys.exit(  # a runtime of somebody's own
            f"{type(error).__name__}: {error} (its sessions are given inputs by name: {given})"
        )
    outputs = session.answer()
    seconds = time.perf_counter() - began
    refuse_unnamed(outputs)
    answer = next(iter(outputs.values())).ravel()[:TOLD].tolist()
    told = json.dumps({"seconds": seconds, "peak_bytes": _peak_bytes(), "answer": answer})
    print(told, flush=True)
    if not runtime.needs_tensorflow:
        session.predict(example)  # what crashes by this is not to do so where others are measured


if __name__ == "__main__":
    try:
        _main()
    except Exception as error:
        from weighin.core import WeighinError

        if isinstance(error, WeighinError):
            sys.exit(str(error))
        raise
