"""What all measurements of one run share: files, data, checked sessions, baselines' answers."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from weighin import registry
from weighin.build.artifacts import Artifacts
from weighin.build.cache import Cache, default_folder
from weighin.build.executors.choosing import executor
from weighin.build.finished import FinishedFiles
from weighin.build.keys import BuildContext
from weighin.core import (
    Array,
    Artifact,
    Case,
    DataNotFoundError,
    Dataset,
    Record,
    Scope,
    Session,
    Signature,
    Task,
    WeighinError,
)
from weighin.datasets import loading
from weighin.datasets.search import SearchPaths
from weighin.files import HashedFiles, mapped
from weighin.measure.equivalence import check_session
from weighin.measure.evaluation import evaluate, refuse_guessing
from weighin.measure.figures import refuse_changed
from weighin.measure.target import Opening, Target, ThisMachine
from weighin.outcomes import ColdStart, Evaluation, Fidelity
from weighin.stats import MARGIN, PAIR_SECONDS
from weighin.subprocesses import native_output_hidden
from weighin.targets.machine import usable_cores
from weighin.tasks import inferring

SMALL_BYTES = 20_000_000  # of a file that is compressed before it is asked for
ALONE: tuple[Scope, ...] = ("evaluation", "inference")  # operations on one session
FED = 2  # data that are kept as models take them


@dataclass
class RunContext:
    """What all cases of one run share.

    Attributes:
        artifacts: the cases' files.
        pair_seconds: that a pair may take.
        margin: difference of two shares that does not matter.
        optional: models that are left out where their data are not at hand.
        devices: targets beside this machine, by the names that cases give them.
        fidelities: how each session that was opened answers beside its Keras model.
        answers: what each answered to the first test example when it was checked.
        starts: the cold start by which each file was tried.
        crashes: operations that ended the process that measured them, and how that is told.
        recorded: figures of evaluations that were made before this process was started.
    """

    artifacts: Artifacts | FinishedFiles
    pair_seconds: float = PAIR_SECONDS
    margin: float = MARGIN
    optional: tuple[str, ...] = ()
    devices: dict[str, Target] = field(default_factory=dict)
    fidelities: dict[Case, Fidelity] = field(default_factory=dict)
    answers: dict[Case, dict[str, Array]] = field(default_factory=dict)
    starts: dict[Case, ColdStart] = field(default_factory=dict)
    crashes: dict[tuple[Case, Scope], str] = field(default_factory=dict)
    recorded: dict[Case, Sequence[Record]] = field(default_factory=dict)
    _hashed: HashedFiles = field(default_factory=HashedFiles)
    _gzipped: dict[str, bytes] = field(default_factory=dict)  # of one model's files, by digest
    _evaluations: dict[Case, Evaluation] = field(default_factory=dict)
    _greeted: set[str] = field(default_factory=set)  # runtimes that were loaded in this process
    # the last data, and what they fed: files that are compared may take other types
    _fed: list[tuple[Dataset, Signature, Dataset]] = field(default_factory=list)

    @classmethod
    def here(
        cls,
        definitions: Sequence[Path],
        *,
        profile: str,
        cache_dir: str | None = None,
        data_dir: str | None = None,
        workers: int = 0,
        cluster: str = "",
        pair_seconds: float = PAIR_SECONDS,
        margin: float = MARGIN,
        optional: tuple[str, ...] = (),
    ) -> RunContext:
        """A context that looks where the options, or else the environment variables, say."""
        context = build_context(cache_dir, data_dir, definitions)
        return cls(
            Artifacts(context, profile, executor(cluster, workers)), pair_seconds, margin, optional
        )

    @cached_property
    def this_machine(self) -> Target:
        """The machine that the run is on."""
        return ThisMachine(self.build_context.definitions)

    def target(self, case: Case) -> Target:
        """Where the case's sessions run."""
        return self.devices[case.target] if case.target else self.this_machine

    @property
    def build_context(self) -> BuildContext:
        """Where things are."""
        return self.artifacts.context

    def build(self, cases: Iterable[Case], **report: Callable[..., None]) -> None:
        """Build whatever the cases need; see `weighin.build.artifacts`."""
        self.artifacts.build(cases, **report)

    def artifact(self, case: Case) -> Artifact:
        """The case's file.

        Raises:
            WeighinError: with the reason, if it could not be built, is not what it is called, or
                is no longer what was hashed: so it is asked before and after everything.
        """
        artifact = self.artifacts.of(case)
        self._hashed.check(artifact.path, artifact.sha256)
        return artifact

    def gzipped(self, case: Case) -> bytes:
        """The case's file after gzip -9, as a download would carry it; no name or time inside.

        With the first file of a model its others are compressed too, side by side, if they are no
        large ones; nothing is timed meanwhile.
        """
        wanted = self.artifact(case)
        if wanted.sha256 not in self._gzipped:
            files = {
                artifact.sha256: artifact.path
                for artifact in (wanted, *self.artifacts.files(case.model))
                if artifact is wanted or artifact.bytes <= SMALL_BYTES
            }
            with ThreadPoolExecutor(usable_cores()) as pool:  # zlib releases Python's lock
                self._gzipped = dict(pool.map(_gzip, files.values()))
        if wanted.sha256 not in self._gzipped:
            self.artifact(case)  # says that it has changed
        return self._gzipped[wanted.sha256]

    def dataset(self, case: Case) -> Dataset:
        """The data set that the case is trained and tested on, fed to its model."""
        loaded, signature = self.load_dataset(case.dataset), self.artifact(case).signature
        for known, fed_by, fed in self._fed:
            if known is loaded and fed_by == signature:
                return fed
        fed = loaded.fed_to(signature)  # which looks at every value
        self._fed = [*self._fed[1 - FED :], (loaded, signature, fed)]
        return fed

    def load_dataset(self, name: str) -> Dataset:
        """A data set by its name."""
        return loading.load_cached(name, self.build_context.search)

    def task(self, case: Case) -> Task:
        """What the case's model is asked: by its recipe, or as was inferred when it was built."""
        return inferring.known(self._named_task(case), self.artifact(case).facts["task"])

    def expected_task(self, case: Case) -> Task | None:
        """The same without building anything: as of any file of the model, or as its data suggest.

        None where they leave it open: class numbers, one for each example, are for a classifier.
        """
        if (known := self.known_task(case)) is not None:
            return known
        try:
            dataset = self.load_dataset(case.dataset)
        except DataNotFoundError:
            return None
        ranks = [values.ndim for values in dataset.test.targets.values()]
        is_plain = dataset.classes is not None and ranks == [1]
        return registry.tasks["classification"] if is_plain else None

    def known_task(self, case: Case) -> Task | None:
        """The same, but None where the recipe names none and no file of the model is built."""
        named = self._named_task(case)
        of_files = [artifact.facts.get("task") for artifact in self.artifacts.files(case.model)]
        inferred = next(filter(None, of_files), None)
        return inferring.known(named, inferred or "") if named or inferred else None

    def _named_task(self, case: Case) -> str | Task | None:
        return self.artifacts.named_task(case.model)

    def missing_data(self, case: Case) -> str | None:
        """Why an optional model is left out: its data are not at hand; None if they are."""
        if case.model not in self.optional:
            return None
        try:
            self.load_dataset(case.dataset)
        except DataNotFoundError as error:
            return str(error).splitlines()[0]
        return None

    def example(self, case: Case) -> dict[str, Array]:
        """The test example that single inferences answer, inputs by name, each `(1, …)`."""
        return self.dataset(case).test.inputs(0, 1)

    def cold_starts(self, case: Case, count: int = 1) -> list[ColdStart]:
        """Load, allocate and answer one test example in fresh processes, one after the other."""
        artifact, example = self.artifact(case), self.example(case)
        return self.target(case).cold_starts(artifact, case.runtime, case.threads, example, count)

    def opened(self, case: Case) -> Session:
        """The case's file, opened with its runtime, unchecked; arrays by its signature's names.

        Raises:
            WeighinError: if the runtime refuses it.
        """
        return self.target(case).open(self.artifact(case), case.runtime, case.threads)

    def opening(self, case: Case) -> Opening:
        """The case's file, to be opened anew and timed; it is checked first, once in a run.

        Raises:
            WeighinError: as `open`.
        """
        artifact, example = self.artifact(case), self.example(case)
        if case not in self.answers:
            self.open(case).close()
        return Opening(artifact, case.runtime, case.threads, example, self.answers[case])

    def open(self, case: Case) -> Session:
        """Open the case's file with its runtime, and check that it answers as it should.

        Raises:
            WeighinError: if it cannot be opened, or answers otherwise than the Keras model that
                it came from; such a session is never timed. Nor is one that ended a process.
        """
        for scope in ALONE:  # of two sessions in turn nobody knows which one it was
            if (case, scope) in self.crashes:
                raise WeighinError(self.crashes[case, scope])
        artifact = self.artifact(case)
        runtime = registry.runtimes[case.runtime]
        if case not in self.starts and not runtime.needs_tensorflow:
            # native code may crash on a file: then it does so in a process of its own
            (self.starts[case],) = self.cold_starts(case)
            self._greet(case)
        session = self.opened(case)
        try:
            fidelity = check_session(
                session, artifact, self.dataset(case), self.task(case), runtime.rounding
            )
        except BaseException:
            session.close()
            raise
        if fidelity is not None:
            self.fidelities[case] = fidelity
        self.answers[case] = dict(session.answer())  # of the last check: this case's example alone
        return session

    def _greet(self, case: Case) -> None:
        """Load a runtime, so that what native code says of itself then is not shown between.

        Not before it has answered in a process of its own: one that is broken may end the process.
        """
        if not case.target and case.runtime not in self._greeted:
            self._greeted.add(case.runtime)
            runtime = registry.runtimes[case.runtime]
            # what fails here fails again where it is opened, with its reason
            with native_output_hidden(shown_on_failure=False), contextlib.suppress(Exception):
                runtime.load()
                runtime.call_overhead()

    def evaluation(self, case: Case) -> Evaluation:
        """The case's answers to its whole test set, remembered."""
        if case not in self._evaluations:
            session = self.open(case)
            try:
                evaluation = self.evaluate(session, case)
                refuse_changed(self.recorded.get(case, ()), evaluation)
                self.remember(case, evaluation)
            finally:
                session.close()
        return self._evaluations[case]

    def evaluate(self, session: Session, case: Case) -> Evaluation:
        """Answer the case's whole test set by an open session."""
        artifact = self.artifact(case)
        evaluation = evaluate(session, self.dataset(case), self.task(case), artifact.signature)
        self.artifact(case)
        return dataclasses.replace(evaluation, trained=artifact.trained)

    def remember(self, case: Case, evaluation: Evaluation) -> None:
        """Keep an evaluation for the cases that are compared with it; outputs only of baselines.

        Raises:
            WeighinError: if it is a baseline's, and no better than guessing.
        """
        if case == case.baseline:
            refuse_guessing(evaluation, self.dataset(case))
        else:
            evaluation = dataclasses.replace(evaluation, outputs={})
        self._evaluations[case] = evaluation


def build_context(
    cache_dir: str | None, data_dir: str | None, definitions: Sequence[Path] = ()
) -> BuildContext:
    """Where things are, as the options or else the environment variables say."""
    folder = Path(cache_dir).expanduser().resolve() if cache_dir else default_folder()
    return BuildContext(Cache(folder), SearchPaths.here(folder, data_dir), tuple(definitions))


def _gzip(path: Path) -> tuple[str, bytes]:
    """The digest of what was read, and that compressed."""
    with mapped(path) as content:
        packed = gzip.compress(content, compresslevel=9, mtime=0)
        return hashlib.sha256(content).hexdigest(), packed
