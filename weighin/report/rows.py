"""Records → rows: one variant on one runtime, for one seed or for all."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weighin.core import Case, Record, Results
from weighin.core.case import OfCase
from weighin.formats import known
from weighin.report.control import completed, trains_further
from weighin.report.primary import Primary, primary
from weighin.report.verdicts import corrected, is_found_worse

RUNTIME = "litert"  # that a page shows which has room for one


@dataclass(frozen=True)
class Row(OfCase):
    """One variant on one runtime: its records by metric, one for each seed.

    Attributes:
        primary: the figure by which it is better or worse.
    """

    case: Case
    records: Mapping[str, tuple[Record, ...]]
    primary: Primary

    @property
    def own(self) -> list[Record]:
        """The records of the runtime, those of the file left out."""
        return [
            record
            for name, each in self.records.items()
            for record in each
            if record.runtime and name != "why"
        ]

    @property
    def place(self) -> str:
        """What it was measured on: `litert`, `litert ×4`, or the file's format."""
        return self.case.place

    @property
    def is_main(self) -> bool:
        """Whether it is what one figure a variant is taken from: LiteRT here, on one thread."""
        return (self.case.engine, self.threads) == (RUNTIME, 1)

    def mean(self, metric: str) -> float | None:
        """A metric's mean over seeds; None if one of them has no figure, lest the rest flatter."""
        records = self.records.get(metric, ())
        found = over_seeds(records)
        return found.mean if found and found.n == len(records) else None

    @property
    def is_worse(self) -> bool | None:
        """Whether a seed is found worse than the baseline, or than the control if it has one.

        By its own test, however many there are; None if that was not measured of all.
        """
        beside_baseline = self.records.get(self.primary.delta_name, ())
        judged = [*beside_baseline, *self.beside_control]
        if not beside_baseline or any(record.value is None for record in judged):
            return None
        return any(is_found_worse(record, self.primary.delta) for record in judged)

    @property
    def beside_control(self) -> list[Record]:
        """The differences to the dense control, if it trains further and there is one."""
        return self._beside_control(self.primary.control_name)

    def has_no(self, metric: str, *, of_control: bool) -> bool:
        """Whether a comparison means nothing for it: with itself, or with no control of its own."""
        return self.variant == "baseline" or (of_control and not self._beside_control(metric))

    def _beside_control(self, metric: str) -> list[Record]:
        records = self.records.get(metric, ()) if trains_further(self.variant) else ()
        return [record for record in records if record.status != "skipped"]

    @property
    def is_broken(self) -> bool:
        """Whether something of it failed on its runtime, in a seed at least."""
        return any(record.status == "failed" for record in self.own)

    @property
    def is_skipped(self) -> bool:
        """Whether nothing but the file was weighed, as the runtime is not to be had here."""
        return bool(self.own) and all(record.status == "skipped" for record in self.own)


@dataclass(frozen=True)
class Spread:
    """A figure over seeds.

    Attributes:
        mean: over seeds.
        deviation: the standard deviation over seeds; None of one seed.
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
    """What the figures of one metric come to over seeds; None if there are none."""
    values = [record.value for record in records if record.value is not None]
    lows = [record.low for record in records if record.low is not None]
    highs = [record.high for record in records if record.high is not None]
    if not values:
        return None
    whole = len(lows) == len(highs) == len(values)  # ends of some seeds are not those of the mean
    if len(values) == 1:  # most are; the mean's exact sums take a hundred times as long
        ends = (lows[0], highs[0]) if whole else (None, None)
        return Spread(values[0], None, ends[0], ends[1], 1)
    return Spread(
        statistics.mean(values),
        statistics.stdev(values),
        statistics.mean(lows) if whole else None,
        statistics.mean(highs) if whole else None,
        len(values),
    )


def rows_of_models(results: Results) -> list[Row]:
    """The rows of all models and data sets, each over its seeds."""
    return [row for records in results.by_model.values() for row in rows_of_seeds(records, results)]


def rows_of(records: Sequence[Record], results: Results) -> list[Row]:
    """Rows of one model, one for each seed: .tflite first, variants in their order.

    Args:
        records: of one model and data set.
        results: that they are of, which say what they mean and which ratios are made of them here.
    """
    metrics, records = results.metrics, corrected(completed(records, results), results)
    files: dict[Case, dict[str, Record]] = {}
    runs: dict[Case, dict[str, Record]] = {}
    for record in records:
        if record.runtime:
            runs.setdefault(record.case, {})[record.metric] = record
        else:
            files.setdefault(record.case.file, {})[record.metric] = record
    for case, figures in files.items():
        for ratio in (metric for metric in metrics.values() if metric.ratio_of):
            base, own = (
                files.get(case.baseline, {}).get(ratio.ratio_of),
                figures.get(ratio.ratio_of),
            )
            if own is not None:
                figures[ratio.name] = times_smaller(own, base, ratio.name)
    run = {case.file for case in runs}
    runs |= {case: {} for case in files if case not in run}
    order = {variant: at for at, variant in enumerate(dict.fromkeys(r.variant for r in records))}

    def rank(case: Case) -> tuple[object, ...]:
        place = known.rank(case.format), order[case.variant]
        return *place, case.runtime, case.target, case.threads

    ranked, quality = sorted(runs, key=rank), primary(metrics, records)
    return [
        Row(
            case,
            {
                name: (record,)
                for name, record in {**files.get(case.file, {}), **runs[case]}.items()
            },
            quality,
        )
        for case in ranked
    ]


def rows_of_seeds(records: Sequence[Record], results: Results) -> list[Row]:
    """Rows of one model, the seeds of a variant on a runtime together."""
    return merged_seeds(rows_of(records, results))


def merged_seeds(rows: Sequence[Row]) -> list[Row]:
    """Rows of one seed each, those of a variant on a runtime together."""
    merged: dict[Case, Row] = {}
    for row in rows:
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


def times_smaller(own: Record, base: Record | None, metric: str) -> Record:
    """The baseline's size by another of the same kind, as a metric; or why there is none."""
    ratio = dataclasses.replace(own, metric=metric, unit="")
    if not own.value:
        return ratio
    if base is None or base.value is None:
        return dataclasses.replace(
            ratio, value=None, status="not measured", reason="the baseline has no size"
        )
    return dataclasses.replace(ratio, value=base.value / own.value)
