"""(model, variant, seed) → artifact, in worker processes that own TensorFlow.

A variant is built as a chain of jobs, each an artifact of its own: the dense start, each step,
the export. What two variants share is built once. This process only plans, so it stays free of
TensorFlow; when everything is in the cache already, no worker is started at all, unless a model's
function has to be called to know whether its artifacts are still those of the model it returns.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import signal
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from weighin import registry
from weighin.build import pretrained, worker
from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.core import Artifact, Failure, WeighinError
from weighin.datasets import loading
from weighin.frameworks import versions
from weighin.targets import machine


def build(
    wanted: Iterable[Job],
    build_context: BuildContext,
    *,
    workers: int = 0,
    asking: Callable[[Sequence[str]], None] = lambda models: None,
    begun: Callable[[int], None] = lambda total: None,
    finished: Callable[[Job, Artifact | Failure], None] = lambda job, outcome: None,
) -> dict[Job, Artifact | Failure]:
    """Build every job and its parents, from the cache where they lie there already.

    A job that fails, or whose worker dies, becomes a `Failure`; the others go on. Every job is one
    where TensorFlow is missing, and where versions are installed that cannot work together, for
    some would yield wrong numbers.

    Args:
        wanted: jobs, in any order.
        build_context: where things are.
        workers: worker processes; 0 for one per core, at most one per model and seed.
        asking: told the models whose functions have to be called before anything is known.
        begun: told how many jobs are left to build.
        finished: told each job as it ends.
    """
    jobs = list(dict.fromkeys(job for last in wanted for job in last.chain))
    if obstacle := versions.why_not_here():
        return dict.fromkeys(jobs, Failure(obstacle))
    if build_context.processor is None:
        build_context = dataclasses.replace(build_context, processor=machine.processor())
    done: dict[Job, Artifact | Failure] = {}
    digests: dict[Job, str] = {}
    for job in jobs:
        try:
            recipe = registry.models[job.model].recipe(job.profile)
            dataset = loading.load_cached(recipe.dataset, build_context.search)
            pretrained.provide(recipe, dataset, build_context.search)
            digests[job] = dataset.digest
        except WeighinError as error:
            done[job] = Failure(str(error))
    _ask(build_context.to_ask(digests), build_context, asking)
    todo: list[Job] = []
    for job, digest in digests.items():
        try:
            artifact = build_context.cache.get(build_context.key(job, digest))
        except WeighinError as error:
            done[job] = Failure(str(error), getattr(error, "log", None))
            continue
        known = artifact or _by_parent(job, done)
        if known is None:
            todo.append(job)
        else:
            done[job] = known
    begun(len(todo))
    if not todo:
        return done
    build_context.cache.make_folders()
    chains = len({(job.model, job.seed) for job in todo})
    workers = min(workers or machine.usable_cores(), chains)
    _Scheduler(build_context, done, finished).run(todo, workers)
    return done


def _ask(
    jobs: Sequence[Job],
    build_context: BuildContext,
    asking: Callable[[Sequence[str]], None],
) -> None:
    """Let one process call the functions of models, and note what they return, by model and seed.

    One that raises, or takes its process down, fails by itself; the others are asked by another.
    """
    waiting = list(jobs)
    if waiting:
        asking(list(dict.fromkeys(job.model for job in waiting)))
        build_context.cache.make_folders()
    while waiting:
        workers = _Workers(build_context)
        try:
            with _pool(1, workers.build_context) as pool:
                while waiting:
                    future = pool.submit(worker.ask, waiting[0], workers.build_context)
                    workers.look()
                    build_context.created[waiting[0].model, waiting[0].seed] = future.result()
                    waiting.pop(0)
        except BrokenProcessPool:
            build_context.created[waiting[0].model, waiting[0].seed] = _death(workers)
            waiting.pop(0)


@contextlib.contextmanager
def _pool(workers: int, build_context: BuildContext) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that end with the run."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, worker.begin, (build_context,))
    try:
        yield pool
    except BrokenProcessPool:
        raise
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _by_parent(job: Job, done: Mapping[Job, Artifact | Failure]) -> Failure | None:
    """Why nothing becomes of a job, if its parent tells: it failed, or has no layers to train."""
    parent = done.get(job.parent) if job.parent else None
    if isinstance(parent, Failure):
        return parent
    if parent is not None and job.export is None and (why := parent.facts.get("direct")):
        reason = f"{why}, which the optimization toolkit works on"
        return Failure(reason, skipped=True)
    return None


@dataclass
class _Scheduler:
    """Hands out jobs whose parents are done, and survives the death of a worker."""

    build_context: BuildContext
    done: dict[Job, Artifact | Failure]
    finished: Callable[[Job, Artifact | Failure], None]

    def run(self, todo: Sequence[Job], workers: int) -> None:
        waiting = list(todo)
        while waiting:
            suspects = self._run_pool(waiting, workers, _Workers(self.build_context))
            for job in suspects:  # a worker died: find out, one by one, whose fault it was
                alone = _Workers(self.build_context)
                if self._run_pool([job], 1, alone):
                    self._finish(job, _death(alone, job))
            waiting = [job for job in waiting if job not in self.done]

    def _run_pool(self, jobs: Sequence[Job], workers: int, processes: _Workers) -> list[Job]:
        """Run jobs until all are done or a worker dies; the jobs then in flight."""
        waiting = list(jobs)
        running: dict[Future[Artifact | Failure], Job] = {}
        build_context = processes.build_context
        try:
            with _pool(workers, build_context) as pool:
                while waiting or running:
                    for job in [job for job in waiting if self._is_ready(job)]:
                        waiting.remove(job)
                        if known := _by_parent(job, self.done):
                            self._finish(job, known)
                        else:
                            running[pool.submit(worker.build_job, job, build_context)] = job
                    if not running:
                        continue
                    processes.look()
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        outcome = future.result()
                        self._finish(running.pop(future), outcome)
            return []
        except BrokenProcessPool:
            return list(running.values())

    def _is_ready(self, job: Job) -> bool:
        return job.parent is None or job.parent in self.done

    def _finish(self, job: Job, outcome: Artifact | Failure) -> None:
        self.done[job] = outcome
        self.finished(job, outcome)


class _Workers:
    """The processes of one pool, to ask what the one that died ended by, and what it wrote.

    Attributes:
        build_context: what they are given: their logs bear a mark that no other pool's have.
    """

    def __init__(self, build_context: BuildContext) -> None:
        """Leave out processes that are none of the pool's."""
        self.build_context = dataclasses.replace(build_context, pool=uuid.uuid4().hex[:12])
        self._others = set(multiprocessing.active_children())
        self._processes: dict[BaseProcess, None] = {}

    def look(self) -> None:
        """Learn which processes the pool has by now: it starts them when it is given work."""
        self._processes |= dict.fromkeys(set(multiprocessing.active_children()) - self._others)

    @property
    def only(self) -> BaseProcess | None:
        """The one that there is; None of several, since a pool that is broken ends the others."""
        return next(iter(self._processes)) if len(self._processes) == 1 else None


