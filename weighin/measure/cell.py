"""(artifact, runtime, metric) → record: the operations, and what becomes of their outcomes.

An operation (a scope) yields an outcome; every metric registered for that scope makes a figure of
it, and every figure becomes a record:

    artifact    compressing the file                 outcomes.Compressed
    evaluation  answering the whole test set         outcomes.Evaluation
    start       first answers of fresh processes     outcomes.Starts
    inference   single inferences                    outcomes.Inferences
    pair        blocks beside the baseline's         outcomes.Pair
    memory      what a microcontroller needs         outcomes.Memory
    engines     blocks beside another engine's       outcomes.Engines
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from weighin import registry
from weighin.core import (
    CONTROL,
    Artifact,
    Record,
    Runtime,
    Scope,
    Session,
    Skip,
    Status,
    WeighinError,
)
from weighin.core.case import Case
from weighin.measure.clock import Clock
from weighin.measure.context import RunContext
from weighin.measure.figures import figures, without_figures
from weighin.measure.target import Target
from weighin.outcomes import ColdStart, Compressed, Engines, Evaluation, Inferences, Memory, Pair


@dataclass
class Cell:
    """One case on the bench: its operations, and the records of their outcomes.

    Attributes:
        first: of a pair between engines, the same variant on the engine that it is beside.
        taken: whether its records are those of a run that goes on.
    """

    case: Case
    scope: Scope
    context: RunContext
    records: list[Record] = field(default_factory=list)
    first: Case | None = None
    taken: bool = False
    _session: Session | None = None

    @property
    def artifact(self) -> Artifact:
        """The file that is weighed."""
        return self.context.artifact(self.case)

    @property
    def runtime(self) -> Runtime:
        """The runtime that opens it."""
        return registry.runtimes[self.case.runtime]

    @property
    def target(self) -> Target:
        """Where it is opened and timed."""
        return self.context.target(self.case)

    @property
    def needs_tensorflow(self) -> bool:
        """Whether measuring it loads TensorFlow: then it is measured last."""
        names = {each.runtime for each in (self.case, self.first) if each is not None}
        return any(registry.runtimes[name].needs_tensorflow for name in names - {""})

    @property
    def compared_with(self) -> list[Case]:
        """The other cases that its figures compare it with."""
        case, artifacts = self.case, self.context.artifacts
        if self.scope == "engines":
            return [] if self.first is None else [self.first]
        others = [case.baseline] if self.scope in ("pair", "evaluation") else []
        if self.scope == "evaluation" and artifacts.variant(case).steps:
            others += [case.control] if artifacts.has(case.control) else []
        return [other for other in others if other != case]

    def unavailable(self) -> str | None:
        """Why the case cannot be weighed here: its data, export or runtime is not to be had."""
        if missing := self.context.missing_data(self.case):
            return missing
        if reason := self.context.artifacts.unavailable(self.case):
            return reason
        if not self.case.runtime:
            return None
        return self.target.available(self.case.runtime) or self.runtime.declines(self.scope)

    @property
    def session(self) -> Session:
        """The file, opened and checked; closed by `close`."""
        if self._session is None:
            self._session = self.context.open(self.case)
        return self._session

    def compress(self) -> Compressed:
        """The file after gzip -9, as a download would carry it; no name or time inside."""
        return Compressed(self.artifact, self.context.gzipped(self.case))

    def evaluate(self) -> Evaluation:
        """Answer the whole test set."""
        return self.context.evaluate(self.session, self.case)

    def first_start(self) -> list[ColdStart]:
        """The cold start by which the file was tried, if it has been opened in this run."""
        first = self.context.starts.get(self.case)
        return [] if first is None else [first]

    def cold_start(self) -> ColdStart:
        """Load, allocate and answer one test example in a fresh process."""
        (start,) = self.context.cold_starts(self.case)
        return start

    def cold_starts(self, count: int) -> list[ColdStart]:
        """The same in several fresh processes, which get ready side by side."""
        return self.context.cold_starts(self.case, count)

    def inference(self) -> Callable[[], Any]:
        """A call that answers one test example at batch 1."""
        return self.session.inference(self.context.example(self.case))

    def inferences(self, clock: Clock) -> Inferences | None:
        """Single inferences where the target is; None if the clock is switched off."""
        return self.target.inferences(self.context.opening(self.case), clock)

    def memory(self) -> Memory:
        """What the file takes of a microcontroller's memory, and what an NPU's compiler says."""
        memory = self.target.memory(self.artifact, self.case.runtime)
        _ = self.artifact  # is it still the file that was hashed?
        return memory

    def pair(self) -> Pair:
        """Measure against the baseline, in turn; both sessions are checked first."""
        return self.beside(self.case.baseline)

    def engines(self) -> Engines:
        """Measure against the same variant on the first engine, in turn; likewise checked."""
        first = self.first
        if first is None or first.target != self.case.target:
            raise WeighinError(f"{self.case} has no other engine on its machine to be beside.")
        formats = (first.format, self.case.format)
        try:  # that it fails is not this engine's fault
            self.context.opening(first)
        except WeighinError as error:
            return Engines(first.engine, None, f"nothing to be beside, {first}: {error}", formats)
        return Engines(first.engine, self.beside(first), formats=formats)

    def beside(self, other: Case) -> Pair:
        """Measure against another case on the same target, which comes first in the pair."""
        cases = (other, self.case)
        openings = [self.context.opening(case) for case in cases]
        # TensorFlow computes in threads of its own, which pinning this one would not reach
        alone = all(
            case.threads == 1 and not registry.runtimes[case.runtime].needs_tensorflow
            for case in cases
        )
        pair = self.target.pair(*openings, seconds=self.context.pair_seconds, pin=alone)
        self.context.artifact(other)
        return pair

    def record(self, outcome: Any) -> None:
        """Turn an operation's outcome into records, one for each metric of its scope.

        Raises:
            WeighinError: if a metric failed; the records are kept.
        """
        if isinstance(outcome, Evaluation):
            is_baseline = self.case == self.case.baseline
            outcome = dataclasses.replace(
                outcome,
                fidelity=self.context.fidelities.get(self.case),
                margin=self.context.margin,
                untimed=self.runtime.declines("inference") or "",
                **({} if is_baseline else self._baseline()),
                **self._control(),
            )
            self.context.remember(self.case, outcome)
        task = self.context.task(self.case)
        records = figures(self.case, self.scope, outcome, self.artifact.sha256, task)
        self.records += records
        failed = [record for record in records if record.status == "failed"]
        if failed:
            raise WeighinError(f"{failed[0].metric}: {failed[0].reason}")

    def _baseline(self) -> dict[str, Any]:
        """The baseline's evaluation, or why there is none: its failure is not the variant's."""
        try:
            return {"baseline": self.context.evaluation(self.case.baseline)}
        except WeighinError as error:
            return {"no_baseline": f"the baseline could not be evaluated: {error}"}

    def _control(self) -> dict[str, Any]:
        """The dense control's evaluation, beside whatever trains further; or why there is none."""
        control, artifacts = self.case.control, self.context.artifacts
        if self.case == control:
            return {"no_control": Skip("this is the control")}
        if not artifacts.variant(self.case).steps:
            return {}
        if not artifacts.has(control):
            return {"no_control": Skip(f"no .{control.format} of {CONTROL} is in this run")}
        try:
            return {"control": self.context.evaluation(control)}
        except WeighinError as error:
            reason = f"{CONTROL} could not be evaluated: {error}"
            return {"no_control": Skip(reason, "not measured")}

    def record_status(self, status: Status, reason: str) -> None:
        """Say of every metric of the scope that has no record yet why it has none."""
        known = {record.metric for record in self.records}
        self.records += [
            record
            for record in without_figures(
                self.case, self.scope, status, reason, self.context.expected_task(self.case)
            )
            if record.metric not in known
        ]

    def close(self) -> None:
        """Close the session, if one was opened."""
        if self._session is not None:
            self._session.close()
            self._session = None
