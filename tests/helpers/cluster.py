"""Dask clusters of processes that a test starts and ends, and what their workers are asked."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from weighin.build.executors import orders
from weighin.files import key_of

SIGNATURE = {
    "inputs": [{"name": "image", "dtype": "float32", "shape": [6, 6, 1]}],
    "outputs": [{"name": "scores", "dtype": "float32", "shape": [3]}],
}
LOG = "WEIGHIN_TEST_LOG"  # a file to which every finished job is written
SECONDS = "WEIGHIN_TEST_SECONDS"  # that a job takes


def made(order: bytes, parent: orders.Result | None, *carried: Any) -> orders.Result:
    """What a worker answers that has built a job: a file of nothing but its key."""
    told = json.loads(order)
    key = key_of(told["chain"][-1])
    time.sleep(float(os.environ.get(SECONDS, "0")))
    with Path(os.environ[LOG]).open("a") as log:
        log.write(f"{key}\n")
    content = f"TFL3 {key} of {parent and orders.key_of_bytes(parent[1])}".encode()
    return result(key, content)


def result(key: str, content: bytes, **changes: Any) -> orders.Result:
    """An answer with an artifact, some of what it says changed."""
    packed = io.BytesIO()
    np.savez(packed, scores=np.zeros((4, 3), np.float32))
    told = {
        "key": key,
        "format": "tflite",
        "sha256": orders.key_of_bytes(content),
        "answers_sha256": orders.key_of_bytes(packed.getvalue()),
        "seconds": 1.5,
        "facts": {"signature": SIGNATURE, "task": "classification", "trained": True},
    }
    return json.dumps(told | changes).encode(), content, packed.getvalue()


@dataclass
class Started:
    """A cluster's processes.

    Attributes:
        address: of its scheduler.
        workers: their processes.
    """

    address: str
    environment: Mapping[str, str]
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def worker(self, *words: str, prefix: Sequence[str] = (), **environment: str) -> Any:
        """Start a worker of one thread; it takes part some time later."""
        cache = self.folder / f"cache-{len(self.workers)}"
        words = ("--nthreads", "1", "--no-dashboard", "--no-nanny", *words)
        words += ("--local-directory", str(self.folder), "--death-timeout", "60")
        process = start(
            [*prefix, *dask("worker"), self.address, *words],
            {**self.environment, "WEIGHIN_CACHE_DIR": str(cache), **environment},
            self.folder / f"worker-{len(self.workers)}.log",
        )
        self.workers.append(process)
        return process


def dask(command: str) -> list[str]:
    """The command line of Dask, of this Python."""
    return [sys.executable, "-m", "dask", command]


def start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Any:
    """Start a process whose output goes to a file."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )


@contextlib.contextmanager
def cluster(
    environment: Mapping[str, str], *, host: str = "127.0.0.1", failures: int = 3
) -> Iterator[Started]:
    """A scheduler, and whatever workers are started; all of them are killed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="weighin-cluster-"))
    environment = {**environment, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(failures)}
    log = folder / "scheduler.log"
    words = ("--host", host, "--port", "0", "--no-dashboard", "--no-show")
    scheduler = start([*dask("scheduler"), *words], environment, log)
    try:
        started = Started(_address(log, scheduler), environment, folder)
        yield started
    finally:
        for process in [*(started.workers if "started" in locals() else ()), scheduler]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _address(log: Path, scheduler: Any) -> str:
    while True:
        found = re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text())
        if found:
            return found[1]
        assert scheduler.poll() is None, log.read_text()
        time.sleep(0.05)
