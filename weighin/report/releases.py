"""Runs as columns, one for each TensorFlow version, newest first; every figure beside the newest's.

Verdicts and refusals are those of `weighin.report.compare`.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin.core import Record, Results, Status, WeighinError
from weighin.report.compare import MACHINE_BOUND, check_data, verdict, why_not
from weighin.report.rows import over_seeds, place

METRICS = ("gzip_bytes", "file_bytes", "top1", "speedup", "latency")
# What tells runs apart that share a TensorFlow version, and how it is called
_FURTHER = {"python": "python", "tensorflow-model-optimization": "tfmot"}


@dataclass(frozen=True)
class Release:
    """One column: a run, called by the versions that it was made with.

    Attributes:
        label: `2.21.0`; `2.21.0, python 3.12.4` where two runs share a TensorFlow version.
        results: of the run.
        refused: why what is bound to a machine is not compared with the newest; empty if it is.
    """

    label: str
    results: Results
    refused: str = ""


@dataclass(frozen=True)
class Entry:
    """One figure of one release.

    Attributes:
        release: its label.
        status: `ok` only where every seed has a figure.
        reason: why there is no figure.
        value: mean over seeds, in the metric's unit; None if the status is not `ok`.
        deviation: standard deviation over seeds; None of one seed.
        low: of the interval within a seed, averaged over seeds; None where there is none.
        high: likewise.
        seeds: how many have a figure.
        verdict: against the newest release, as `compare.verdict` says it, or `not compared`;
            empty of the newest itself.
        change: `value` against the newest's, as a share of it, of top-1 as a difference of shares;
            None where either has none, or where they are not compared.
        records: what all this is made of, one for each seed.
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
        runtime: empty, with 0 threads, for metrics of the file itself.
        entries: one for each release, in their order: newest first.
    """

    model: str
    dataset: str
    variant: str
    format: str
    runtime: str
    threads: int
    metric: str
    unit: str
    entries: tuple[Entry, ...]

    @property
    def place(self) -> str:
        """What it was measured on: `litert`, `litert ×4`, or the file's format."""
        return place(self.format, self.runtime, self.threads)


def releases(runs: Sequence[Results]) -> tuple[Release, ...]:
    """Runs as columns, the newest TensorFlow first.

    Of runs that share a TensorFlow version, the one on the Python that most runs have comes first,
    so that the newest release differs from the others in as little else as can be.

    Raises:
        WeighinError: if a run names no TensorFlow version, all have the same one, two cannot be
            told apart, or data, dense starts or training profiles differ.
    """
    for results in runs:
        if not _packages(results).get("tensorflow"):
            raise WeighinError(
                f"The results of {_date(results)} name no TensorFlow version, so they have no "
                f"column in a version matrix. Leave their file out."
            )
    told_apart_by = ("tensorflow", *_FURTHER)
    if len({tuple(map(_packages(each).get, told_apart_by)) for each in runs}) < 2:
        known = f" (tensorflow {_packages(runs[0])['tensorflow']})" if runs else ""
        raise WeighinError(
            f"A version matrix wants results of two TensorFlow versions or more, and these are of "
            f"one{known}. Weigh the same suite on another, as by tox -e tf219-bench, and name its "
            f"results file too; weighin compare holds runs of one version against each other."
        )
    pythons = Counter(_minor(results) for results in runs)
    by_python = sorted(runs, key=lambda each: (pythons[_minor(each)], _minor(each)), reverse=True)
    ordered = sorted(
        by_python, key=lambda each: _sortable(str(_packages(each)["tensorflow"])), reverse=True
    )
    labels = _labels(ordered)
    check_data(list(zip(labels, ordered, strict=True)))
    _check_profiles(labels, ordered)
    newest = ordered[0]
    return tuple(
        Release(label, each, (why_not(newest, each) or "") if each is not newest else "")
        for label, each in zip(labels, ordered, strict=True)
    )


def lines(columns: Sequence[Release]) -> tuple[Line, ...]:
    """Every metric of every row, litert and .tflite first, without rows that were measured nowhere.

    A row keeps to one runtime and one number of threads. Where a release has no record of a row
    because nothing of that variant could be built, its entry has failed with that reason.
    """
    found = [_by_row(column.results) for column in columns]
    failures = [_failures(column.results) for column in columns]
    ranks = _ranks(row for each in found for row in each)
    made = []
    for row in sorted(ranks, key=ranks.__getitem__):
        entries: list[Entry] = []
        for column, own, failed in zip(columns, found, failures, strict=True):
            records = own.get(row, ()) or failed.get(row[:4], ())[:1]
            entries.append(_entry(column, records, found[0].get(row, ()), columns[0]))
        if any(entry.status in ("ok", "failed") for entry in entries):
            unit = next(own[row][0].unit for own in found if row in own)
            made.append(Line(*row, unit, tuple(entries)))
    return tuple(made)


def against(
    first: Release,
    second: Release,
    before: Sequence[Record],
    after: Sequence[Record],
    tests: int = 1,
) -> str:
    """What one row's figures of the second release come to beside those of the first.

    By the seeds that both have: their mean, and the number of images of one seed, since the
    images are the same for all. One and the same .tflite on one version of LiteRT is `same`,
    however its latency drifted. `tests` is as in `compare.verdict`.
    """
    seeds = {record.seed for record in before} & {record.seed for record in after}
    one, other = (
        _mean([record for record in each if record.seed in seeds]) for each in (before, after)
    )
    if one is None or other is None:
        return "no figure"
    litert = [_packages(each.results).get("ai-edge-litert") for each in (first, second)]
    is_one_file = one.artifact != "" and one.artifact == other.artifact
    if one.metric == "latency" and is_one_file and one.format == "tflite" and len({*litert}) == 1:
        return "same"
    if one.metric in MACHINE_BOUND and why_not(first.results, second.results):
        return "not compared"
    return verdict(one, other, tests)


