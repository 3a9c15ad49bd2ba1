"""(artifact, runtime, metric) → record: the operations, and what becomes of their outcomes.

An operation (a scope) yields an outcome; every metric registered for that scope makes a figure of
it, and every figure becomes a record:

    artifact    compressing the file                 outcomes.Compressed
    evaluation  answering the whole test set         outcomes.Evaluation
    start       first answers of fresh processes     outcomes.Starts
    inference   single inferences                    outcomes.Inferences
    pair        blocks beside the baseline's         pairs.Pair
"""

from __future__ import annotations

import dataclasses
import gzip
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighin import environment, pairs, registry, variant, why
from weighin.core import Artifact, Figure, Record, Runtime, Session, Skip, Status, WeighinError
from weighin.inspect import read_tflite
from weighin.outcomes import ColdStart, Compressed, Evaluation, Inferences
from weighin.pairs import Pair, Side, seconds_of
from weighin.sessions import evaluate, refuse_far
from weighin.why import Facts
from weighin.workbench import Case, Workbench

OPENINGS = 10  # of a file, over which the interval of its latency is taken
FEWEST_OPENINGS = 6  # whose median has a 95 % interval
OPENING_SECONDS = 0.8  # that opening them may take: a large model is opened less often,
LONGEST_OPENING = 20.0  # but still so often that there is an interval, if it takes no longer
ROUNDS = (50, 1000)  # fewest and most single calls that are timed
ROUNDS_SECONDS = 4.0  # that the fewest may take: of slow calls there are fewer still


@dataclass
class Cell:
    """One case on the bench: its operations, and the records of their outcomes."""

    case: Case
    scope: str
    bench: Workbench
    records: list[Record] = field(default_factory=list)
    _session: Session | None = None

    @property
    def artifact(self) -> Artifact:
        """The file that is weighed."""
        return self.bench.artifact(self.case)

    @property
    def runtime(self) -> Runtime:
        """The runtime that opens it."""
        return registry.runtimes[self.case.runtime]

    def unavailable(self) -> str | None:
        """Why the case cannot be weighed here: its export or its runtime is not to be had."""
        export = variant.parse(self.case.variant).export
        for name in {export.name, variant.innermost(export)}:
            asked = vars(registry.exports[name]).get("available")
            if asked is not None and (reason := asked()):
                return str(reason)
        return self.runtime.available() if self.case.runtime else None

    @property
    def session(self) -> Session:
        """The file, opened and checked; closed by `close`."""
        if self._session is None:
            self._session = self.bench.open(self.case)
        return self._session

    def compress(self) -> Compressed:
        """The file after gzip -9, as a download would carry it; no name or time inside."""
        content = self.artifact.path.read_bytes()
        return Compressed(self.artifact, gzip.compress(content, compresslevel=9, mtime=0))

    def evaluate(self) -> Evaluation:
        """Answer the whole test set."""
        return evaluate(self.session, self.bench.dataset(self.case))

    def first_start(self) -> list[ColdStart]:
        """The cold start by which the file was tried, if it has been opened in this run."""
        first = self.bench.starts.get(self.case)
        return [] if first is None else [first]

    def cold_start(self) -> ColdStart:
        """Load, allocate and answer one test image in a fresh process."""
        return self.bench.cold_start(self.case)

    def inference(self) -> Callable[[], Any]:
        """A call that answers one test image at batch 1."""
        return self.session.inference(self.bench.image(self.case))

    def pair(self) -> Pair:
        """Measure against the baseline, in turn; both sessions are checked first."""
        # TensorFlow computes in threads of its own, which pinning this one would not reach
        alone = self.case.threads == 1 and not self.runtime.needs_tensorflow
        sides = (self.side(self.case.baseline), self.side(self.case))
        return pairs.measure(*sides, seconds=self.bench.pair_seconds, pin=alone)

    def side(self, case: Case) -> Side:
        """Opens a case's file anew each time, to be timed: it must answer as when it was checked.

        Raises:
            WeighinError: when opened, if it does not.
        """
        artifact, image = self.bench.artifact(case), self.bench.image(case)
        if case not in self.bench.answers:
            self.bench.open(case).close()
        wanted = self.bench.answers[case]

        def open_side() -> tuple[Callable[[], Any], Callable[[], None]]:
            session = self.runtime.open(artifact.path, case.threads)
            try:
                call = session.inference(image)
                call()
                refuse_far(session.answer(), wanted, "what this file answered when it was checked")
            except BaseException:
                session.close()
                raise
            return call, session.close

        return open_side

    def record(self, outcome: Any) -> None:
        """Turn an operation's outcome into records, one for each metric of its scope.

        Raises:
            WeighinError: if a metric failed; the records are kept.
        """
        if isinstance(outcome, Evaluation):
            self.bench.remember(self.case, outcome)
            own = self.case == self.case.baseline
            outcome = dataclasses.replace(
                outcome,
                fidelity=self.bench.fidelities.get(self.case),
                margin=self.bench.margin,
                **({} if own else self._baseline()),
            )
        made = figures(self.case, self.scope, outcome, self.artifact.sha256)
        self.records += made
        failed = [record for record in made if record.status == "failed"]
        if failed:
            raise WeighinError(f"{failed[0].metric}: {failed[0].reason}")

    def _baseline(self) -> dict[str, Any]:
        """The baseline's evaluation, or why there is none: its failure is not the variant's."""
        try:
            return {"baseline": self.bench.evaluation(self.case.baseline)}
        except WeighinError as error:
            return {"no_baseline": f"the baseline could not be evaluated: {error}"}

    def record_status(self, status: Status, reason: str) -> None:
        """Say of every metric of the scope that has no record yet why it has none."""
        known = {record.metric for record in self.records}
        self.records += [
            record
            for record in without_figures(self.case, self.scope, status, reason)
            if record.metric not in known
        ]

    def close(self) -> None:
        """Close the session, if one was opened."""
        if self._session is not None:
            self._session.close()
            self._session = None


