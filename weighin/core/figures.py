"""What a metric yields: a figure, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["artifact", "evaluation", "start", "memory", "inference", "pair", "engines"]
Status = Literal["ok", "failed", "skipped", "not measured"]
Stopped = Literal["narrow", "power", "time", "blocks", ""]


@dataclass(frozen=True)
class Skip:
    """Why a metric does not apply; its record says `skipped`, or what else `status` says."""

    reason: str
    status: Literal["skipped", "not measured"] = "skipped"


@dataclass(frozen=True)
class Figure:
    """What a metric yields.

    Attributes:
        value: in the metric's unit (seconds and bytes, never ms or kB).
        low: lower end of the 95 % interval; None where the value is exact.
        high: upper end of the 95 % interval.
        n: how many images, rounds or processes the value rests on.
        count: of a share, how many of the n it is.
        gained: of a paired difference, how many examples only the variant got right.
        lost: likewise, how many only the baseline got right.
        samples: the raw measurements, where there are any.
        openings: of samples over several openings of a file, how many each opening gave, in order.
        stopped: why measuring ended: its interval was `narrow` enough, its `time` was spent, or as
            many `blocks` were measured as ever are.
        pinned: whether it ran on one core.
        left_out: of what a delegate runs, the file's operators that stay out, by their place in
            it; empty if there are none, or they are unknown.
        verdict: what a comparison with the baseline comes to: `faster`, `no evidence` …
        p: how likely so large a difference is where there is none, by the test of its verdict.
        halves: of a `count`, how many fall on the even-numbered examples and how many on the
            odd-numbered ones, counted from 0; of a paired difference, gained and lost of the even
            ones, then of the odd ones: what is chosen by one half can be judged by the other.
        beside: the engine that a ratio is against, as `Case.engine` writes it; empty where it is
            against the baseline.
        note: what else a reader should know; no program reads it.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    samples: tuple[float, ...] = ()
    verdict: str = ""
    note: str = ""
    count: int | None = None
    gained: int | None = None
    lost: int | None = None
    openings: tuple[int, ...] = ()
    stopped: Stopped = ""
    pinned: bool | None = None
    left_out: tuple[int, ...] = ()
    p: float | None = None
    halves: tuple[int, ...] = ()
    beside: str = ""
