"""One cold start, in a process of its own: `python -m weighin.measure.cold_start`.

Reads its orders as a line of JSON and then the image as .npy from standard input, writes a line
when it has imported what it needs, waits for one, and writes one line of JSON to standard output.
"""

from __future__ import annotations

import contextlib
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
from weighin.subprocesses import Started, SubprocessError

MODULE = "weighin.measure.cold_start"


def cold_starts(
    runtime: str,
    path: Path,
    threads: int,
    image: Images,
    definitions: Sequence[Path] = (),
    *,
    count: int = 1,
) -> list[ColdStart]:
    """Load `path`, allocate and answer `image` `(1, height, width, channels)` in fresh processes.

    The processes start and import side by side; then each is measured by itself, the others idle.

    Args:
        runtime: a registered runtime's name.
        path: the artifact.
        threads: of the session.
        image: what is answered.
        definitions: files and folders that may register the runtime.
        count: of processes.

    Raises:
        WeighinError: if a process fails; the message ends in its last line.
    """
    content = io.BytesIO()
    np.save(content, image, allow_pickle=False)
    orders = {
        "runtime": runtime,
        "path": str(path),
        "threads": threads,
        "definitions": [str(each.resolve()) for each in definitions],
        "image_bytes": len(content.getvalue()),
    }
    given = json.dumps(orders).encode() + b"\n" + content.getvalue()
    try:
        with contextlib.ExitStack() as stack:
            started = [stack.enter_context(Started(MODULE, given)) for _ in range(count)]
            for process in started:
                process.wait()
            return [ColdStart(**json.loads(process.go())) for process in started]
    except SubprocessError as error:
        failed = "failed: " if error.of_itself else ""
        raise WeighinError(f"a fresh process with {runtime} {failed}{error}") from None


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
    content = sys.stdin.buffer.read(orders["image_bytes"])
    image = np.load(io.BytesIO(content), allow_pickle=False)
    if orders["runtime"] not in registry.runtimes:
        load_definitions([Path(each) for each in orders["definitions"]])
    runtime = registry.runtimes[orders["runtime"]]
    runtime.load()
    print("ready", flush=True)
    sys.stdin.buffer.readline()
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
