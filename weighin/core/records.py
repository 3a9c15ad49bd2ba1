"""Figures, and the records that they become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from weighin.core.case import Case

Scope = Literal["artifact", "evaluation", "start", "inference", "pair"]


Status = Literal["ok", "failed", "skipped", "not measured"]


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
        samples: the raw measurements, where there are any.
        verdict: what a comparison with the baseline comes to: `faster`, `no evidence` …
        note: what else a reader should know, such as why measuring ended.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    samples: tuple[float, ...] = ()
    verdict: str = ""
    note: str = ""


@dataclass(frozen=True)
class Record:
    """One row per figure: a new metric changes no schema.

    Attributes:
        case: the row that it is about.
        others: as of a `Figure`.
    """

    case: Case
    metric: str
    unit: str
    status: Status
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    reason: str = ""
    verdict: str = ""
    note: str = ""
    artifact: str = ""
    samples: tuple[float, ...] = ()

    def of(self, **place: Any) -> Record:
        """The same figure of a case that differs in these fields."""
        return replace(self, case=replace(self.case, **place))

    @property
    def model(self) -> str:
        """The case's model."""
        return self.case.model

    @property
    def dataset(self) -> str:
        """The case's data set."""
        return self.case.dataset

    @property
    def variant(self) -> str:
        """The case's variant."""
        return self.case.variant

    @property
    def seed(self) -> int:
        """The case's seed."""
        return self.case.seed

    @property
    def format(self) -> str:
        """The case's file format."""
        return self.case.format

    @property
    def runtime(self) -> str:
        """The case's runtime."""
        return self.case.runtime

    @property
    def threads(self) -> int:
        """The case's threads."""
        return self.case.threads


@dataclass(frozen=True)
class Results:
    """What one file of results holds."""

    environment: Mapping[str, Any]
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Metric:
    """A figure's name and meaning, and the function that yields it.

    Attributes:
        unit: `B`, `s`, `1/s`, or empty for counts and shares.
        better: which direction is good; empty where neither is.
        scope: the operation whose outcome `compute` is given (see `weighin.measure`).
        machine_bound: whether figures of different machines must never be compared.
    """

    name: str
    unit: str
    better: Literal["lower", "higher", ""]
    scope: Scope
    machine_bound: bool
    compute: Callable[[Any], Figure | Skip]
    summary: str
