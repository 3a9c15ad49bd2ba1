"""`python -m weighin.build.executors.child`: a process that builds jobs for a Dask worker.

It reads lines of JSON: where things are, then one job after the other. Each is answered by a line:
that it is built, that it failed, or that it would become something else than was asked for. It
ends with the worker, in the middle of a job if need be.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighin import registry
from weighin.build import pretrained, worker
from weighin.build.cache import Cache
from weighin.build.executors import carrying, looking, orders
from weighin.build.keys import BuildContext
from weighin.core import Failure, WeighinError
from weighin.datasets import loading
from weighin.datasets.search import SearchPaths
from weighin.files import key_of
from weighin.frameworks.fingerprint import Fingerprint
from weighin.targets.machine import Processor


def answer(told: Mapping[str, Any], build_context: BuildContext) -> dict[str, Any]:
    """Build one job, if what it yields here is what was asked for."""
    job = orders.of_json(told["job"])
    if told["created"] is not None:
        build_context.created[job.model, job.seed] = Fingerprint(**told["created"])
    try:
        recipe = registry.models[job.model].recipe(job.profile)
        dataset = loading.load_cached(recipe.dataset, build_context.search)
        pretrained.provide(recipe, dataset, build_context.search)
        for stage, wanted in zip(job.chain, told["chain"], strict=True):
            own = build_context.provenance(stage, dataset.digest)
            if key_of(own) != key_of(wanted):
                differing = orders.differences(own, wanted)
                return {"refused": f"{stage} would be another: {'; '.join(differing)}"}
    except WeighinError as error:
        return {"refused": str(error)}
    outcome = worker.build_job(job, build_context)
    if isinstance(outcome, Failure):
        return {"failed": outcome.reason, "skipped": outcome.skipped}
    return {"built": outcome.key}


def _context(told: Mapping[str, Any]) -> BuildContext:
    cache = Cache(Path(told["cache"]))
    named = told["data_dir"]
    search = SearchPaths.here(cache.folder, named if named and Path(named).is_dir() else None)
    processor = {**told["processor"], "cpu_features": tuple(told["processor"]["cpu_features"])}
    return BuildContext(
        cache,
        dataclasses.replace(search, offline=search.offline or told["offline"]),
        tuple(looking.located(*places) for places in told["definitions"]),
        Processor(**processor),
        tuple(carrying.unpacked(each, Path(each["folder"])) for each in told["brought"]),
        pool=told["pool"],
    )


def _listen(lines: queue.Queue[bytes]) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(1)  # the worker has ended


def main() -> None:
    """Do as told until the worker ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    build_context = _context(json.loads(lines.get()))
    problem = ""
    try:
        worker.begin(build_context)
    except WeighinError as error:
        problem = str(error)
    while True:
        order = json.loads(lines.get())
        said = {"refused": problem} if problem else answer(order, build_context)
        answers.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
