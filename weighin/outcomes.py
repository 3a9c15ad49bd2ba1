"""What operations yield, before metrics make figures of it: one class for each scope's outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Arrays, Artifact, Quality, Skip, Stopped, Task
from weighin.named import taken
from weighin.stats import MARGIN, Interval, Replicates, replicates, typical_ratio

UNTRAINED = Skip("nothing here trains further")  # why there is no dense control beside it


@dataclass(frozen=True)
class Evaluation:
    """A session's answers to a whole test set.

    Attributes:
        task: what was asked.
        answers: what the task keeps of the outputs, by name, each `(n, …)`.
        targets: what they are judged by, by name, each `(n, …)`; empty where there are none.
        n: how many examples were asked.
        seconds: wall time of answering all n.
        outputs: the outputs themselves, by name, each `(m, …)` of the first m examples, as many as
            are kept.
        fidelity: how the session answers beside the Keras model that its file came from.
        baseline: the same model's baseline on the same examples and runtime, if there is one.
        margin: what difference of a share does not matter.
        no_baseline: why there is no baseline's evaluation.
        control: that of the dense control, likewise, beside whatever trains further.
        no_control: why there is no control's evaluation.
        unlabelled: why there is nothing to judge answers by; empty where there is.
        trained: whether anybody has trained the model.
        drawn: whether what was asked is random numbers.
        untimed: why the seconds mean nothing; empty where they mean something.
    """

    task: Task
    answers: Arrays
    targets: Arrays
    n: int
    seconds: float
    outputs: Arrays = field(default_factory=dict)
    fidelity: Fidelity | None = None
    baseline: Evaluation | None = None
    margin: float = MARGIN
    no_baseline: str = "this is the baseline"
    control: Evaluation | None = None
    no_control: Skip = UNTRAINED
    unlabelled: str = ""
    trained: bool = True
    drawn: bool = False
    untimed: str = ""
    # not taken over by `dataclasses.replace`, which may give other answers
    _kept: dict[str, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def scored(self, quality: Quality) -> Any:
        """What a figure is made of, computed once: scores `(n,)`, or one number of the whole set.

        Raises:
            ValueError: if it is anything else, or not finite; if there are not as many answers or
                targets as examples.
        """
        if quality.name not in self._kept:
            self._check_counts()
            scores = np.asarray(self._computed(quality, None), np.float64)
            if scores.shape not in ((), (self.n,)):
                raise ValueError(
                    f"{quality.name} is of shape {scores.shape}: wanted a number, or one for each "
                    f"of {self.n} examples"
                )
            if not np.isfinite(scores).all():
                raise ValueError(f"{quality.name} is not finite")
            self._kept[quality.name] = scores
        return self._kept[quality.name]

    def resampled(self, quality: Quality) -> Replicates:
        """A figure of the whole set over the bootstrap's draws of examples, computed once."""
        key = f"resampled {quality.name}"
        if key not in self._kept:

            def of_chosen(chosen: npt.NDArray[np.intp]) -> float:
                return float(self._computed(quality, chosen))

            self._kept[key] = replicates(of_chosen, self.n)
        kept: Replicates = self._kept[key]
        return kept

    def _check_counts(self) -> None:
        """Refuse arrays that a figure could stretch over examples that they say nothing of."""
        for what, arrays in (("answers", self.answers), ("targets", self.targets)):
            for name, values in arrays.items():
                if len(values) != self.n:
                    raise ValueError(f"{len(values)} {what} {name!r} of {self.n} examples")

    def _computed(self, quality: Quality, chosen: npt.NDArray[np.intp] | None) -> Any:
        """A figure of all examples, or of those chosen."""
        if quality.of_prepared is not None and (chosen is not None or quality.compute is None):
            if "prepared" not in self._kept:
                self._kept["prepared"] = self.task.prepared(self.answers, self.targets)
            return quality.of_prepared(self._kept["prepared"], chosen)
        if quality.compute is None:
            raise ValueError(f"{quality.name} says not how it is computed")
        if chosen is None:
            return quality.compute(self.answers, self.targets)
        return quality.compute(taken(self.answers, chosen), taken(self.targets, chosen))


