"""A process that has imported Dask and starts schedulers and workers by forking: in a moment each.

It reads lines of JSON and prints the process number of what it started; a scheduler's address goes
to a file. What it started ends with it.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


async def _scheduler(host: str, address: str) -> None:
    import distributed

    settings = {"dashboard": False, "dashboard_address": None}
    async with distributed.Scheduler(host=host, port=0, **settings) as scheduler:
        Path(address).with_suffix(".part").write_text(str(scheduler.address))
        Path(address).with_suffix(".part").replace(address)
        await scheduler.finished()


async def _worker(scheduler: str, folder: str, **options: Any) -> None:
    import distributed

    async with distributed.Worker(
        scheduler, local_directory=folder, dashboard=False, death_timeout=60, **options
    ) as worker:
        await worker.finished()


def main() -> None:
    """Start what is asked for until nobody asks any more."""
    import distributed.cli.dask_worker
    import distributed.diagnostics.nvml  # noqa: F401 - imported once, for all
    from distributed.utils import get_ip

    import weighin.build.executors.remote
    import weighin.devices.relay  # noqa: F401

    get_ip()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        told = json.loads(line)
        parent, pid = os.getpid(), os.fork()
        if pid:
            print(pid, flush=True)  # noqa: T201
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        log = os.open(told.pop("log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(told.pop("environment"))
        run = {"scheduler": _scheduler, "worker": _worker}[told.pop("what")]
        import dask.config

        dask.config.set({"distributed.scheduler.allowed-failures": told.pop("failures", 3)})
        asyncio.run(run(**told))
        os._exit(0)


if __name__ == "__main__":
    main()
