"""The lines of a version matrix: a figure in every release, beside that of the newest.

Verdicts, and reasons not to compare, are those of `weighin.report.between_runs` and `comparable`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from weighin import registry
from weighin.core import Case, Metric, Record, Results, Status
from weighin.formats import known
from weighin.report.between_runs import change, compared, is_drifting, is_speed, verdict
from weighin.report.comparable import why_not
from weighin.report.releases import Release, packages
from weighin.report.rows import RUNTIME, over_seeds


@dataclass(frozen=True)
class Entry:
    """One figure of one release.

    Attributes:
        release: its label.
        status: `ok` only where every seed has a figure.
        reason: why there is no figure.
        value: mean over seeds, in the metric's unit; None if the status is not `ok`.
        deviation: standard deviation over seeds; None where there is one seed.
        low: of the interval within a seed, averaged over seeds; None where there is none.
        high: likewise.
        seeds: how many have a figure.
        verdict: against the newest release, as `between_runs.verdict` says it, or `not compared`;
            empty for the newest itself.
        change: from the newest release's figure, by the seeds that both have: a share of that
            figure, or for shares their difference; None where either has no figure, or where
            they are not compared.
        records: those that the entry sums up, one for each seed.
    """

    release: str
    status: Status
    reason: str = ""
    value: float | None = None
    deviation: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: int = 0
    verdict: str = ""
    change: float | None = None
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Line:
    """One metric of one variant on one runtime, in every release.

    Attributes:
        case: the row, of any seed; on no runtime for metrics of the file itself.
        entries: one for each release, in their order: newest first.
    """

    case: Case
    metric: Metric
    entries: tuple[Entry, ...]

    @property
    def place(self) -> str:
        """What it was measured on: `litert`, `litert ×4`, or the file's format."""
        return self.case.place


def lines(columns: Sequence[Release]) -> tuple[Line, ...]:
    """Every metric of every row that was measured somewhere, litert and .tflite first.

    A row keeps to one runtime and one number of threads. Where a release has no record of a row
    because nothing of that variant could be built, its entry has failed with that reason.

    A verdict is *faster* or *slower* only where × faster and latency agree: either alone may be a
    slow hour of the machine.
    """
    metrics = {metric.name: metric for metric in compared([column.results for column in columns])}
    held = [_by_row(column.results, metrics) for column in columns]
    failures = [_failures(column.results) for column in columns]
    ranks = _ranks([row for rows in held for row in rows], list(metrics))
    lines: list[Line] = []
    for row in sorted(ranks, key=ranks.__getitem__):
        case, metric = row
        entries: list[Entry] = []
        for column, rows, failed in zip(columns, held, failures, strict=True):
            records = rows.get(row, ()) or failed.get(case.file, ())[:1]
            entry = _entry(column, records)
            if entries:
                entry = _beside(metrics[metric], columns[0], entries[0], column, entry)
            entries.append(entry)
        if any(entry.status in ("ok", "failed") for entry in entries):
            lines.append(Line(case, metrics[metric], tuple(entries)))
    return _corroborated(lines)


