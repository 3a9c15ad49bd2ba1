"""How much faster a cluster builds, and what it costs per job: python -m bench.cluster.

The jobs are those of the 26 networks of keras.applications, their float32 and int8 files, each as
long as it took when its published record was made. Workers wait in their place, so that a machine
of few cores can tell what many would do. All else is as it is: Dask's scheduler, workers of one
thread each in a process of its own, what they are sent and send back, artifacts checked and kept.

Time is shortened (--scale): so the cluster's own cost weighs more here than in truth.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from tabulate import tabulate

from weighin.build.cache import Cache
from weighin.build.executors import orders
from weighin.build.executors.dask import Cluster
from weighin.build.jobs import Job, job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import run
from weighin.core import Artifact, Failure
from weighin.datasets.search import SearchPaths
from weighin.definitions import default_definitions, load_definitions
from weighin.files import key_of
from weighin.frameworks.fingerprint import Fingerprint
from weighin.grammar import parse
from weighin.records import store
from weighin.targets import machine

FILES = (("baseline", "h5"), ("baseline", "tflite"), ("int8", "tflite"))
FACTS = {"signature": {"inputs": [], "outputs": []}, "task": "classification", "trained": True}
ROOT = Path(__file__).parents[1]


def simulated(
    seconds: Mapping[str, float], order: bytes, parent: orders.Result | None
) -> orders.Result:
    """A job that takes its time, on a worker; its artifact is a kilobyte."""
    told = json.loads(order)
    time.sleep(seconds.get(str(orders.of_json(told["job"])), 0.0))
    content, packed = os.urandom(1000), io.BytesIO()
    np.savez(packed, scores=np.zeros((4, 3), np.float32))
    said = {
        "key": key_of(told["chain"][-1]),
        "format": "tflite",
        "sha256": orders.key_of_bytes(content),
        "answers_sha256": orders.key_of_bytes(packed.getvalue()),
        "seconds": 0.0,
        "facts": FACTS,
    }
    return json.dumps(said).encode(), content, packed.getvalue()


def published(folder: Path) -> dict[Job, float]:
    """The jobs of the networks' files, with the seconds of their published records."""
    jobs: dict[Job, float] = {}
    for path in sorted(folder.rglob("applications-*.json")):
        for record in store.load(path).records:
            case, value = record.case, record.value
            is_wanted = record.metric == "build_seconds" and (case.variant, case.format) in FILES
            if is_wanted and value is not None:
                variant = parse(case.variant)
                jobs[job_for(case.model, "full", 0, variant, case.format)] = value
    return jobs


def timed(jobs: Sequence[Job], seconds: Mapping[str, float], workers: int) -> float:
    """The seconds that so many workers take for jobs, from the first that is handed out."""
    # by its name, for workers do not know this module as `__main__`
    function: Callable[..., Any] = importlib.import_module("bench.cluster").simulated
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder))
        cache.make_folders()
        context = BuildContext(cache, SearchPaths.here(cache.folder), (), machine.processor())
        for job in context.to_ask(jobs):
            context.created[job.model, job.seed] = Fingerprint("simulated", "simulated")
        executor = Cluster("local", workers, partial(function, seconds))
        done: dict[Job, Artifact | Failure] = {}
        with executor.opened(context, jobs) as running:
            began = time.perf_counter()
            run(jobs, dict.fromkeys(jobs, "simulated"), done, running, lambda job, outcome: None)
            took = time.perf_counter() - began
    failed = [made.reason for made in done.values() if isinstance(made, Failure)]
    if failed:
        raise click.ClickException(failed[0])
    return took


@click.command()
@click.option("--scale", default=0.01, show_default=True, help="Seconds that stand for one.")
@click.option("--trivial", default=200, show_default=True, help="Jobs that take no time.")
@click.option("--results", default=ROOT / "results", type=click.Path(path_type=Path))
def main(scale: float, trivial: int, results: Path) -> None:
    """Print the speed-up over 1, 2 and 4 workers, and the overhead of a job."""
    load_definitions(default_definitions(ROOT))
    lengths = published(results)
    jobs = sorted(lengths, key=lambda job: (job.export is not None, -lengths[job]))
    seconds = {str(job): length * scale for job, length in lengths.items()}
    total, rows, alone = sum(lengths.values()), [], 0.0
    for workers in (1, 2, 4):
        took = timed(jobs, seconds, workers)
        alone = alone or took
        ideal = total * scale / workers
        rows.append([workers, took, ideal, alone / took, took / scale / 60])
    networks = len({job.model for job in jobs})
    click.echo(
        f"{len(jobs)} jobs of {networks} networks, {total:,.0f} s of building in all; one second "
        f"stands for {1 / scale:g}\n"
    )
    heads = ["workers", "seconds", "ideal", "× faster", "as minutes of building"]
    click.echo(tabulate(rows, heads, floatfmt=".2f"))
    nothing = [Job(jobs[0].model, jobs[0].profile, seed) for seed in range(trivial)]
    each = timed(nothing, {}, 1) / trivial
    click.echo(f"\n{trivial} jobs that take no time, one worker: {each * 1000:.1f} ms each")


if __name__ == "__main__":
    main()
