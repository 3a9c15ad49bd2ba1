"""What all measurements of one run share: built artifacts, loaded data, checked sessions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighin import grammar, registry
from weighin.build import invariants
from weighin.build.cache import Cache, default_folder
from weighin.build.jobs import Job, job_for
from weighin.build.keys import BuildContext
from weighin.build.scheduler import build
from weighin.core import (
    Artifact,
    Dataset,
    Failure,
    Images,
    Scores,
    Session,
    Variant,
    WeighinError,
)
from weighin.core.case import Case
from weighin.datasets import loading
from weighin.datasets.search import SearchPaths
from weighin.measure.cold_start import cold_start
from weighin.measure.equivalence import check_session
from weighin.measure.evaluation import evaluate, refuse_guessing
from weighin.measure.paired import PAIR_SECONDS, median_seconds
from weighin.outcomes import ColdStart, Evaluation, Fidelity
from weighin.stats import MARGIN


@dataclass
class RunContext:
    """What all cases of one run share: built artifacts, loaded data, answers of baselines."""

    build_context: BuildContext
    profile: str
    workers: int = 0
    built: dict[Job, Artifact | Failure] = field(default_factory=dict)
    pair_seconds: float = PAIR_SECONDS
    margin: float = MARGIN
    fidelities: dict[Case, Fidelity] = field(default_factory=dict)
    answers: dict[Case, Scores] = field(default_factory=dict)
    _checked: set[Path] = field(default_factory=set)
    starts: dict[Case, ColdStart] = field(default_factory=dict)
    _evaluations: dict[Case, Evaluation] = field(default_factory=dict)
    _fixed: dict[str, float | None] = field(default_factory=dict)

    @classmethod
    def here(
        cls,
        definitions: Sequence[Path],
        *,
        profile: str = "quick",
        cache_dir: str | None = None,
        data_dir: str | None = None,
        workers: int = 0,
        pair_seconds: float = PAIR_SECONDS,
        margin: float = MARGIN,
    ) -> RunContext:
        """A context that looks where the options, or else the environment variables, say."""
        folder = Path(cache_dir).expanduser().resolve() if cache_dir else default_folder()
        places = SearchPaths.here(folder, data_dir)
        build_context = BuildContext(Cache(folder), places, tuple(definitions))
        return cls(build_context, profile, workers, pair_seconds=pair_seconds, margin=margin)

    def build(self, cases: Iterable[Case], **report: Callable[..., None]) -> None:
        """Build whatever the cases, their baselines and their claims need; see `build.build`."""
        needed = [
            each
            for case in cases
            for each in (
                case.baseline,
                case,
                *(self._under(case, it) for it in invariants.needs(case.variant)),
            )
        ]
        jobs = [self._job(case) for case in needed]
        missing = [job for job in jobs if job not in self.built]
        self.built |= build(missing, self.build_context, workers=self.workers, **report)

    def artifact(self, case: Case) -> Artifact:
        """The case's file.

        Raises:
            WeighinError: with the reason, if it could not be built, or is not what it is called.
        """
        job = self._job(case)
        if job not in self.built:
            self.build([case])
        outcome = self.built[job]
        if isinstance(outcome, Failure):
            raise WeighinError(f"not built: {outcome.reason}")
        if outcome.path not in self._checked:
            invariants.check(
                outcome.path,
                grammar.parse(case.variant),
                lambda other: self.artifact(self._under(case, other)).path,
            )
            self._checked.add(outcome.path)
        return outcome

    def dataset(self, case: Case) -> Dataset:
        """The data set that the case is trained and tested on."""
        return self.load_dataset(case.dataset)

    def cold_start(self, case: Case) -> ColdStart:
        """Load, allocate and answer one test image in a fresh process."""
        path, image = self.artifact(case).path, self.image(case)
        return cold_start(case.runtime, path, case.threads, image, self.build_context.definitions)

    def image(self, case: Case) -> Images:
        """The test image that single inferences answer, `(1, height, width, channels)`."""
        return self.dataset(case).test.inputs(0, 1)

    def load_dataset(self, name: str) -> Dataset:
        """A data set by its name."""
        return loading.load_cached(name, self.build_context.search)

    def origins(self, digests: Collection[str] | None) -> dict[str, list[dict[str, Any]]]:
        """For each artifact's sha256 the provenance of all its stages, the dense start first.

        Args:
            digests: of the artifacts; all that were built if None.
        """
        found = {}
        for job, outcome in self.built.items():
            if isinstance(outcome, Artifact) and (digests is None or outcome.sha256 in digests):
                stages = [self.built[stage] for stage in job.chain]
                found[outcome.sha256] = [
                    dict(stage.provenance) for stage in stages if isinstance(stage, Artifact)
                ]
        return found

    def open(self, case: Case) -> Session:
        """Open the case's file with its runtime, and check that it answers as it should.

        Raises:
            WeighinError: if it cannot be opened, or answers otherwise than the Keras model that
                it came from; such a session is never timed.
        """
        artifact = self.artifact(case)
        runtime = registry.runtimes[case.runtime]
        if case not in self.starts and not runtime.needs_tensorflow:
            # native code may crash on a file: then it does so in a process of its own
            self.starts[case] = self.cold_start(case)
        session = runtime.open(artifact.path, case.threads)
        try:
            fidelity = check_session(session, artifact, self.dataset(case))
        except BaseException:
            session.close()
            raise
        self.fidelities[case] = fidelity
        self.answers[case] = session.answer()  # of the last check: this case's image alone
        return session

    def evaluation(self, case: Case) -> Evaluation:
        """The case's answers to its whole test set, remembered."""
        if case not in self._evaluations:
            session = self.open(case)
            try:
                self.remember(case, evaluate(session, self.dataset(case)))
            finally:
                session.close()
        return self._evaluations[case]

    def fixed_seconds(self, runtime: str) -> float | None:
        """What a call costs in a runtime that computes next to nothing, measured once."""
        if runtime not in self._fixed:
            call = registry.runtimes[runtime].call_overhead()
            self._fixed[runtime] = None if call is None else median_seconds(call)
        return self._fixed[runtime]

    def remember(self, case: Case, evaluation: Evaluation) -> None:
        """Keep an evaluation for the cases that are compared with it.

        Raises:
            WeighinError: if it is a baseline's, and no better than guessing.
        """
        if case == case.baseline:
            refuse_guessing(evaluation, self.dataset(case).classes)
        self._evaluations[case] = evaluation

    def _under(self, case: Case, other: Variant) -> Case:
        """The .tflite file of another variant of a case's model."""
        return dataclasses.replace(case, variant=other.name, format="tflite")

    def _job(self, case: Case) -> Job:
        wanted = grammar.parse(case.variant)
        return job_for(case.model, self.profile, case.seed, wanted, case.format)