def _corroborated(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines, with `no evidence` for verdicts on speed that one metric gives alone."""
    said: dict[tuple[object, ...], set[str]] = {}
    for line in lines:
        for entry in line.entries:
            said.setdefault((line.case, entry.release, entry.verdict), set()).add(line.metric.name)
    speeds = {line.metric.name for line in lines if is_speed(line.metric)}

    def checked(line: Line, entry: Entry) -> Entry:
        told = entry.verdict in ("faster", "slower")
        agree = said[line.case, entry.release, entry.verdict]
        if told and (len(speeds) < 2 or not speeds <= agree):
            return dataclasses.replace(entry, verdict="no evidence")
        return entry

    return tuple(
        dataclasses.replace(line, entries=tuple(checked(line, entry) for entry in line.entries))
        for line in lines
    )


def against(
    metric: Metric,
    first: Release,
    second: Release,
    before: Sequence[Record],
    after: Sequence[Record],
    tests: int = 1,
) -> tuple[str, float | None]:
    """The verdict on one row's figures of the second release beside the first's, and the change.

    Figures are means over the seeds that both have; the number of examples is that of one seed,
    since all seeds have the same. The same file on one machine, with the same version of what ran
    it there, is `same`, however its latency drifted. `tests` is as in `between_runs.verdict`, the
    change as in `Entry`.
    """
    seeds = {record.seed for record in before} & {record.seed for record in after}
    one, other = (
        _mean([record for record in records if record.seed in seeds]) for records in (before, after)
    )
    if one is None or other is None:
        return "no figure", None
    if metric.machine_bound and why_not(first.results, second.results, one.target):
        return "not compared", None
    is_one_file = one.artifact != "" and one.artifact == other.artifact
    is_drift = is_drifting(metric) and is_one_file and _runs_alike(one.case, first, second)
    told = "same" if is_drift else verdict(metric, one, other, tests)
    return told, change(metric, one, other)


def _runs_alike(case: Case, *releases: Release) -> bool:
    """Whether releases have the same versions, where it ran, of all that decides how it runs."""
    if case.runtime not in registry.runtimes or not registry.runtimes[case.runtime].packages:
        return False
    decisive = registry.runtimes[case.runtime].packages
    versions = [packages(release.results, case.target) for release in releases]
    return len({tuple(each.get(name) for name in decisive) for each in versions}) == 1


def _beside(
    metric: Metric, newest: Release, reference: Entry, column: Release, entry: Entry
) -> Entry:
    """The entry with its verdict and change beside the newest release's."""
    if entry.value is None:
        return entry
    before = reference.records if reference.value is not None else ()
    told, moved = against(metric, newest, column, before, entry.records)
    return dataclasses.replace(entry, verdict=told, change=moved)


def _entry(column: Release, records: Sequence[Record]) -> Entry:
    spread = over_seeds(records)
    if spread is None or spread.n < len(records):
        return _without_figure(column, records)
    return Entry(
        column.label,
        "ok",
        value=spread.mean,
        deviation=spread.deviation,
        low=spread.low,
        high=spread.high,
        seeds=spread.n,
        records=tuple(records),
    )


def _without_figure(column: Release, records: Sequence[Record]) -> Entry:
    missing = [record for record in records if record.value is None]
    if not missing:
        return Entry(column.label, "not measured", "left out of this run")
    worst = next((record for record in missing if record.status == "failed"), missing[0])
    reason = worst.reason
    if len(missing) < len(records):
        reason = f"in {len(missing)} of {len(records)} seeds: {reason}"
    return Entry(column.label, worst.status, reason, records=tuple(records))


def _mean(records: Sequence[Record]) -> Record | None:
    """One record for those of several seeds; None if none has a figure."""
    spread = over_seeds(records)
    if spread is None:
        return None
    digests = [record.artifact for record in records]
    return dataclasses.replace(
        records[0],
        value=spread.mean,
        low=spread.low,
        high=spread.high,
        n=min((record.n or 0 for record in records), default=0) or None,
        count=records[0].count if len(records) == 1 else None,
        artifact="+".join(digests) if all(digests) else "",
    )


_Row = tuple[Case, str]  # a case of any seed, and a metric's name


def _by_row(results: Results, metrics: Collection[str]) -> dict[_Row, tuple[Record, ...]]:
    """The records of the matrix's metrics, seeds together, in the order of seeds."""
    rows: dict[_Row, tuple[Record, ...]] = {}
    for record in sorted(results.records, key=lambda record: record.seed):
        if record.metric in metrics:
            row = (record.case.of_any_seed, record.metric)
            rows[row] = (*rows.get(row, ()), record)
    return rows


def _failures(results: Results) -> dict[Case, tuple[Record, ...]]:
    """The records that say why files failed, of those that have no figure at all."""
    files: dict[Case, list[Record]] = {}
    for record in results.records:
        files.setdefault(record.case.of_any_seed.file, []).append(record)
    return {
        file: tuple(record for record in records if record.status == "failed")
        for file, records in files.items()
        if all(record.value is None for record in records)
    }


def _ranks(rows: Sequence[_Row], metrics: Sequence[str]) -> dict[_Row, tuple[int | bool, ...]]:
    """Sort keys of rows: models, formats and variants in their order, litert before others."""

    def order(part: str) -> dict[object, int]:
        words = dict.fromkeys(getattr(case, part) for case, _ in rows)
        return {word: at for at, word in enumerate(words)}

    orders = {part: order(part) for part in ("model", "dataset", "runtime", "threads", "variant")}

    def place(case: Case, part: str) -> int:
        return orders[part][getattr(case, part)]

    return {
        (case, metric): (
            *(place(case, part) for part in ("model", "dataset")),
            known.rank(case.format),
            case.runtime not in ("", RUNTIME),
            *(place(case, part) for part in ("runtime", "threads", "variant")),
            metrics.index(metric),
        )
        for case, metric in rows
    }
