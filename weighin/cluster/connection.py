"""A connection to a Dask cluster that unpickles nothing of what its workers send.

Dask sends functions and errors as pickles. Whoever may connect to a cluster's scheduler can so run
code on the scheduler and on every worker: that is what a cluster is for, and why it belongs into a
network of one's own, or behind Dask's TLS (tls://). The other way round is closed here:

- results are read by msgpack alone: a worker that sends a pickle is refused;
- an error, a type or an event of a worker stays the bytes that it is; of an error's pickle the
  texts are read by `pickletools`, which runs nothing.

What remains is the scheduler, whose own messages Dask's client trusts.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import pickle
import pickletools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin import packages
from weighin.core import WeighinError
from weighin.targets.machine import usable_cores

LOCAL = "local"
CONNECT_SECONDS = 15
ANSWER_SECONDS = 2 * CONNECT_SECONDS  # in which a scheduler has said that it is one
GREET_SECONDS = 30
# what of Dask's client would unpickle what a worker sends
_GUARDED = ("_ensure_connected", "_handle_task_erred", "_handle_key_in_memory", "_handle_event")
_NOISE = re.compile(r"tblib|__|builtins$|unpickle_|args$|.?$")  # how errors are pickled
_SHOWN = 300  # characters of what a worker's error says


@dataclass(frozen=True)
class Connection:
    """An open connection.

    Attributes:
        address: of the scheduler.
        client: of Dask, guarded.
    """

    address: str
    client: Any

    def workers(self) -> dict[str, Mapping[str, Any]]:
        """What the scheduler knows of each worker, by its address.

        Raises:
            WeighinError: if the scheduler is gone.
        """
        try:
            told = self.client.sync(self.client.scheduler.identity, n_workers=-1)
        except (OSError, RuntimeError, AttributeError) as error:  # of a client that has given up
            raise self.lost() from error
        return dict(told["workers"])

    def ask(self, function: Callable[[], bytes], workers: Sequence[str]) -> dict[str, bytes | str]:
        """Call a function on workers beside whatever they are at.

        Returns:
            Of each worker that answered what it returned, or, as a text, how it failed.

        Raises:
            WeighinError: if the scheduler is gone.
        """
        message = {"op": "run", "function": pickle.dumps(function), "wait": True}
        message |= {"args": pickle.dumps(()), "kwargs": pickle.dumps({})}
        try:
            answers = self.client.sync(
                self.client.scheduler.broadcast,
                msg=message,
                workers=list(workers),
                on_error="return_pickle",
                callback_timeout=GREET_SECONDS,
            )
        except (OSError, RuntimeError, AttributeError, TypeError) as error:  # TypeError: no msgpack
            raise self.lost() from error
        return {worker: _answer(answer) for worker, answer in answers.items()}

    @property
    def is_over(self) -> bool:
        """Whether the scheduler was given up, after some tries to reach it again."""
        return self.client.status in ("closing", "closed")

    def lost(self) -> WeighinError:
        """That the scheduler no longer answers."""
        return WeighinError(
            f"The cluster's scheduler at {self.address} no longer answers: see whether it runs, "
            f"and run again, which goes on with what is built."
        )


@contextlib.contextmanager
def connected(
    address: str, workers: int = 0, environment: Mapping[str, str] | None = None
) -> Iterator[Connection]:
    """Connect to a cluster, or start worker processes on this machine that end with the block.

    Args:
        address: of the scheduler; or `local`.
        workers: of a local cluster; 0 for one per core.
        environment: variables for a local cluster's workers.

    Raises:
        WeighinError: if Dask is not installed, or nobody answers there.
    """
    if missing := packages.missing("distributed"):
        raise WeighinError(f"--cluster {address}: {missing}")
    import dask.config
    import distributed

    settings = {
        "distributed.admin.large-graph-warning-threshold": "4GB",  # files of models travel so
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    }
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        stack.enter_context(_quiet_logs())
        target: Any = address
        if address == LOCAL:
            target = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers or usable_cores(),
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                    env=dict(environment or {}),
                )
            )
        try:
            client = _guarded()(
                target,
                timeout=CONNECT_SECONDS,
                set_as_default=False,
                serializers=["msgpack"],
                deserializers=["msgpack"],
            )
        except (OSError, ImportError, ValueError, MemoryError) as error:  # room for what it says
            raise WeighinError(
                f"No cluster answers at {address} ({_first_line(error)}). Start a scheduler there "
                f"(dask scheduler), and correct the address that it tells."
            ) from error
        stack.callback(client.close)
        yield Connection(str(client.scheduler.address), client)


@functools.cache
def _guarded() -> Any:
    """Dask's client, but for what it would unpickle of a worker."""
    import distributed

    lacking = [name for name in _GUARDED if not hasattr(distributed.Client, name)]
    if lacking:
        raise WeighinError(
            f"Dask {distributed.__version__} takes workers' messages otherwise than weighin guards "
            f"({', '.join(lacking)}): pip install 'weighin[cluster]'"
        )

    class Guarded(distributed.Client):  # type: ignore[misc, unused-ignore]
        async def _ensure_connected(self, timeout: Any = None) -> None:
            # another server than Dask's may never say anything that ends this
            await asyncio.wait_for(super()._ensure_connected(timeout=timeout), ANSWER_SECONDS)
            # what is wrapped in the scheduler's messages is a worker's: it stays wrapped
            self.scheduler_comm.comm.deserialize = False

        def _handle_task_erred(
            self, key: Any = None, exception: Any = None, traceback: Any = None
        ) -> None:
            super()._handle_task_erred(key, texts(exception), None)

        def _handle_key_in_memory(
            self, key: Any = None, type: Any = None, workers: Any = None
        ) -> None:
            super()._handle_key_in_memory(key, None, workers)

        def _handle_event(self, topic: Any, event: Any) -> None:
            """Workers' warnings and prints, which travel as pickles, are not taken."""

    return Guarded


def texts(error: Any) -> str:
    """The words in the pickle of an error; nothing of it is run.

    Args:
        error: bytes, or what Dask has wrapped them in.
    """
    frames = [error] if isinstance(error, bytes | bytearray) else getattr(error, "frames", [])
    words: list[str] = []
    for frame in frames:
        with contextlib.suppress(Exception):  # whatever it holds, it is only looked at
            for _, value, _ in pickletools.genops(bytes(frame)):
                if value == "f_locals":  # frames of a traceback begin
                    break
                words += [value] if isinstance(value, str) and not _NOISE.match(value) else []
    return plain(": ".join(words) or "no message")


def plain(text: str, longest: int = _SHOWN) -> str:
    """Words that somebody else wrote, fit for a terminal: no control characters, not too many."""
    return "".join(each if each.isprintable() else " " for each in text)[:longest]


def _answer(answer: Any) -> bytes | str:
    if isinstance(answer, Mapping) and answer.get("status") == "OK":
        result = answer.get("result")
        return result if isinstance(result, bytes) else "it answered what is no text"
    # an error is a pickle that the scheduler has made; texts alone are read in it, too
    return texts(answer.get("exception") if isinstance(answer, Mapping) else answer)


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """What Dask logs of workers that come and go is told by weighin where it matters."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL if "WEIGHIN_DASK_LOGS" not in os.environ else logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
