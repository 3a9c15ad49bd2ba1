"""Who the workers of a cluster are, and which of them can work together."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weighin.cluster import greeting
from weighin.cluster.connection import Connection, plain
from weighin.core import WeighinError
from weighin.targets.machine import Processor

ROUNDS = 4  # of greetings, while workers come and go
AGAIN_SECONDS = 0.5  # after which a worker that did not answer is greeted once more
QUIET = "quiet"  # the resource of a worker whose machine does nothing else
START_QUIET = "dask worker {address} --nthreads 1 --resources quiet=1"


@dataclass(frozen=True)
class Worker:
    """One worker.

    Attributes:
        address: where it is reached.
        threads: how many jobs it takes at once.
        quiet: whether it may measure.
        version: of weighin, with a digest of its files.
        packages: installed versions there; None where one is missing.
        processor: of its machine.
        problem: why it cannot be spoken to; empty if it can.
        name: that it was given, if not its address.
        host: where it runs.
    """

    address: str
    threads: int
    quiet: bool
    version: str = ""
    packages: Mapping[str, str | None] = field(default_factory=dict)
    processor: Processor | None = None
    problem: str = ""
    name: str = ""
    host: str = ""


def here() -> Worker:
    """This process as one."""
    told = greeting.told()
    return Worker("here", 1, False, _version(told), told["packages"], _processor(told))


def survey(connection: Connection, known: Mapping[str, Worker] | None = None) -> list[Worker]:
    """Greet the workers of a cluster.

    Args:
        connection: to it.
        known: workers that were greeted before, by address, and are not greeted again.

    Raises:
        WeighinError: if the scheduler is gone.
    """
    greeted, silent = dict(known or {}), set[str]()
    there = connection.workers()
    for _ in range(ROUNDS):
        new = [address for address in there if address not in greeted]
        if not new:
            break
        for address, answer in connection.ask(greeting.greet, new).items():
            # one that has just left, perhaps: it is believed when it says so twice
            if isinstance(answer, bytes) or address in silent:
                greeted[address] = _worker(address, there[address], answer)
            silent.add(address)
        if set(new) - set(greeted):
            time.sleep(AGAIN_SECONDS)
        there = connection.workers()
    return [greeted[address] for address in there if address in greeted]


def refuse_other_weighin(workers: Iterable[Worker]) -> None:
    """Refuse a cluster where a worker has another weighin, or none.

    Raises:
        WeighinError: naming the worker, and both versions.
    """
    own = here().version
    for worker in workers:
        if worker.problem:
            raise WeighinError(
                f"The worker {worker.address} does not answer as one of weighin's: "
                f"{worker.problem}. Install weighin {own} there and on the scheduler's machine, "
                f"or end that worker."
            )
        if worker.version != own:
            raise WeighinError(
                f"The worker {worker.address} has weighin {worker.version}, and here is {own}: "
                f"what the two build or measure is not the same. Install the same on both."
            )


def differing(worker: Worker, names: Sequence[str]) -> str:
    """Which of some packages have other versions on a worker than here; empty if none."""
    own = here().packages
    return ", ".join(
        f"{name} {worker.packages.get(name) or 'none'} there and {own.get(name) or 'none'} here"
        for name in names
        if worker.packages.get(name) != own.get(name)
    )


def _worker(address: str, facts: Mapping[str, Any], answer: bytes | str) -> Worker:
    resources = facts.get("resources")
    worker = Worker(
        address,
        max(1, int(facts.get("nthreads", 1))),
        isinstance(resources, Mapping) and resources.get(QUIET, 0) > 0,
        name=plain(str(facts.get("name", "")), 80),
        host=plain(str(facts.get("host", "")), 80),
    )
    if isinstance(answer, str):
        return dataclasses.replace(worker, problem=answer)
    try:
        if len(answer) > greeting.LONGEST:
            raise ValueError("it says too much")
        told = json.loads(answer)
        return dataclasses.replace(
            worker,
            version=_version(told),
            packages={str(name): _text(value) for name, value in told["packages"].items()},
            processor=_processor(told),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = plain(f"its greeting is not understood ({type(error).__name__}: {error})")
        return dataclasses.replace(worker, problem=problem)


def _version(told: Mapping[str, Any]) -> str:
    return plain(f"{told['weighin']} (source {told['source']})", 80)


def _text(value: Any) -> str | None:
    return None if value is None else plain(str(value), 80)


def _processor(told: Mapping[str, Any]) -> Processor:
    said = told["processor"]
    features = tuple(plain(str(each), 40) for each in said["cpu_features"])
    return Processor(plain(str(said["cpu"])), plain(str(said["architecture"])), features)
