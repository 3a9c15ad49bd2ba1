"""Where jobs are run: in processes of this machine, or by the workers of a cluster.

The scheduler (`weighin.build.scheduler`) says which job may begin, and an executor runs it. It
survives whatever a job does to the process that runs it: every job that is handed to it ends by an
artifact in this machine's cache, or by a `Failure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from weighin.build.jobs import Job
from weighin.build.keys import BuildContext
from weighin.core import Artifact, Failure
from weighin.targets.machine import Processor


@dataclass(frozen=True)
class Task:
    """A job that may begin.

    Attributes:
        job: what is built.
        dataset_digest: of the data that it is trained, calibrated and tested on.
        parent: what it starts from; None for a dense start.
    """

    job: Job
    dataset_digest: str
    parent: Artifact | None = None


class Running(Protocol):
    """An executor at work."""

    def submit(self, task: Task) -> None:
        """Begin a job as soon as there is a place for it."""
        ...

    def ended(self) -> list[tuple[Job, Artifact | Failure]]:
        """Wait until a job has ended, and say what became of it, and of others meanwhile."""
        ...


class Executor(Protocol):
    """A place where jobs are run."""

    def processor(self) -> Processor:
        """The kind of processor that will build.

        Raises:
            WeighinError: if there is none that could.
        """
        ...

    def opened(
        self, build_context: BuildContext, todo: Sequence[Job]
    ) -> AbstractContextManager[Running]:
        """Get ready to run jobs, and end all that was begun when the block is left.

        Args:
            build_context: where things are; its processor is this executor's.
            todo: all that will be submitted, parents first.
        """
        ...
