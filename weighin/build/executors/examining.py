"""What `weighin doctor --cluster` says of workers: who they are, and what each lacks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weighin import registry
from weighin.build.cache import default_folder
from weighin.build.executors import looking, orders, remote
from weighin.build.executors.dask import DECIDING
from weighin.cluster import workers as cluster_workers
from weighin.cluster.connection import Connection, connected, plain
from weighin.cluster.workers import QUIET, START_QUIET, Worker
from weighin.datasets.search import SearchPaths

EXAMINED_SECONDS = 120.0  # that a worker may take to look for its data


def examine(
    address: str, definitions: Sequence[Path] = (), search: SearchPaths | None = None
) -> tuple[list[tuple[str, str]], bool]:
    """Each worker of a cluster and what there is to say of it; whether nothing is lacking.

    Args:
        address: of the scheduler.
        definitions: that were loaded here.
        search: where data are looked for here.

    Raises:
        WeighinError: if nobody answers there.
    """
    here = looking.digests(search or SearchPaths.here(default_folder()))
    with connected(address) as connection:
        found = cluster_workers.survey(connection)
        data = _data(connection, found, definitions)
    own = cluster_workers.here().version
    told, is_whole = list[tuple[str, str]](), bool(found)
    for worker in found:
        lacks = _lacks(worker, own)
        if worker.address in data:
            lacks += looking.lacking(here, data[worker.address])
        is_whole = is_whole and not lacks
        told.append((worker.name or worker.address, _said(worker, lacks)))
    if not found:
        return [("none", f"no worker takes part: dask worker {address}")], False
    if not any(worker.quiet for worker in found):
        start = START_QUIET.format(address=address)
        return [*told, (QUIET, f"none measures: {start}")], False
    return told, is_whole


def _lacks(worker: Worker, own: str) -> list[str]:
    """What a worker lacks to build as this machine does."""
    if worker.problem:
        return [f"weighin {own} ({worker.problem})"]
    if worker.version != own:
        return [f"weighin {own}, it has {worker.version}"]
    # jobs of other exports alone are refused there, and go elsewhere
    of_exports = [
        name for each in registry.exports.values() for name in vars(each).get("packages", ())
    ]
    names = tuple(dict.fromkeys((*DECIDING, *of_exports)))
    differing = cluster_workers.differing(worker, names)
    return [f"the same versions: {differing}"] if differing else []


def _said(worker: Worker, lacks: Sequence[str]) -> str:
    tensorflow = worker.packages.get("tensorflow")
    parts = (
        f"{worker.processor.cpu} ({worker.processor.architecture})" if worker.processor else "",
        f"{worker.threads} threads" if worker.threads > 1 else "1 thread",
        "measures" if worker.quiet else "builds",
        f"weighin {worker.version}" if worker.version else "",
        f"TensorFlow {tensorflow or 'none'}" if worker.version else "",
        f"lacks {'; '.join(lacks)}" if lacks else "lacks nothing",
    )
    return "; ".join(part for part in parts if part)


def _data(
    connection: Connection, found: Sequence[Worker], definitions: Sequence[Path]
) -> dict[str, dict[str, str]]:
    """The data sets that workers have, digests by names; of those that build and answer in time."""
    order = json.dumps([orders.place(path) for path in definitions]).encode()
    futures: dict[str, Any] = {
        worker.address: connection.client.submit(
            remote.look,
            order,
            pure=False,
            workers=[worker.address],
            allow_other_workers=False,
        )
        for worker in found
        if not worker.quiet and not worker.problem
    }
    told = {}
    for address, future in futures.items():
        try:
            answer = json.loads(future.result(timeout=EXAMINED_SECONDS))
            told[address] = {plain(str(name)): plain(str(value)) for name, value in answer.items()}
        except Exception as error:  # of Dask, or of what came
            told[address] = {"error": plain(str(error) or type(error).__name__)}
    return told
