"""Jobs on the workers of a Dask cluster, each a task that is called by its artifact's key.

So a key is built once over the whole cluster, by whichever client it was wanted first; what a lost
worker was at is built by another. A worker gets what it starts from and sends back what it built,
both as bytes with their sha256; what came back lies in this machine's cache, and is never built
again for the loss of a worker.
"""

from __future__ import annotations

import collections
import contextlib
import json
import queue
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighin.build.executors import Task, carrying, orders, remote
from weighin.build.executors.orders import Built, Refused
from weighin.build.jobs import Job
from weighin.build.keys import EXPORT_PACKAGES, TRAINING_PACKAGES, BuildContext
from weighin.cluster import workers as cluster_workers
from weighin.cluster.connection import LOCAL, Connection, connected
from weighin.cluster.workers import Worker
from weighin.core import Artifact, Failure, WeighinError
from weighin.files import fresh
from weighin.formats.opening import check_unpacked
from weighin.formats.saved import read_saved
from weighin.targets import machine
from weighin.targets.machine import Processor

DEATHS = 2  # times that Dask may give a job up, each after several deaths of its workers
ROUNDS = 50  # that a job may be handed out anew, for whatever reasons
LOOK_SECONDS = 1.0  # between two looks at who is there
LONELY_SECONDS = 60.0  # that jobs wait for a worker where there is none
FETCH_SECONDS = 600.0  # that an artifact may take to come
KERAS_FORMATS = ("h5", "keras", "savedmodel.zip")
DECIDING = tuple(dict.fromkeys((*TRAINING_PACKAGES, *EXPORT_PACKAGES)))  # packages in keys

Outcome = Artifact | Failure


@dataclass(frozen=True)
class Cluster:
    """A cluster's workers.

    Attributes:
        address: of its scheduler; or `local`, for worker processes of this machine.
        workers: of a local cluster; 0 for one per core.
        function: what workers are asked to run.
    """

    address: str
    workers: int = 0
    function: Callable[..., Any] = remote.build

    def processor(self) -> Processor:
        """This machine's kind if a worker has it, else the kind that most threads have.

        Weights depend on it, so that one run is built by one kind.

        Raises:
            WeighinError: if no worker can build what is asked here.
        """
        if self.address == LOCAL:
            return machine.processor()
        with connected(self.address) as connection:
            workers = fit(cluster_workers.survey(connection))
        threads: collections.Counter[Processor] = collections.Counter()
        for worker in workers:
            if worker.processor is not None:
                threads[worker.processor] += worker.threads
        own = cluster_workers.here().processor
        return own if own is not None and own in threads else threads.most_common(1)[0][0]

    @contextlib.contextmanager
    def opened(self, build_context: BuildContext, todo: Sequence[Job]) -> Iterator[_Running]:
        """Connect, and leave nothing behind on the cluster when the block is left.

        Raises:
            WeighinError: if no worker can build what is asked here.
        """
        carried = carrying.pack(build_context.brought)
        environment = {"WEIGHIN_CACHE_DIR": str(build_context.cache.folder)}
        with connected(self.address, self.workers, environment) as connection:
            running = _Running(connection, self.function, build_context, carried)
            running.children.update(job.parent for job in todo if job.parent)
            running.begin()
            yield running


def fit(found: Sequence[Worker]) -> list[Worker]:
    """The workers that build the same as this machine would, but for its kind of processor.

    Those that measure are left alone, unless there are no others.

    Raises:
        WeighinError: if one has another weighin, or none is left; it says what each lacks.
    """
    cluster_workers.refuse_other_weighin(found)
    fitting, told = [], []
    for worker in found:
        if differing := cluster_workers.differing(worker, DECIDING):
            told.append(f"{worker.address}: {differing}")
        else:
            fitting.append(worker)
    if not fitting:
        lacks = "; ".join(told) or "it has none at all: dask worker ADDRESS"
        raise WeighinError(f"No worker of the cluster can build what is asked here. {lacks}.")
    for each in told:
        warnings.warn(f"A worker of the cluster is left out: {each}", stacklevel=2)
    return [worker for worker in fitting if not worker.quiet] or fitting


@dataclass
class _Attempt:
    """One try of a job.

    Attributes:
        task: the job.
        key: of its artifact.
        provenance: that belongs to the key.
        order: what workers are told.
        number: of the try.
        deaths: how often Dask has given it up.
        refused: why workers would not, by their addresses.
        allowed: workers that it was handed to.
        future: Dask's.
    """

    task: Task
    key: str
    provenance: dict[str, Any]
    order: bytes
    number: int = 1
    deaths: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    future: Any = None


