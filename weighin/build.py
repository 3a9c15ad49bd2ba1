"""(model, variant, seed) → artifact, in worker processes that own TensorFlow.

A variant is built as a chain of jobs, each an artifact of its own: the dense start, each step,
the export. What two variants share is built once. This process only plans, so it stays free of
TensorFlow; when everything is in the cache already, no worker is started at all.
"""

from __future__ import annotations

import dataclasses
import logging
import multiprocessing
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from weighin import datasets, registry, stack, training, variant, versions, weights
from weighin.cache import Cache, key_of
from weighin.core import Artifact, Call, Dataset, Failure, Variant, WeighinError
from weighin.datasets import Places
from weighin.environment import usable_cores, version
from weighin.keras_file import read_weights

ANSWERED_IMAGES = 256
TRAINING_PACKAGES = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "numpy")
EXPORT_PACKAGES = ("ai-edge-litert", "ai-edge-quantizer", "flatbuffers")
THREADS = 1  # per worker: weights depend on it, and several workers share the cores better


@dataclass(frozen=True)
class Job:
    """One artifact to build: a model after some steps, or one export of that."""

    model: str
    profile: str
    seed: int
    steps: tuple[Call, ...] = ()
    export: Call | None = None

    @property
    def parent(self) -> Job | None:
        """What this job starts from; None for the dense start."""
        if self.export is not None:
            return dataclasses.replace(self, export=None)
        if self.steps:
            return dataclasses.replace(self, steps=self.steps[:-1])
        return None

    @property
    def chain(self) -> list[Job]:
        """The dense start, …, this job."""
        return [*(self.parent.chain if self.parent else ()), self]

    def __str__(self) -> str:
        stages = "+".join(map(str, self.steps)) or "dense start"
        return f"{self.model} {stages}" + (f" → {self.export}" if self.export else "")


@dataclass(frozen=True)
class Workshop:
    """What workers need to know besides their job.

    Attributes:
        cache: where artifacts are kept.
        places: where data are looked for.
        definitions: files and folders that register the models.
    """

    cache: Cache
    places: Places
    definitions: tuple[Path, ...]

    def key(self, job: Job, dataset_digest: str) -> str:
        """The key under which a job's artifact is kept."""
        return key_of(self.provenance(job, dataset_digest))

    def provenance(self, job: Job, dataset_digest: str) -> dict[str, Any]:
        """Everything that decides what a job yields, parents by their keys."""
        if job.parent is None:
            model = registry.models[job.model]
            published = weights.find(model.recipe(job.profile).weights, self.places)
            return {
                "stage": "dense start",
                **(
                    {"weights": published[1], "read": registry.source_digest(read_weights)}
                    if published
                    else {}
                ),
                "model": job.model,
                "source": registry.source_digest(model.create),
                "recipe": model.recipe(job.profile).of_dense_start,
                "dataset_digest": dataset_digest,
                "seed": job.seed,
                "threads": THREADS,
                "builder": [
                    registry.source_digest(each) for each in (stack.read, training.Trainer)
                ],
                "versions": _versions(TRAINING_PACKAGES),
            }
        call = job.export or job.steps[-1]
        function = (registry.exports if job.export else registry.steps)[call.name]
        recipe = registry.models[job.model].recipe(job.profile)
        return {
            "stage": str(call),
            "arguments": variant.arguments(call, function),
            "source": registry.source_digest(function),
            **(
                {"versions": _versions(EXPORT_PACKAGES)}
                if job.export
                else {"recipe": dataclasses.asdict(recipe)}
            ),
            "parent": self.key(job.parent, dataset_digest),
        }


def job_for(model: str, profile: str, seed: int, wanted: Variant, format: str) -> Job:
    """The job whose artifact is this variant's file in this format."""
    export = wanted.export if format == "tflite" else None
    return Job(model, profile, seed, wanted.steps, export)


def build(
    wanted: Iterable[Job],
    workshop: Workshop,
    *,
    workers: int = 0,
    begun: Callable[[int], None] = lambda total: None,
    finished: Callable[[Job, Artifact | Failure], None] = lambda job, outcome: None,
) -> dict[Job, Artifact | Failure]:
    """Build every job and its parents, from the cache where they lie there already.

    A job that fails, or whose worker dies, becomes a `Failure`; the others go on. Where versions
    are installed that cannot work together every job is one, for some would yield wrong numbers.

    Args:
        wanted: jobs, in any order.
        workshop: where things are.
        workers: worker processes; 0 for one per core, at most one per model and seed.
        begun: told how many jobs are left to build.
        finished: told each job as it ends.
    """
    jobs = list(dict.fromkeys(job for last in wanted for job in last.chain))
    conflict = versions.conflict_here()
    if conflict:
        return dict.fromkeys(jobs, Failure(conflict))
    done: dict[Job, Artifact | Failure] = {}
    todo: list[Job] = []
    for job in jobs:
        try:
            recipe = registry.models[job.model].recipe(job.profile)
            dataset = datasets.load_cached(recipe.dataset, workshop.places)
            weights.provide(recipe, dataset, workshop.places)
            found = workshop.cache.get(workshop.key(job, dataset.digest))
        except WeighinError as error:
            done[job] = Failure(str(error))
            continue
        if found is None:
            todo.append(job)
        else:
            done[job] = found
    begun(len(todo))
    if todo:
        workshop.cache.make_folders()
    chains = len({(job.model, job.seed) for job in todo})
    _Foreman(workshop, done, finished).run(todo, min(workers or usable_cores(), chains))
    return done


