"""Records → rows: one variant on one runtime, for one seed or for all."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from weighin.core import Case, Catalogue, Record

RUNTIME = "litert"  # shown where a page has room for one runtime


@dataclass(frozen=True)
class Row:
    """One variant on one runtime: its records by metric, one for each seed."""

    case: Case
    records: Mapping[str, tuple[Record, ...]]

    @property
    def variant(self) -> str:
        """The case's variant."""
        return self.case.variant

    @property
    def seed(self) -> int:
        """The case's seed, the first of several."""
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

    @property
    def own(self) -> list[Record]:
        """The records of the runtime, without those of the file."""
        return [
            record
            for name, records in self.records.items()
            for record in records
            if record.runtime and name != "why"
        ]

    @property
    def place(self) -> str:
        """What it was measured on: `litert`, `litert ×4`, or the file's format."""
        return self.case.place

    @property
    def is_main(self) -> bool:
        """Whether it runs on LiteRT on one thread, where a page shows one figure for a variant."""
        return (self.format, self.runtime, self.threads) == ("tflite", RUNTIME, 1)

    def mean(self, metric: str) -> float | None:
        """A metric's mean over seeds; None if a seed has no figure: the others might flatter."""
        records = self.records.get(metric, ())
        spread = over_seeds(records)
        return spread.mean if spread and spread.n == len(records) else None

    @property
    def is_worse(self) -> bool | None:
        """Whether any seed is worse than the baseline; None if not all of them were measured."""
        records = self.records.get("top1_delta", ())
        if not records or any(record.value is None for record in records):
            return None
        return any(record.verdict == "worse" for record in records)

    @property
    def is_broken(self) -> bool:
        """Whether something failed on its runtime, in at least one seed."""
        return any(record.status == "failed" for record in self.own)

    @property
    def is_skipped(self) -> bool:
        """Whether only the file was weighed, since this machine lacks the runtime."""
        return bool(self.own) and all(record.status == "skipped" for record in self.own)


@dataclass(frozen=True)
class Spread:
    """A figure over seeds.

    Attributes:
        mean: over seeds.
        deviation: the standard deviation over seeds; None where there is one seed.
        low: of the interval within a seed, averaged over seeds; None where a seed has none.
        high: likewise.
        n: how many seeds have a figure.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def bars(self) -> tuple[float, float]:
        """Lengths of its error bars below and above: ±1 deviation, or the interval of one seed."""
        if self.deviation is not None:
            return self.deviation, self.deviation
        if self.low is None or self.high is None:
            return 0.0, 0.0
        return max(0.0, self.mean - self.low), max(0.0, self.high - self.mean)


def over_seeds(records: Sequence[Record]) -> Spread | None:
    """The figures of one metric over seeds, summed up; None if there are none."""
    values = [record.value for record in records if record.value is not None]
    lows = [record.low for record in records if record.low is not None]
    highs = [record.high for record in records if record.high is not None]
    if not values:
        return None
    # ends of some seeds only are not the ends of the mean
    whole = len(lows) == len(highs) == len(values)
    return Spread(
        statistics.mean(values),
        statistics.stdev(values) if len(values) > 1 else None,
        statistics.mean(lows) if whole else None,
        statistics.mean(highs) if whole else None,
        len(values),
    )


def by_model(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    """The records of each model and data set, in their order."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.model, record.dataset), []).append(record)
    return groups


def rows_of(records: Sequence[Record], metrics: Catalogue) -> list[Row]:
    """Rows of one model, one for each seed: .tflite first, variants in their order.

    Args:
        records: of one model and data set.
        metrics: the metrics of the records, and the ratios to work out from them.
    """
    files: dict[Case, dict[str, Record]] = {}
    runs: dict[Case, dict[str, Record]] = {}
    for record in records:
        if record.runtime:
            runs.setdefault(record.case, {})[record.metric] = record
        else:
            files.setdefault(record.case.file, {})[record.metric] = record
    for case, figures in files.items():
        for ratio in (metric for metric in metrics.values() if metric.ratio_of):
            base = files.get(case.baseline, {}).get(ratio.ratio_of)
            size = figures.get(ratio.ratio_of)
            if size is not None:
                figures[ratio.name] = times_smaller(size, base, ratio.name)
    run = {case.file for case in runs}
    runs |= {case: {} for case in files if case not in run}
    order = {variant: at for at, variant in enumerate(dict.fromkeys(r.variant for r in records))}

    def rank(case: Case) -> tuple[object, ...]:
        return case.format == "h5", order[case.variant], case.runtime, case.threads

    ranked = sorted(runs, key=rank)
    return [
        Row(
            case,
            {
                name: (record,)
                for name, record in {**files.get(case.file, {}), **runs[case]}.items()
            },
        )
        for case in ranked
    ]


def rows_of_seeds(records: Sequence[Record], metrics: Catalogue) -> list[Row]:
    """Rows of one model, one for all seeds of a variant on a runtime."""
    merged: dict[Case, Row] = {}
    for row in rows_of(records, metrics):
        key = row.case.of_any_seed
        before = merged.get(key)
        if before is None:
            merged[key] = row
        else:
            names = dict.fromkeys([*before.records, *row.records])
            both = {
                name: before.records.get(name, ()) + row.records.get(name, ()) for name in names
            }
            merged[key] = dataclasses.replace(before, records=both)
    return list(merged.values())


def times_smaller(size: Record, base: Record | None, metric: str) -> Record:
    """How many times smaller a size is than the baseline's, as a metric; or why that is unknown."""
    ratio = dataclasses.replace(size, metric=metric, unit="")
    if not size.value:
        return ratio
    if base is None or base.value is None:
        return dataclasses.replace(
            ratio, value=None, status="not measured", reason="the baseline has no size"
        )
    return dataclasses.replace(ratio, value=base.value / size.value)
