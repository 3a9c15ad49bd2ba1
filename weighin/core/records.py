"""Figures of rows, as they are stored and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from weighin.core.case import Case, OfCase
from weighin.core.figures import Status, Stopped
from weighin.core.metrics import Catalogue, Metric, undescribed


@dataclass(frozen=True)
class Record(OfCase):
    """One row per figure: a new metric changes no schema.

    Attributes:
        case: the row that it is about.
        reason: why there is no figure.
        reasons: of the metric `why`, what the rules say of the row, a sentence each.
        artifact: sha256 of the file.
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
    count: int | None = None
    gained: int | None = None
    lost: int | None = None
    openings: tuple[int, ...] = ()
    stopped: Stopped = ""
    pinned: bool | None = None
    reasons: tuple[str, ...] = ()
    left_out: tuple[int, ...] = ()
    p: float | None = None
    halves: tuple[int, ...] = ()
    beside: str = ""

    def of(self, **place: Any) -> Record:
        """The same figure of a case that differs in these fields."""
        return replace(self, case=replace(self.case, **place))


@dataclass(frozen=True)
class Results:
    """What one file of results holds.

    Attributes:
        environment: where, when and by what it was measured.
        records: its figures.
        metrics: what these mean.
        broken_off: whether its run was ended, or goes on, before it had laid its records together.
    """

    environment: Mapping[str, Any]
    records: tuple[Record, ...] = ()
    metrics: Catalogue = field(default_factory=dict)
    broken_off: bool = False

    @cached_property
    def by_model(self) -> Mapping[tuple[str, str], Sequence[Record]]:
        """The records of each model and data set, in their order; laid apart once."""
        groups: dict[tuple[str, str], list[Record]] = {}
        for record in self.records:
            groups.setdefault((record.model, record.dataset), []).append(record)
        return groups

    @cached_property
    def by_metric(self) -> Mapping[str, Sequence[Record]]:
        """The records of each metric, in their order; laid apart once."""
        groups: dict[str, list[Record]] = {}
        for record in self.records:
            groups.setdefault(record.metric, []).append(record)
        return groups

    def metric(self, name: str) -> Metric:
        """What a metric's figures mean, as far as the file tells."""
        known = self.metrics.get(name)
        if known is not None:
            return known
        units = (record.unit for record in self.by_metric.get(name, ()))
        return undescribed(name, next(units, ""))
