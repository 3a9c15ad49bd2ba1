"""What operations yield, before metrics make figures of it: one class for each scope's outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from weighin.core import Artifact, Labels, Stopped
from weighin.stats import Interval


@dataclass(frozen=True)
class Evaluation:
    """A session's answers to a whole test set.

    Attributes:
        predicted: `(n,)` class numbers, by the highest score.
        top5: `(n,)` whether the right class is among the five highest scores.
        labels: `(n,)` right answers.
        seconds: wall time of answering all n.
        fidelity: how the session answers beside the Keras model that its file came from.
        baseline: the same model's baseline on the same images and runtime, if there is one.
        margin: what difference in top-1 does not matter.
        no_baseline: why there is no baseline's evaluation.
        unlabelled: why the labels mean nothing; empty where they do.
    """

    predicted: Labels
    top5: npt.NDArray[np.bool_]
    labels: Labels
    seconds: float
    fidelity: Fidelity | None = None
    baseline: Evaluation | None = None
    margin: float = 0.005
    no_baseline: str = "this is the baseline"
    unlabelled: str = ""


@dataclass(frozen=True)
class Fidelity:
    """A session's answers beside those of the Keras model that its file came from.

    Attributes:
        same: how many images get the same class from both.
        n: how many images were asked.
        furthest: largest difference between two scores.
    """

    same: int
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
    """

    seconds: Sequence[float]
    delegated: tuple[int, int] | None = None
    fixed_seconds: float | None = None
    openings: Sequence[int] = ()
    left_out: Sequence[int] | None = None


@dataclass(frozen=True)
class ColdStart:
    """One fresh process: load, allocate, first answer.

    Attributes:
        seconds: from opening the file to the first answer, imports not counted.
        peak_bytes: highest resident memory of the whole process.
        top1: the class answered.
    """

    seconds: float
    peak_bytes: int
    top1: int


@dataclass(frozen=True)
class Starts:
    """Cold starts of one artifact, each in a process of its own."""

    runs: Sequence[ColdStart] = field(default_factory=tuple)


@dataclass(frozen=True)
class Pair:
    """Blocks of two sessions, measured in turn.

    Attributes:
        ratios: for each block the first's median seconds over the second's: above 1, the second
            is faster.
        speedup: their middle and its interval.
        stopped: why measuring ended, as of a `Figure`.
        pinned: whether it ran on one core only.
    """

    ratios: tuple[float, ...]
    speedup: Interval
    stopped: Stopped
    pinned: bool