@dataclass
class _Foreman:
    """Hands out jobs whose parents are done, and survives the death of a worker."""

    workshop: Workshop
    done: dict[Job, Artifact | Failure]
    finished: Callable[[Job, Artifact | Failure], None]

    def run(self, todo: Sequence[Job], workers: int) -> None:
        waiting = list(todo)
        while waiting:
            suspects = self._run_pool(waiting, workers)
            for job in suspects:  # a worker died: find out, one by one, whose fault it was
                if self._run_pool([job], 1):
                    self._finish(job, Failure(_death(self.workshop.cache)))
            waiting = [job for job in waiting if job not in self.done]

    def _run_pool(self, jobs: Sequence[Job], workers: int) -> list[Job]:
        """Run jobs until all are done or a worker dies; the jobs then in flight."""
        waiting = list(jobs)
        running: dict[Future[Artifact | Failure], Job] = {}
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, _begin_worker, (self.workshop,))
        try:
            while waiting or running:
                for job in [job for job in waiting if self._is_ready(job)]:
                    waiting.remove(job)
                    failed = self.done.get(job.parent) if job.parent else None
                    if isinstance(failed, Failure):
                        self._finish(job, failed)
                    else:
                        running[pool.submit(_work, job, self.workshop)] = job
                if not running:
                    continue
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    outcome = future.result()
                    self._finish(running.pop(future), outcome)
            return []
        except BrokenProcessPool:
            return list(running.values())
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _is_ready(self, job: Job) -> bool:
        return job.parent is None or job.parent in self.done

    def _finish(self, job: Job, outcome: Artifact | Failure) -> None:
        self.done[job] = outcome
        self.finished(job, outcome)


@cache
def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    return {package: version(package) or "none" for package in packages}


def _death(cache: Cache) -> str:
    logs = sorted(cache.logs.glob("*.log"), key=lambda path: path.stat().st_mtime)
    lines = logs[-1].read_text(errors="replace").strip().splitlines() if logs else []
    last = f" Its last words: {lines[-1][:200]}" if lines else ""
    return f"the build process died without an answer (killed, out of memory or crashed).{last}"


def _begin_worker(workshop: Workshop) -> None:
    """In the worker: send all output to a log, load the definitions and TensorFlow."""
    log = workshop.cache.logs / f"build-{os.getpid()}.log"
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    logging.captureWarnings(True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    registry.load_definitions(workshop.definitions)


def _end_with_parent() -> None:
    """Do not go on training for a run that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@cache
def _prepare_stack() -> None:
    stack.make_deterministic(THREADS)


def _work(job: Job, workshop: Workshop) -> Artifact | Failure:
    """In the worker: build one job, or find that another run has built it."""
    print(f"building {job}", flush=True)
    try:
        recipe = registry.models[job.model].recipe(job.profile)
        dataset = datasets.load_cached(recipe.dataset, workshop.places)
        key = workshop.key(job, dataset.digest)
        with workshop.cache.lock(key):
            found = workshop.cache.get(key)
            if found is not None:
                return found
            _prepare_stack()
            return _make(job, workshop, dataset)
    except Exception as error:
        traceback.print_exc()
        if isinstance(error, WeighinError):
            return Failure(str(error))
        return Failure(f"{type(error).__name__}: {_telling_line(str(error))[:300]}")


def _telling_line(message: str) -> str:
    """The first line that says something: Keras puts its reason behind an inner traceback."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    if not lines or not lines[0].endswith("in user code:"):
        return lines[0] if lines else ""
    named = [line for line in lines if re.match(r"[A-Za-z]*(Error|Exception)\b", line)]
    return (named or lines)[-1]


def _make(job: Job, workshop: Workshop, dataset: Dataset) -> Artifact:
    began = time.perf_counter()
    model = registry.models[job.model]
    trainer = training.Trainer(model.recipe(job.profile), dataset, job.seed)
    inputs = dataset.test.inputs(0, ANSWERED_IMAGES)
    provenance = workshop.provenance(job, dataset.digest)
    if job.parent is None:
        published = weights.find(trainer.recipe.weights, workshop.places)
        made = trainer.dense_start(model, published[0] if published else None)
    else:
        parent = workshop.cache.get(provenance["parent"])
        if parent is None:
            raise WeighinError(f"{job.parent} is no longer in the cache: run again.")
        stack.start_afresh(job.seed)
        made = stack.read(parent.path, quantized=True)
    if job.export is not None:
        arguments = variant.arguments(job.export, registry.exports[job.export.name])
        export = registry.exports[job.export.name]
        content = export(made, trainer.calibration(), **arguments)
        format = "tflite"
    else:
        if job.steps:
            call = job.steps[-1]
            step = registry.steps[call.name]
            made = step(made, trainer, **variant.arguments(call, step))
        stack.check_finite(made, str(job))
        content, format = stack.serialize(made), "h5"
    seconds = time.perf_counter() - began
    answers = stack.predict(made, inputs)
    if not np.isfinite(answers).all():
        raise WeighinError(
            f"After {job}, the model answers NaN or infinite scores: training diverged. Lower the "
            f"recipe's learning rate."
        )
    return workshop.cache.put(provenance, format, content, answers, seconds)
