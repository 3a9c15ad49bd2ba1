"""Workers of a cluster that measure: each a target, as a device is, behind Dask in place of a pipe.

Only workers with the resource `quiet` measure, each one thing at a time, whoever asks. All rows of
one model go to one of them, so that nothing is compared across machines.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from weighin.cluster.connection import connected, plain
from weighin.cluster.workers import (
    QUIET,
    START_QUIET,
    Worker,
    refuse_other_weighin,
    survey,
)
from weighin.core import WeighinError
from weighin.devices import relay
from weighin.devices.device import Device
from weighin.devices.wire import LinkError

QUEUED_SECONDS = 3600.0  # that others may measure there first
LOOK_SECONDS = 1.0  # between two looks whether the worker lives
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Place:
    """A quiet worker, to be found again where it was started anew.

    Attributes:
        scheduler: the address of the cluster's.
        name: that the worker was given, or none of its own.
        host: where it runs.
        address: it had last.
    """

    scheduler: str
    name: str
    host: str
    address: str

    def among(self, workers: list[Worker]) -> Worker:
        """The worker as it is now.

        Raises:
            WeighinError: if it is gone.
        """
        quiet = [worker for worker in workers if worker.quiet]
        tests: tuple[Callable[[Worker], bool], ...] = (
            lambda worker: worker.address == self.address,
            lambda worker: bool(self.name) and worker.name == self.name,
            lambda worker: not self.name and worker.host == self.host,
        )
        for test in tests:
            for worker in filter(test, quiet):
                return worker
        raise WeighinError(f"the quiet worker {self.name or self.address} has left the cluster")


def devices(scheduler: str) -> dict[str, Device]:
    """The quiet workers of a cluster, by the names that rows give them.

    These are the workers' own (`--name`), where they have such; else `quiet`, `quiet2` and so on.

    Raises:
        WeighinError: if there is none, with the way to start one, which may be on this machine; or
            if a worker has another weighin.
    """
    with connected(scheduler) as connection:
        workers = survey(connection)
    refuse_other_weighin(workers)
    found: dict[str, Device] = {}
    numbered = (QUIET if number == 1 else f"{QUIET}{number}" for number in itertools.count(1))
    for worker in sorted(workers, key=lambda worker: (worker.name, worker.address)):
        if worker.quiet:
            own = worker.name if _NAME.fullmatch(worker.name) else ""
            name = own or next(name for name in numbered if name not in found)
            place = Place(scheduler, own, worker.host, worker.address)
            found[name] = Device(name, lambda place=place: Passage(place))  # type: ignore[misc]
    if not found:
        raise WeighinError(
            f"The cluster at {scheduler} has no quiet worker, and nothing is measured on others. "
            f"On a machine that does nothing else meanwhile, this one if it is idle: "
            f"{START_QUIET.format(address=scheduler)}"
        )
    return found


class Passage:
    """The way through Dask to the agent of a quiet worker; see `link.Transport`."""

    def __init__(self, place: Place) -> None:
        """Connect.

        Raises:
            WeighinError: if the cluster or the worker is gone.
        """
        self._mark = uuid.uuid4().hex
        with contextlib.ExitStack() as stack:
            self._connection = stack.enter_context(connected(place.scheduler))
            self._worker = place.among(survey(self._connection)).address
            self._open = stack.pop_all()

    def ask(
        self, message: Mapping[str, Any], content: bytes = b"", *, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """The agent's reply, as soon as nobody else measures there."""
        asked = json.dumps(message).encode()
        future = self._submit(relay.ask, self._mark, asked, bytes(content), seconds)
        said, arrays = self._awaited(future, seconds + QUEUED_SECONDS)
        try:
            told = json.loads(said)
        except ValueError:
            raise LinkError("its answer is not understood") from None
        if "reply" in told and isinstance(told["reply"], dict):
            return told["reply"], arrays
        if "failed" in told:
            raise LinkError(plain(str(told["failed"])), hung=bool(told.get("hung")))
        raise WeighinError(plain(str(told.get("refused", "its answer is not understood"))))

    def close(self) -> None:
        """Let the agent end, and leave the cluster."""
        with self._open, contextlib.suppress(WeighinError):
            self._awaited(self._submit(relay.end, self._mark), 5.0)

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._connection.client.submit(
            function,
            *arguments,
            key=f"weighin-quiet-{uuid.uuid4().hex}",
            workers=[self._worker],
            allow_other_workers=False,
            resources={QUIET: 1},
        )

    def _awaited(self, future: Any, seconds: float) -> tuple[bytes, bytes]:
        """A task's result.

        Raises:
            LinkError: if it does not come.
        """
        ends = time.monotonic() + seconds
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    said, arrays = future.result(timeout=LOOK_SECONDS)
                    return bytes(said), bytes(arrays)
                if self._worker not in self._connection.workers():
                    raise LinkError("its worker has left the cluster")
                if time.monotonic() > ends:
                    raise LinkError(f"it did not answer within {seconds:.0f} s", hung=True)
        except WeighinError as error:
            raise LinkError(str(error)) from None
        except Exception as error:  # of Dask
            raise LinkError(plain(str(error) or type(error).__name__)) from None
        finally:
            future.release()
