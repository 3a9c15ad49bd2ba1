"""Dask clusters of processes that a test starts and ends, and what their workers are asked."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weighin.build.executors import orders
from weighin.cluster.connection import connected
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


def deadly(order: bytes, parent: orders.Result | None, *carried: Any) -> orders.Result:
    """Ends the worker over jobs of seed 0; makes the others."""
    if json.loads(order)["job"]["seed"] == 0:
        os._exit(9)
    return made(order, parent, *carried)


def picky(order: bytes, parent: orders.Result | None, *carried: Any) -> orders.Result:
    """Refuses, on a worker that is told to, as one does that would build another artifact."""
    if "WEIGHIN_TEST_REFUSES" in os.environ:
        from distributed import get_worker

        told = {"refused": "dataset_digest abc there, def here", "worker": get_worker().address}
        return json.dumps(told).encode(), b"", b""
    return made(order, parent, *carried)


def lying(order: bytes, parent: orders.Result | None, *carried: Any) -> orders.Result:
    """Sends other bytes than it says."""
    said, content, answers = made(order, parent, *carried)
    return said, content + b"!", answers


def failing(order: bytes, parent: orders.Result | None, *carried: Any) -> orders.Result:
    """Fails at every job, in words that a terminal would obey."""
    told = {"failed": "no \x1b[2J today", "skipped": False, "log": "first\nlast\n"}
    return json.dumps(told).encode(), b"", b""


def result(key_: str, content: bytes, **changes: Any) -> orders.Result:
    """An answer with an artifact, some of what it says changed."""
    packed = io.BytesIO()
    np.savez(packed, scores=np.zeros((4, 3), np.float32))
    told = {
        "key": key_,
        "format": "tflite",
        "sha256": orders.key_of_bytes(content),
        "answers_sha256": orders.key_of_bytes(packed.getvalue()),
        "seconds": 1.5,
        "facts": {"signature": SIGNATURE, "task": "classification", "trained": True},
    }
    return json.dumps(told | changes).encode(), content, packed.getvalue()


class Forking:
    """`helpers.forking` at work."""

    def __init__(self, environment: Mapping[str, str], prefix: Sequence[str] = ()) -> None:
        """Start it; `prefix` are words before its command line, as of `ip netns exec`."""
        path = os.pathsep.join([str(Path(__file__).parents[1]), environment.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "helpers.forking"],
            env={**environment, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, **told: Any) -> int:
        """Start something; the number of its process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """End it, and with it all that it has started."""
        self._process.kill()
        self._process.communicate()


@dataclass
class Started:
    """A scheduler and its workers.

    Attributes:
        forking: what starts them.
        folder: for their logs and caches.
        address: of the scheduler.
        scheduler: its process.
        workers: theirs, those that were killed included.
    """

    forking: Forking
    folder: Path
    address: str
    scheduler: int
    workers: list[int] = field(default_factory=list)

    def worker(
        self,
        *,
        forking: Forking | None = None,
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> int:
        """Start a worker of one thread, with a cache of its own; the number of its process."""
        number = len(self.workers)
        cache = {"WEIGHIN_CACHE_DIR": str(self.folder / f"cache-{number}")}
        pid = (forking or self.forking).start(
            what="worker",
            scheduler=self.address,
            folder=str(self.folder),
            log=str(self.folder / f"worker-{number}.log"),
            environment={LOG: str(self.log), **cache, **(environment or {})},
            nthreads=1,
            **options,
        )
        self.workers.append(pid)
        return pid

    @property
    def log(self) -> Path:
        """Where `made` writes the keys of what it has made."""
        return self.folder / "made.log"

    def made(self) -> list[str]:
        """The keys of what was made, each as often as it was."""
        return self.log.read_text().split() if self.log.exists() else []

    def await_workers(self, count: int) -> None:
        """Wait until so many take part."""
        with connected(self.address) as connection:
            while len(connection.workers()) < count:
                time.sleep(0.02)


@contextlib.contextmanager
def cluster(
    forking: Forking, folder: Path, workers: int = 0, *, host: str = "127.0.0.1", failures: int = 3
) -> Iterator[Started]:
    """A scheduler and some workers that take part; all of them are killed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "address"
    told = {"what": "scheduler", "host": host, "address": str(place), "failures": failures}
    pid = forking.start(log=str(folder / "scheduler.log"), environment={}, **told)
    while not place.exists():
        os.kill(pid, 0)  # it lives
        time.sleep(0.02)
    started = Started(forking, folder, place.read_text(), pid)
    try:
        for _ in range(workers):
            started.worker()
        started.await_workers(workers)
        yield started
    finally:
        for each in (*started.workers, pid):
            kill(each)


def kill(pid: int) -> None:
    """End a process, in the middle of whatever it is at."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def network_namespace() -> Iterator[tuple[str, list[str]]]:
    """Another network namespace, joined by a pair of virtual interfaces.

    Yields:
        This side's address, and the words before a command that run it on the other side.
    """
    ip = shutil.which("ip")
    if os.getuid() or not ip:
        pytest.skip("a network namespace takes root, and the command ip (Debian: iproute2)")
    number = os.getpid() % 250
    name, near, far = f"weighin{os.getpid()}", f"wn{os.getpid()}", f"wf{os.getpid()}"
    commands = (
        f"netns add {name}",
        f"link add {near} type veth peer name {far} netns {name}",
        f"addr add 10.231.{number}.1/30 dev {near}",
        f"link set {near} up",
        f"-n {name} addr add 10.231.{number}.2/30 dev {far}",
        f"-n {name} link set {far} up",
        f"-n {name} link set lo up",
    )
    try:
        for command in commands:
            done = subprocess.run([ip, *command.split()], capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")
        yield f"10.231.{number}.1", [ip, "netns", "exec", name]
    finally:
        for command in (f"netns del {name}", f"link del {near}"):
            subprocess.run([ip, *command.split()], capture_output=True)
