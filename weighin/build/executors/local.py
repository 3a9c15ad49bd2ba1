"""Jobs in processes of this machine, which own TensorFlow; one that dies ends its job alone."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from typing import TypeVar

from weighin.build import worker
from weighin.build.executors import Task
from weighin.build.executors.dying import death, last_words
from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.core import Artifact, Failure
from weighin.targets import machine
from weighin.targets.machine import Processor, usable_cores

SIDE_BY_SIDE = 4  # trainings of one model: each process has a training framework of its own
Outcome = Artifact | Failure
_T = TypeVar("_T")


@dataclass(frozen=True)
class Local:
    """A pool of processes on this machine.

    Attributes:
        workers: how many; 0 for one per core. Of these as many as can work at once.
        stays: whether other jobs follow those that it is opened for.
    """

    workers: int = 0
    stays: bool = False

    def processor(self) -> Processor:
        """This machine's."""
        return machine.processor()

    @contextlib.contextmanager
    def opened(self, build_context: BuildContext, todo: Sequence[Job]) -> Iterator[_Running]:
        """Start processes when there is work for them, and end them with the block."""
        workers = self.workers or usable_cores()
        running = _Running(build_context, workers if self.stays else min(workers, at_once(todo)))
        try:
            yield running
        except BaseException:
            running.close(now=True)
            raise
        running.close()


def at_once(todo: Sequence[Job]) -> int:
    """How many of some jobs are worth processes of their own: of models, and of what trains.

    Starting one takes longer than an export. What is trained further is counted once, at its end.
    """
    models = {(job.model, job.seed) for job in todo}
    trained = {job for job in todo if job.export is None and job.parent is not None}
    ends = trained - {job.parent for job in trained}
    return max(len(models), min(len(ends), SIDE_BY_SIDE))


@dataclass
class _Running:
    """A pool, made anew when a process of it dies, whose jobs are then tried one by one."""

    build_context: BuildContext
    workers: int
    _pool: _Pool | None = None
    _jobs: dict[Future[Outcome], Task] = field(default_factory=dict)

    def submit(self, task: Task) -> None:
        """Hand a job to the pool."""
        if self._pool is None:
            self._pool = _Pool(self.build_context, self.workers)
        try:
            future = self._pool.submit(worker.build_job, task.job)
        except BrokenProcessPool as error:  # which `ended` will meet at this job, too
            future = Future()
            future.set_exception(error)
        self._jobs[future] = task

    def ended(self) -> list[tuple[Job, Outcome]]:
        """What has ended; if a process died, the outcomes of all jobs that were in flight."""
        if self._pool is not None:
            self._pool.look()
        outcomes = []
        try:
            for future in wait(self._jobs, return_when=FIRST_COMPLETED).done:
                outcome = future.result()
                outcomes.append((self._jobs.pop(future).job, outcome))
        except BrokenProcessPool:
            self.close()
            suspects, self._jobs = list(self._jobs.values()), {}
            for task in suspects:  # find out, one by one, whose fault it was
                outcomes.append((task.job, self._alone(task.job)))
        return outcomes

    def close(self, *, now: bool = False) -> None:
        """End the pool's processes; in the middle of their work, if it is to be now."""
        if self._pool is not None:
            self._pool.close(now=now)
            self._pool = None

    def _alone(self, job: Job) -> Outcome:
        pool = _Pool(self.build_context, 1)
        try:
            return pool.only_result(worker.build_job, job)
        except BrokenProcessPool:
            return pool.death(job)


def ask(jobs: Sequence[Job], build_context: BuildContext) -> None:
    """Let one process call the functions of models, and note what they return, by model and seed.

    One that raises, or takes its process down, fails by itself; the others are asked by another.
    """
    build_context.cache.make_folders()
    waiting = list(jobs)
    while waiting:
        pool = _Pool(build_context, 1)
        try:
            while waiting:
                future = pool.submit(worker.ask, waiting[0])
                pool.look()
                build_context.created[waiting[0].model, waiting[0].seed] = future.result()
                waiting.pop(0)
        except BrokenProcessPool:
            build_context.created[waiting[0].model, waiting[0].seed] = pool.death()
            waiting.pop(0)
        except BaseException:
            pool.close(now=True)
            raise
        pool.close()


class _Pool:
    """Worker processes, which can be asked what the one that died ended by, and what it wrote."""

    def __init__(self, build_context: BuildContext, workers: int) -> None:
        """Start none yet. Their logs bear a mark that no other pool's have."""
        self._build_context = dataclasses.replace(build_context, pool=uuid.uuid4().hex[:12])
        self._others = set(multiprocessing.active_children())
        self._processes: dict[BaseProcess, None] = {}
        context = multiprocessing.get_context("spawn")
        begin = (self._build_context,)
        self._pool = ProcessPoolExecutor(workers, context, worker.begin, begin)

    def submit(self, function: Callable[[Job, BuildContext], _T], job: Job) -> Future[_T]:
        """Hand a job to a process.

        Raises:
            BrokenProcessPool: if one has died.
        """
        return self._pool.submit(function, job, self._build_context)

    def look(self) -> None:
        """Learn which processes the pool has by now: it starts them when it is given work."""
        self._processes |= dict.fromkeys(set(multiprocessing.active_children()) - self._others)

    def only_result(self, function: Callable[[Job, BuildContext], _T], job: Job) -> _T:
        """What the one process of a pool makes of the one job that there is; then the pool ends.

        Raises:
            BrokenProcessPool: if it dies.
        """
        try:
            future = self.submit(function, job)
            self.look()
            return future.result()
        except BrokenProcessPool:
            raise
        except BaseException:
            self._terminate()
            raise
        finally:
            self.close()

    def close(self, *, now: bool = False) -> None:
        """End the processes; in the middle of their work, if it is to be now."""
        if now:
            self._terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def death(self, job: Job | None = None) -> Failure:
        """Why a job has no outcome, of a pool of one process, which has died."""
        self.close()
        # of several, a pool that is broken ends the others
        process = next(iter(self._processes)) if len(self._processes) == 1 else None
        log = self._build_context.log(process.pid) if process and process.pid else None
        code = process.exitcode if process else None
        return Failure(death(code, last_words(log) if log else "", job), log)

    def _terminate(self) -> None:
        self.look()
        for process in self._processes:
            process.terminate()