@dataclass(frozen=True)
class Fidelity:
    """A session's answers beside those of the Keras model that its file came from.

    Attributes:
        same: how many examples get the same answer from both; None where answers are numbers,
            which are never quite the same.
        n: how many examples were asked.
        furthest: largest difference between two values of their outputs.
    """

    same: float | None
    n: int
    furthest: float


@dataclass(frozen=True)
class Compressed:
    """A file and its bytes after gzip -9."""

    artifact: Artifact
    gzipped: bytes


@dataclass(frozen=True)
class Inferences:
    """Single inferences at batch 1.

    Attributes:
        seconds: of each call.
        delegated: how many operators run in a delegate, and how many there are.
        fixed_seconds: what a call costs in this runtime that computes next to nothing.
        openings: how many calls each opening of the file answered, in order: one opening differs
            from the next by more than calls of one opening do.
        left_out: the file's operators that run in no delegate, by their place in it; None if
            unknown.
        accelerated: whether the accelerator took the whole file; None if the runtime does not say.
    """

    seconds: Sequence[float]
    delegated: tuple[int, int] | None = None
    fixed_seconds: float | None = None
    openings: Sequence[int] = ()
    left_out: Sequence[int] | None = None
    accelerated: bool | None = None


@dataclass(frozen=True)
class ColdStart:
    """One fresh process: load, allocate, first answer.

    Attributes:
        seconds: from opening the file to the first answer, imports not counted.
        peak_bytes: highest resident memory of the whole process.
        answer: the first values of its first output.
    """

    seconds: float
    peak_bytes: int
    answer: tuple[float, ...] = ()


@dataclass(frozen=True)
class Starts:
    """Cold starts of one artifact, each in a process of its own."""

    runs: Sequence[ColdStart] = field(default_factory=tuple)


@dataclass(frozen=True)
class Pair:
    """Blocks of two sessions, measured in turn.

    Attributes:
        blocks: the median seconds of the first and of the second, in the order of measuring.
        stopped: why measuring ended, as of a `Figure`.
        pinned: whether it ran on one core only.
    """

    blocks: tuple[tuple[float, float], ...]
    stopped: Stopped
    pinned: bool

    @property
    def ratios(self) -> tuple[float, ...]:
        """The first's seconds over the second's, by block: above 1, the second is faster."""
        return tuple(first / second for first, second in self.blocks)

    @property
    def speedup(self) -> Interval:
        """Their middle, and its interval."""
        return typical_ratio(self.ratios)


@dataclass(frozen=True)
class Arena:
    """What a microcontroller's interpreter takes of the memory that it is given, in bytes.

    Attributes:
        total: all of it.
        head: where tensors lie that live for a part of an inference, above one another.
        tail: what stays: what the interpreter knows of operators and tensors, by this machine's
            size of a pointer; on a microcontroller of 32 bits it is smaller.
    """

    total: int
    head: int
    tail: int


@dataclass(frozen=True)
class Memory:
    """What a file takes on a microcontroller, and how fast its compiler says that an NPU would be.

    Attributes:
        arena: of the interpreter.
        estimates: by the NPU's name, seconds of one inference and what they suppose, in words; or
            why there is no estimate.
    """

    arena: Arena
    estimates: Mapping[str, tuple[float, str] | Skip] = field(default_factory=dict)


@dataclass(frozen=True)
class Engines:
    """One variant on two engines.

    Attributes:
        beside: the first engine, as `Case.engine` writes it.
        pair: blocks of the first engine's session and of the case's own, measured in turn; None if
            the first engine's could not be timed.
        no_pair: why it could not.
        formats: the files' formats, the first engine's first.
    """

    beside: str
    pair: Pair | None
    no_pair: str = ""
    formats: tuple[str, str] = ("", "")