@dataclass
class _Running:
    """A cluster at work.

    Attributes:
        children: how many jobs still start from each.
    """

    connection: Connection
    function: Callable[..., Any]
    build_context: BuildContext
    carried: carrying.Carried
    children: collections.Counter[Job | None] = field(default_factory=collections.Counter)
    _workers: dict[str, Worker] = field(default_factory=dict)  # all that were greeted
    _waiting: collections.deque[_Attempt] = field(default_factory=collections.deque)
    _running: dict[Job, _Attempt] = field(default_factory=dict)
    _over: list[tuple[Job, Outcome]] = field(default_factory=list)
    _events: queue.Queue[tuple[Job, int]] = field(default_factory=queue.Queue)
    _held: dict[Job, Any] = field(default_factory=dict)  # parents, as workers hold them
    _brought: list[Any] = field(default_factory=list)
    _fit: tuple[str, ...] = ()
    _quiet: bool = False  # whether those that build are those that measure
    _looked: float = 0.0
    _seen: float = 0.0  # when a worker was last there
    _ended: str = ""  # why nothing is built any more

    def begin(self) -> None:
        """Look who is there, and hand out what was brought.

        Raises:
            WeighinError: if nobody can build.
        """
        found = cluster_workers.survey(self.connection)
        fit(found)
        self._meet(found)
        if not self._fit:
            raise WeighinError(
                f"No worker of the cluster has the processor {self.build_context.processor}, by "
                f"which the keys of this run are made: run again."
            )
        for path in self.carried.paths:
            content = path.read_bytes()
            name = f"file-{orders.key_of_bytes(content)}"
            self._brought.append(self._submit(remote.hold, content, name=name))

    def submit(self, task: Task) -> None:
        """Queue a job: no more are handed out than there are threads."""
        try:
            key, order = orders.order(task, self.build_context, self.carried)
        except WeighinError as error:
            self._over.append((task.job, Failure(str(error))))
            return
        provenance = json.loads(order)["chain"][-1]
        self._waiting.append(_Attempt(task, key, provenance, order))

    def ended(self) -> list[tuple[Job, Outcome]]:
        """What has ended, at least one."""
        while not self._over:
            try:
                self._hand_out()
            except Exception:
                if not self.connection.is_over:
                    raise
                self._give_up(str(self.connection.lost()))
                continue
            with contextlib.suppress(queue.Empty):
                job, number = self._events.get(timeout=LOOK_SECONDS / 4)
                attempt = self._running.get(job)
                if attempt is not None and attempt.number == number:
                    self._end(attempt)
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._look()
        over, self._over = self._over, []
        for job, _ in over:
            self._forget(job)
        return over

    def _hand_out(self) -> None:
        """Give jobs to whoever is free."""
        threads = sum(self._workers[address].threads for address in self._fit)
        while self._waiting and (self._ended or len(self._running) < threads):
            attempt = self._waiting.popleft()
            if self._ended:
                self._over.append((attempt.task.job, Failure(self._ended)))
                continue
            allowed = tuple(each for each in self._fit if each not in attempt.refused)
            if not allowed:
                reasons = "; ".join(f"{who}: {why}" for who, why in attempt.refused.items())
                reason = f"no worker of the cluster can build it as it is here. {reasons}"
                self._over.append((attempt.task.job, Failure(reason)))
                continue
            self._running[attempt.task.job] = attempt
            self._begin(attempt, allowed)

    def _begin(self, attempt: _Attempt, allowed: tuple[str, ...]) -> None:
        attempt.allowed = allowed
        job, number = attempt.task.job, attempt.number
        try:
            parent = self._parent(attempt.task)
        except OSError as error:
            del self._running[job]
            self._over.append((job, Failure(f"what it starts from cannot be read: {error}")))
            return
        attempt.future = self._submit(
            self.function,
            *(attempt.order, parent, *self._brought),
            name=f"{attempt.key}-{number}",
            allowed=allowed,
            alone=self._quiet,
        )
        attempt.future.add_done_callback(lambda _: self._events.put((job, number)))

    def _submit(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        name: str,
        allowed: tuple[str, ...] = (),
        alone: bool = False,
    ) -> Any:
        """A task of Dask, called the same by every client that wants the same."""
        return self.connection.client.submit(
            function,
            *arguments,
            key=f"weighin-{name}",
            workers=list(allowed or self._fit),
            allow_other_workers=not allowed,
            resources={cluster_workers.QUIET: 1} if alone else None,
        )

    def _parent(self, task: Task) -> Any:
        """What a job starts from, as a task that holds it: workers pass it on to each other."""
        if task.parent is None or task.job.parent is None:
            return None
        if task.job.parent not in self._held:
            parts = remote.packed(task.parent)
            name = f"file-{task.parent.key}"
            self._held[task.job.parent] = self._submit(remote.hold, *parts, name=name)
        return self._held[task.job.parent]

    def _end(self, attempt: _Attempt) -> None:
        """Take what became of a job, or hand it out anew."""
        outcome = self._outcome(attempt)
        del self._running[attempt.task.job]
        attempt.future.release()
        if outcome is None:
            attempt.number += 1
            self._waiting.appendleft(attempt)
        else:
            self._over.append((attempt.task.job, outcome))

    def _outcome(self, attempt: _Attempt) -> Outcome | None:
        """What became of a job; None if it is to be tried again."""
        if attempt.number >= ROUNDS:
            return Failure(f"the cluster has not built it in {ROUNDS} tries")
        status = attempt.future.status
        if status == "error":
            attempt.deaths += 1
            if attempt.deaths < DEATHS:
                return None
            return Failure(
                f"the workers that were at it died, or could not take it, {attempt.deaths} times: "
                f"{attempt.future.exception()}"
            )
        if status != "finished":  # cancelled, with what it starts from or by the scheduler's end
            return None
        try:
            result = attempt.future.result(timeout=FETCH_SECONDS)
        except Exception:  # it was lost on the way, with its worker
            return None
        try:
            answer = orders.read(result, attempt.key, attempt.provenance)
            if isinstance(answer, Refused):
                return self._refusal(attempt, answer)
            if isinstance(answer, Failure):
                return self._failure(attempt, answer, orders.log_of(result))
            return self._kept(answer, attempt.key)
        except WeighinError as error:
            return Failure(str(error))

    def _refusal(self, attempt: _Attempt, refused: Refused) -> Failure | None:
        if refused.worker not in attempt.allowed:
            return Failure(f"a worker that was not asked refused it: {refused.reason}")
        attempt.refused[refused.worker] = refused.reason
        return None

    def _failure(self, attempt: _Attempt, failure: Failure, log: str) -> Failure:
        """A failure, with what the process had written in a log of this machine."""
        path = self.build_context.cache.logs / f"cluster-{attempt.key[:16]}.log"
        with open(fresh(path), "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(log)
        return Failure(failure.reason, path, failure.skipped)

    def _kept(self, built: Built, key: str) -> Artifact:
        """An artifact in this machine's cache.

        Raises:
            WeighinError: if it holds code, or does not fit what it is kept as.
        """
        cache = self.build_context.cache
        with cache.lock(key):
            artifact = cache.get(key)
            if artifact is not None:  # a cache that is shared, or another client's
                return artifact
            refuse_code(built)
            return cache.keep(built.entry, built.content, built.answers)

    def _forget(self, job: Job) -> None:
        """Let go of what a job started from, if no other needs it."""
        self.children[job.parent] -= 1
        if job.parent is not None and self.children[job.parent] <= 0:
            held = self._held.pop(job.parent, None)
            if held is not None:
                held.release()

    def _look(self) -> None:
        """See who has come and gone; take jobs back from those that are gone."""
        self._looked = time.monotonic()
        try:
            self._meet(cluster_workers.survey(self.connection, self._workers))
        except WeighinError as error:
            if self.connection.is_over:
                self._give_up(str(error))
            return
        for attempt in list(self._running.values()):
            if self._fit and not set(attempt.allowed) & set(self._fit):
                del self._running[attempt.task.job]
                attempt.future.release()
                attempt.number += 1
                self._waiting.appendleft(attempt)
        if time.monotonic() - self._seen > LONELY_SECONDS:
            self._give_up(
                f"no worker of the cluster at {self.connection.address} is left that could build "
                f"it: start one, and run again, which goes on with what is built"
            )

    def _meet(self, found: Sequence[Worker]) -> None:
        """Remember who is there, and who of them may build."""
        own = cluster_workers.here().version
        self._workers.update({worker.address: worker for worker in found})
        fitting = [
            worker
            for worker in found
            if not worker.problem
            and worker.version == own
            and worker.processor == self.build_context.processor
            and not cluster_workers.differing(worker, DECIDING)
        ]
        loud = [worker for worker in fitting if not worker.quiet]
        self._fit = tuple(worker.address for worker in loud or fitting)
        self._quiet = bool(fitting) and not loud
        if fitting:
            self._seen = time.monotonic()

    def _give_up(self, reason: str) -> None:
        self._ended = reason
        for job in list(self._running):
            del self._running[job]
            self._over.append((job, Failure(reason)))


def refuse_code(built: Built) -> None:
    """Refuse a Keras model that a worker has sent and that would run code when it is opened.

    Raises:
        WeighinError: naming what holds the code.
    """
    if built.entry["format"] not in KERAS_FORMATS:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"sent.{built.entry['format']}")
        path.write_bytes(built.content)
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for each in archive.infolist():
                    check_unpacked(each.filename, each.file_size, each.compress_size)
                archive.extractall(Path(folder, "model"))
            path = next(Path(folder, "model").rglob("saved_model.pb")).parent
        held = read_saved(path).code
    if held:
        raise WeighinError(f"The model that a worker sent holds code, and is not kept: {held[0]}.")