def _death(workers: _Workers, job: Job | None = None) -> Failure:
    """Why a job has no outcome: by what its process ended, and what to try instead."""
    process = workers.only
    exit_code = process.exitcode if process else None
    log = workers.build_context.log(process.pid) if process and process.pid else None
    last = f" {_last_words(log)}" if log else ""
    ended = "killed, out of memory or crashed"
    if exit_code is not None and exit_code < 0:
        ended = f"signal {-exit_code}, {_signal_name(-exit_code)}"
        ended += ": killed, or out of memory" if exit_code == -signal.SIGKILL else ""
    elif exit_code is not None:
        ended = f"exit code {exit_code}"
    if job is None or job.export is None or exit_code in (None, -signal.SIGKILL, -signal.SIGTERM):
        return Failure(f"the build process died without an answer ({ended}).{last}", log)
    return Failure(
        f"the build process died without an answer ({ended}) while the converter made "
        f"{job.export}, or its file was tried: one of the model's layers is more than they bear. "
        f"Try float16 or dynamic; where the model has recurrent layers, unroll=True.{last}",
        log,
    )


def _last_words(log: Path) -> str:
    """What a process wrote last, and where that stands."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except FileNotFoundError:
        return "It died before it wrote anything."
    return f"Its last words: {lines[-1][:200]} ({log})" if lines else f"It wrote nothing ({log})."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "without a name"