def change(metric: str, before: float, after: float) -> float | None:
    """A difference as a share of what was before; of top-1 the difference of the shares."""
    if metric == "top1":
        return after - before
    return after / before - 1 if before else None


def _entry(
    column: Release, records: Sequence[Record], reference: Sequence[Record], newest: Release
) -> Entry:
    spread = over_seeds(records)
    if spread is None or spread.n < len(records):
        return _without_figure(column, records)
    told, moved = "", None
    if column is not newest:
        told = against(newest, column, reference, records)
        base = over_seeds(reference)
        if base is not None and told not in ("not compared", "no figure"):
            moved = change(records[0].metric, base.mean, spread.mean)
    return Entry(
        column.label,
        "ok",
        value=spread.mean,
        deviation=spread.deviation,
        low=spread.low,
        high=spread.high,
        seeds=spread.n,
        verdict=told,
        change=moved,
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
    """One record for those of several seeds, None if there are none."""
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
        artifact="+".join(digests) if all(digests) else "",
    )


_Row = tuple[str, str, str, str, str, int, str]


def _by_row(results: Results) -> dict[_Row, tuple[Record, ...]]:
    """The records of the matrix's metrics, seeds together, in the order of seeds."""
    rows: dict[_Row, tuple[Record, ...]] = {}
    for r in sorted(results.records, key=lambda record: record.seed):
        if r.metric in METRICS:
            row = (r.model, r.dataset, r.variant, r.format, r.runtime, r.threads, r.metric)
            rows[row] = (*rows.get(row, ()), r)
    return rows


def _failures(results: Results) -> dict[tuple[str, ...], tuple[Record, ...]]:
    """Of variants that have no figure at all: the records that say why they failed."""
    files: dict[tuple[str, ...], list[Record]] = {}
    for r in results.records:
        files.setdefault((r.model, r.dataset, r.variant, r.format), []).append(r)
    return {
        file: tuple(record for record in records if record.status == "failed")
        for file, records in files.items()
        if all(record.value is None for record in records)
    }


def _ranks(rows: Iterable[_Row]) -> dict[_Row, tuple[int | bool, ...]]:
    """Models and variants in the order they came in, .tflite and litert before all others."""
    rows = list(rows)
    order = [
        {word: at for at, word in enumerate(dict.fromkeys(row[part] for row in rows))}
        for part in range(6)
    ]
    return {
        row: (
            *(order[part][row[part]] for part in (0, 1)),
            row[3] != "tflite",
            row[4] not in ("", "litert"),
            *(order[part][row[part]] for part in (4, 5, 2)),
            METRICS.index(row[6]),
        )
        for row in rows
    }


def _packages(results: Results) -> Mapping[str, Any]:
    found = results.environment.get("packages")
    return found if isinstance(found, Mapping) else {}


def _date(results: Results) -> str:
    return str(results.environment.get("date") or "an unknown date")


def _minor(results: Results) -> tuple[int, ...]:
    """Python's version without its last part."""
    return tuple(map(int, re.findall(r"\d+", str(_packages(results).get("python", "")))[:2]))


def _sortable(version: str) -> tuple[object, ...]:
    """A version's numbers; 2.21.0rc1 and a nightly build come before 2.21.0."""
    match = re.match(r"\d+(\.\d+)*", version)
    release = match.group() if match else ""
    rest = version[len(release) :]
    return tuple(map(int, release.split("."))) if release else (), rest == "", rest


def _labels(runs: Sequence[Results]) -> list[str]:
    """What each run is called: by TensorFlow's version, and by what else tells it from others."""
    labels = []
    for results in runs:
        tensorflow = _packages(results)["tensorflow"]
        alike = [each for each in runs if _packages(each)["tensorflow"] == tensorflow]
        words = [str(tensorflow)]
        for package, called in _FURTHER.items():
            if len({_packages(each).get(package) for each in alike}) > 1:
                words.append(f"{called} {_packages(results).get(package) or 'missing'}")
        labels.append(", ".join(words))
    doubled = next((label for label, count in Counter(labels).items() if count > 1), None)
    if doubled is not None:
        dates = [_date(each) for label, each in zip(labels, runs, strict=True) if label == doubled]
        raise WeighinError(
            f"{len(dates)} runs were made with tensorflow {doubled} ({', '.join(dates)}), and a "
            f"version matrix has one column for each version. Name one of their files only; "
            f"weighin compare holds runs of one version against each other."
        )
    return labels


def _check_profiles(labels: Sequence[str], runs: Sequence[Results]) -> None:
    known = [
        (label, each.environment["profile"])
        for label, each in zip(labels, runs, strict=True)
        if each.environment.get("profile")
    ]
    for label, profile in known:
        if profile != known[0][1]:
            raise WeighinError(
                f"{known[0][0]} and {label} do not compare: their models were trained by other "
                f"profiles ({known[0][1]} and {profile}). Weigh one suite on all versions."
            )