def figures(case: Case, scope: str, outcome: Any, sha256: str) -> list[Record]:
    """A record for each metric of a scope; a metric that fails has a `failed` one."""
    records = []
    for metric in _metrics(scope):
        blank = _blank(case, metric.name, metric.unit, sha256)
        try:
            figure = _finite(metric.compute(outcome))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            records.append(dataclasses.replace(blank, status="failed", reason=reason))
            continue
        if isinstance(figure, Skip):
            made = dataclasses.replace(blank, status=figure.status, reason=figure.reason)
        else:
            made = dataclasses.replace(blank, status="ok", **dataclasses.asdict(figure))
        records.append(made)
    return records


def _finite(figure: Figure | Skip) -> Figure | Skip:
    """A figure of plain Python numbers.

    Raises:
        ValueError: if one of them is not finite, which no table and no JSON can hold.
    """
    if isinstance(figure, Skip):
        return figure
    value, low, high = (
        None if number is None else float(number)
        for number in (figure.value, figure.low, figure.high)
    )
    if value is None or not all(math.isfinite(n) for n in (value, low or 0.0, high or 0.0)):
        raise ValueError(f"the figure is not finite: {figure.value} [{low}, {high}]")
    return dataclasses.replace(figure, value=value, low=low, high=high)


def without_figures(case: Case, scope: str, status: Status, reason: str) -> list[Record]:
    """Records that say of every metric of a scope why there is no figure."""
    blanks = [_blank(case, metric.name, metric.unit, "") for metric in _metrics(scope)]
    return [dataclasses.replace(blank, status=status, reason=reason) for blank in blanks]


