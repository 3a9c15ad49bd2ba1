"""Files of cases: built where they are not there yet, held against their names before use."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from weighin import grammar, registry
from weighin.build import invariants
from weighin.build.executors import Executor
from weighin.build.executors.local import Local
from weighin.build.jobs import Job, export_for, job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import (
    Artifact,
    Case,
    Failure,
    NotBuiltError,
    SkippedError,
    Task,
    Variant,
)


@dataclass
class Artifacts:
    """The files of one run's cases.

    Attributes:
        context: where things are.
        profile: the training profile of all models.
        executor: where they are built.
        built: what became of each job so far.
    """

    context: BuildContext
    profile: str
    executor: Executor = field(default_factory=Local)
    built: dict[Job, Artifact | Failure] = field(default_factory=dict)
    _checked: set[Path] = field(default_factory=set)

    cases: ClassVar[None] = None  # that these files are of: the suite says it

    def build(self, cases: Iterable[Case], **report: Callable[..., None]) -> None:
        """Build whatever the cases, their baselines and their claims need (`scheduler.build`)."""
        needed = [
            each
            for case in cases
            for each in (
                case.baseline,
                case,
                *(_of_variant(case, other) for other in self._claimed_beside(case)),
            )
        ]
        missing = [job for job in map(self._job, needed) if job not in self.built]
        self.built |= build(missing, self.context, executor=self.executor, **report)

    def of(self, case: Case) -> Artifact:
        """The case's file.

        Raises:
            SkippedError: with the reason, if there is none of this model.
            WeighinError: with the reason, if it could not be built, or is not what it is called.
        """
        job = self._job(case)
        if job not in self.built:
            self.build([case])
        outcome = self.built[job]
        if isinstance(outcome, Failure) and outcome.skipped:
            raise SkippedError(outcome.reason)
        if isinstance(outcome, Failure):
            raise NotBuiltError(f"not built: {outcome.reason}", outcome.log)
        if outcome.format != case.format:
            raise SkippedError(f"no .{case.format} file is made: {outcome.facts['direct']}")
        if outcome.path not in self._checked:
            invariants.check(
                outcome.path,
                self.variant(case),
                lambda other: self.of(_of_variant(case, other)).path,
            )
            self._checked.add(outcome.path)
        return outcome

    def has(self, case: Case) -> bool:
        """Whether the case's file was asked for, be it built or not."""
        return self._job(case) in self.built

    def files(self, model: str) -> list[Artifact]:
        """What was built of a model, all stages."""
        return [
            outcome
            for job, outcome in self.built.items()
            if job.model == model and isinstance(outcome, Artifact)
        ]

    def origins(self, digests: Collection[str] | None = None) -> dict[str, list[dict[str, Any]]]:
        """For each artifact's sha256 the provenance of all its stages, the dense start first.

        Args:
            digests: of the artifacts; all that were built if None.
        """
        chains = {}
        for job, outcome in self.built.items():
            if isinstance(outcome, Artifact) and (digests is None or outcome.sha256 in digests):
                stages = [self.built[stage] for stage in job.chain]
                chains[outcome.sha256] = [
                    dict(stage.provenance) for stage in stages if isinstance(stage, Artifact)
                ]
        return chains

    def seconds(self, case: Case) -> float:
        """What building a case's file took, now or before, from the dense start on."""
        stages = (self.built.get(stage) for stage in self._job(case).chain[1:])
        return sum(stage.seconds for stage in stages if isinstance(stage, Artifact))

    def told(self) -> list[dict[str, str]]:
        """None: what was built is told by its provenance."""
        return []

    def named_task(self, model: str) -> str | Task | None:
        """The task that a model's recipe names, if it names one."""
        return registry.models[model].recipe(self.profile).task

    def variant(self, case: Case) -> Variant:
        """The case's variant, by its name."""
        return grammar.parse(case.variant)

    def unavailable(self, case: Case) -> str | None:
        """Why the case's file cannot be exported here, or None."""
        export = export_for(self.variant(case), case.format)
        if export is None:
            return None
        for name in {export.name, grammar.innermost(export)}:
            asked = vars(registry.exports[name]).get("available")
            if asked is not None and (reason := asked()):
                return str(reason)
        return None

    def _claimed_beside(self, case: Case) -> list[Variant]:
        """The variants with whose files the claims of a case's steps compare its file."""
        has_graph = registry.formats[case.format].has_graph
        return invariants.needs(case.variant) if has_graph else []

    def _job(self, case: Case) -> Job:
        wanted = self.variant(case)
        return job_for(case.model, self.profile, case.seed, wanted, case.format)


def _of_variant(case: Case, other: Variant) -> Case:
    """The file of another variant of a case's model, in the same format."""
    return dataclasses.replace(case, variant=other.name)
