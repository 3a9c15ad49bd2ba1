"""What stands in a worker's place and ends its process."""

from __future__ import annotations

import os

from weighin.build.jobs import Job
from weighin.build.keys import BuildContext

ANOTHER = "what another process said"


def die(job: Job, build_context: BuildContext) -> None:
    """Say something, as a worker does, and end."""
    leave(build_context)
    print("about to die", flush=True)  # noqa: T201 - to its log
    os._exit(7)


def die_at_once(build_context: BuildContext) -> None:
    """End before anything was said."""
    leave(build_context)
    os._exit(5)


def leave(build_context: BuildContext) -> None:
    """Leave logs of other processes: of this number, and newer than any of this run."""
    logs = build_context.cache.logs
    for name in (f"build-{os.getpid()}.log", f"build-another-{os.getpid()}.log", "build-x-1.log"):
        (logs / name).write_text(f"{ANOTHER}\n")
        os.utime(logs / name, (4e9, 4e9))