def explain(case: Case, records: Mapping[str, Record], path: Path, baseline: Path) -> list[Record]:
    """A `why` record for a row: what the rules say of it, if they say anything.

    Args:
        case: the row.
        records: its figures by metric.
        path: the variant's .tflite file, also where the row is of its Keras file.
        baseline: the baseline's .tflite file.
    """
    machine = environment.machine()
    delegated, fixed = records.get("delegated"), records.get("fixed_cost")
    latency = records.get("latency")
    facts = Facts(
        variant=variant.parse(case.variant),
        graph=read_tflite(path),
        records=records,
        architecture=machine["architecture"],
        cpu_features=machine["cpu_features"],
        runtime=case.runtime,
        delegated=None
        if delegated is None or delegated.value is None or delegated.n is None
        else (round(delegated.value * delegated.n), delegated.n),
        fixed_share=None
        if fixed is None or latency is None or not fixed.value or not latency.value
        else min(1.0, fixed.value / latency.value),
        baseline=read_tflite(baseline),
    )
    said = "\n".join(why.explain(facts, is_tflite=case.format == "tflite"))
    blank = _blank(case, "why", "", "")
    return [dataclasses.replace(blank, status="ok", note=said)] if said else []


def _metrics(scope: str) -> list[Any]:
    return [metric for metric in registry.metrics.values() if metric.scope == scope]


def _blank(case: Case, metric: str, unit: str, sha256: str) -> Record:
    return Record(
        **dataclasses.asdict(case),
        metric=metric,
        unit=unit,
        status="not measured",
        artifact=sha256,
    )


class Openings:
    """A cell's file, opened anew every few rounds: pytest-benchmark's `setup` for inferences.

    Two openings of one file differ by several percent, each steady in itself; rounds of a single
    opening would report that chance with a tiny interval.
    """

    def __init__(self, cell: Cell, seconds: float = 0.2) -> None:
        """Open once, to see what opening and one inference take.

        Args:
            cell: what is opened.
            seconds: how long all inferences may take, roughly; see `rounds_for`.
        """
        self._cell, self._open = cell, cell.side(cell.case)
        began = time.perf_counter()
        self._call, self._close = self._open()
        count = openings_for(time.perf_counter() - began)
        self._each = -(-rounds_for(self._call, seconds) // count)
        self.rounds = self._each * count
        self._begun = 0

    def setup(self) -> tuple[tuple[Callable[[], Any]], dict[str, Any]]:
        """Before each round: the call to time, warmed up where it is a new one."""
        if self._begun % self._each == 0:
            self._close()
            self._call, self._close = self._open()
            for _ in range(min(20, self._each) - 1):  # opening has called it once
                self._call()
        self._begun += 1
        return (self._call,), {}

    def inferences(self, seconds: Sequence[float]) -> Inferences:
        """The timed rounds as an outcome; closes what is open."""
        self._close()
        self._close = lambda: None
        each, case = self._each, self._cell.case
        medians = [
            statistics.median(seconds[at : at + each]) for at in range(0, len(seconds), each)
        ]
        fixed = self._cell.bench.fixed_seconds(case.runtime)
        return Inferences(seconds, self._cell.session.delegated, fixed, medians)


def openings_for(seconds: float) -> int:
    """How often to open a file whose opening takes so many seconds: 1 to 10 times."""
    affordable = min(OPENINGS, int(OPENING_SECONDS / seconds))
    if affordable < FEWEST_OPENINGS and seconds * FEWEST_OPENINGS <= LONGEST_OPENING:
        return FEWEST_OPENINGS
    return max(1, affordable)


def rounds_for(call: Callable[[], Any], seconds: float = 0.3) -> int:
    """How many single calls fit into so many seconds.

    At least 50, if they take 4 seconds at most, and at most 1,000.
    """
    fewest, most = ROUNDS
    each = min(seconds_of(call) for _ in range(2))  # one may be disturbed
    if each * fewest <= ROUNDS_SECONDS:
        each = statistics.median(seconds_of(call) for _ in range(5))
    affordable = int(ROUNDS_SECONDS / each)
    return max(1, min(most, max(min(fewest, affordable), int(seconds / each))))
