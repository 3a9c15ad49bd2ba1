"""One cold start, in a process of its own: `python -m weighin.measure.cold_start`.

Reads its orders as a line of JSON and then the image as .npy from standard input, and writes one
line of JSON to standard output.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from weighin import registry
from weighin.core import Images, WeighinError
from weighin.definitions import load_definitions
from weighin.outcomes import ColdStart
from weighin.subprocesses import SubprocessError, run_module


def cold_start(
    runtime: str, path: Path, threads: int, image: Images, definitions: Sequence[Path] = ()
) -> ColdStart:
    """Load `path`, allocate and answer `image` `(1, height, width, channels)` in a fresh process.

    Args:
        runtime: a registered runtime's name.
        path: the artifact.
        threads: of the session.
        image: what is answered.
        definitions: files and folders that may register the runtime.

    Raises:
        WeighinError: if the process fails; the message ends in its last line.
    """
    orders = json.dumps(
        {
            "runtime": runtime,
            "path": str(path),
            "threads": threads,
            "definitions": [str(each.resolve()) for each in definitions],
        }
    )
    stdin = io.BytesIO()
    stdin.write(orders.encode() + b"\n")
    np.save(stdin, image, allow_pickle=False)
    try:
        printed = run_module("weighin.measure.cold_start", given=stdin.getvalue())
    except SubprocessError as error:
        failed = "failed: " if error.of_itself else ""
        raise WeighinError(f"a fresh process with {runtime} {failed}{error}") from None
    return ColdStart(**json.loads(printed.decode().splitlines()[-1]))


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
    image = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    if orders["runtime"] not in registry.runtimes:
        load_definitions([Path(each) for each in orders["definitions"]])
    runtime = registry.runtimes[orders["runtime"]]
    runtime.load()
    began = time.perf_counter()
    session = runtime.open(Path(orders["path"]), orders["threads"])
    session.inference(image)()
    top1 = int(session.answer().argmax())
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak_bytes": _peak_bytes(), "top1": top1}))


if __name__ == "__main__":
    try:
        _main()
    except WeighinError as error:
        sys.exit(str(error))
