"""(model, variant, seed) → artifact, in worker processes that own TensorFlow.

A variant is built as a chain of jobs, each an artifact of its own: the dense start, each step,
the export. What two variants share is built once. This process only plans, so it stays free of
TensorFlow; when everything is in the cache already, no worker is started at all, unless a model's
function has to be called to know whether its artifacts are still those of the model it returns.

Where jobs run is an executor's business (`weighin.build.executors`); which of them may begin is
this module's, the same for all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from weighin import registry
from weighin.build import pretrained
from weighin.build.executors import Executor, Running, Task
from weighin.build.executors.local import Local, ask
from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.core import Artifact, Failure, WeighinError
from weighin.datasets import loading
from weighin.frameworks import versions


def build(
    wanted: Iterable[Job],
    build_context: BuildContext,
    *,
    executor: Executor | None = None,
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
        executor: where they are built; by this machine's processes if not given.
        asking: told the models whose functions have to be called before anything is known.
        begun: told how many jobs are left to build.
        finished: told each job as it ends.

    Raises:
        WeighinError: if the executor has nothing to build by.
    """
    executor = executor or Local()
    jobs = list(dict.fromkeys(job for last in wanted for job in last.chain))
    if obstacle := versions.why_not_here():
        return dict.fromkeys(jobs, Failure(obstacle))
    if build_context.processor is None:
        build_context = dataclasses.replace(build_context, processor=executor.processor())
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
    to_ask = build_context.to_ask(digests)
    if to_ask:
        asking(list(dict.fromkeys(job.model for job in to_ask)))
        ask(to_ask, build_context)
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
    with executor.opened(build_context, todo) as running:
        run(todo, digests, done, running, finished)
    return done


def run(
    todo: Sequence[Job],
    digests: Mapping[Job, str],
    done: dict[Job, Artifact | Failure],
    running: Running,
    finished: Callable[[Job, Artifact | Failure], None],
) -> None:
    """Hand out jobs whose parents are done, until all are."""
    waiting, begun = list(todo), set[Job]()
    while waiting or begun:
        for job in [job for job in waiting if job.parent is None or job.parent in done]:
            waiting.remove(job)
            if known := _by_parent(job, done):
                done[job] = known
                finished(job, known)
                continue
            parent = done[job.parent] if job.parent else None
            start = parent if isinstance(parent, Artifact) else None
            running.submit(Task(job, digests[job], start))
            begun.add(job)
        for job, outcome in running.ended() if begun else ():
            begun.remove(job)
            done[job] = outcome
            finished(job, outcome)


def _by_parent(job: Job, done: Mapping[Job, Artifact | Failure]) -> Failure | None:
    """Why nothing becomes of a job, if its parent tells: it failed, or has no layers to train."""
    parent = done.get(job.parent) if job.parent else None
    if isinstance(parent, Failure):
        return parent
    if parent is not None and job.export is None and (why := parent.facts.get("direct")):
        reason = f"{why}, which the optimization toolkit works on"
        return Failure(reason, skipped=True)
    return None
