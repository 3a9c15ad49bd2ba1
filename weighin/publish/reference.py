"""Reference results: what others have published, from `models/published/`, and ours beside it."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin.core import CONTROL, USUAL_FORMAT, Catalogue, WeighinError, undescribed
from weighin.publish import markdown
from weighin.publish.folders import Folder, Run
from weighin.report import units
from weighin.report.choice import best
from weighin.report.gates import CONTROLS
from weighin.report.primary import examples, primary
from weighin.report.record import POINT, Entry, entries

TIMES = "times"  # smaller than 4 bytes per parameter of the dense model
_NAMES = {"zip_bytes": "zipped", "gzip_bytes": "gzip -9", TIMES: "×"}  # as others call them


@dataclass(frozen=True)
class Published:
    """One published figure of a model.

    Attributes:
        what: what was done to the model, in words.
        profile: of ours that it stands beside; empty for any; likewise `dataset`, `variant`,
            `format`.
        metric: a metric's name, or `times`.
        alike: whether ours compares like for like.
        note: why not, or under which condition.
    """

    source: str
    what: str
    model: str
    profile: str
    dataset: str
    variant: str
    format: str
    metric: str
    value: float
    alike: bool
    note: str


def read(folder: Path) -> list[Published]:
    """The rows of `figures.csv`, none if there is no such file.

    Raises:
        WeighinError: if a row is not as it should be; it names the row.
    """
    return rows(folder / "figures.csv", _published)


def _published(row: dict[str, str]) -> Published:
    return Published(**(row | {"value": float(row["value"]), "alike": row["alike"] == "yes"}))  # type: ignore[arg-type]


def rows(path: Path, read_row: Callable[[dict[str, str]], Any]) -> list[Any]:
    """The rows of a .csv file, none if there is no such file.

    Raises:
        WeighinError: if a row is not as it should be; it names the row.
    """
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        parsed = []
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                parsed.append(read_row(row))
            except (KeyError, TypeError, ValueError) as error:
                raise WeighinError(f"{path}, line {number}: {error}. Mend the line.") from error
        return parsed


def section(folder: Folder, model: str, known: Sequence[Published]) -> str:
    """Published figures of a model beside ours, each marked like for like or not; or nothing."""
    profiles = {run.fact("profile") for run in folder.runs if model in run.models}
    of_model = [
        published
        for published in known
        if published.model == model and published.profile in ("", *profiles)
    ]
    rows = []
    metrics = folder.runs[0].results.metrics
    shown = dict.fromkeys([*of_model, *_anchors(folder, model)])
    for published in shown:
        where, value = _ours(folder, published)
        printed = _shown(published.metric, published.value, metrics)
        figure = f"{_name(published.metric, metrics)} {printed}"
        rows.append([published.source, published.what, figure, value, where, _alike(published)])
    if not rows:
        return ""
    headers = ["source", "what", "published", "ours", "which of ours", "compares"]
    is_any_ratio = any(published.metric == TIMES for published in shown)
    table = markdown.table(headers, rows, [_ratio(folder, model)] * is_any_ratio)
    return f"## Published beside ours\n\n{table}"


def _ratio(folder: Folder, model: str) -> str:
    """What the ratio of ours is, by the figure that the model's answers are judged by."""
    run = next((run for run in folder.runs if model in run.models), None)
    test, title, by, noun = "McNemar's exact test", "top-1", "points below", "images"
    if run is not None:
        results = run.of(model)
        quality = primary(results.metrics, results.records)
        noun = examples(results, results.records[0].dataset, quality)
        if not quality.is_paired_by_counts:
            test, title = "the paired bootstrap", quality.figure.title
            side = "above" if quality.is_lower_better else "below"
            by = f"{'points' if quality.figure.kind == 'share' else '%'} {side}"
    return (
        f"× of ours: 4 bytes per parameter of the dense model ÷ the smallest file after gzip -9 "
        f"that {test} does not find worse at 5 %, and whose {title} is at most {POINT * 100:g} "
        f"{by} its dense start's, nor either beside {CONTROL} if it trains further; of several "
        f"variants and seeds chosen by one half of the {noun} and stated on the other, or else "
        f"optimistic"
    )


def ratios(run: Run, known: Sequence[Published]) -> str:
    """Published ratios of a run's models that its own tables do not show; or nothing."""
    rows = [
        [
            published.model,
            published.source,
            published.what,
            f"× {published.value:g}",
            _alike(published),
        ]
        for published in known
        if published.metric == TIMES and published.model in run.models
    ]
    if not rows:
        return ""
    headers = ["model", "source", "what", "published", "compares"]
    return f"### Published besides\n\n{markdown.table(headers, rows)}"


def _alike(published: Published) -> str:
    alike = "like for like" if published.alike else "not like for like"
    return f"{alike}: {published.note}" if published.note else alike


def _anchors(folder: Folder, model: str) -> Iterable[Published]:
    """The ratios that runs have stored with their environment."""
    for run in folder.runs:
        for anchor in run.facts("anchors").get(model, ()):
            source, note = str(anchor.get("source")), str(anchor.get("counted"))
            value = float(anchor.get("times") or 0.0)
            alike = bool(anchor.get("alike"))
            yield Published(source, "", model, "", "", "", "", TIMES, value, alike, note)


def _name(metric: str, metrics: Catalogue) -> str:
    return _NAMES.get(metric) or (metrics[metric].title if metric in metrics else metric)


def _shown(metric: str, value: float, metrics: Catalogue) -> str:
    if metric == TIMES:
        return f"{value:g}"
    described = metrics.get(metric) or undescribed(metric)
    # single bytes: others publish them, too
    is_size = described.kind == "bytes"
    return f"{units.count(value)} B" if is_size else units.shown(described, value)


def _ours(folder: Folder, published: Published) -> tuple[str, str]:
    """Which of ours stands beside a published figure, and its value; else why there is none."""
    if published.metric == TIMES:
        return _smallest(folder, published.model)
    for run in folder.runs:
        if published.profile not in ("", run.fact("profile")):
            continue
        format = published.format or USUAL_FORMAT
        records = run.find(published.model, published.variant, format, published.metric)
        if records and published.dataset in ("", records[0].dataset):
            mean = statistics.mean(record.value for record in records if record.value is not None)
            seeds = f", mean of {len(records)} seeds" if len(records) > 1 else ""
            return (
                f"{published.variant} .{format}, {run.name}{seeds}",
                _shown(published.metric, mean, run.results.metrics),
            )
    return published.variant, "not measured"


def _smallest(folder: Folder, model: str) -> tuple[str, str]:
    """Our smallest file that is no worse than its dense start, below 4 bytes per parameter."""
    best = smallest(folder.runs, model)
    if best is None:
        return "our smallest that is no worse than dense training", "not measured"
    row, said = best.entry.row, best.said
    where = f"{row.variant}, seed {row.seed}, {best.run.name}"
    return where + f"; {said}" * bool(said), f"× {units.ratio(best.times)}"


@dataclass(frozen=True)
class Smallest:
    """The smallest file of a model that is no worse than dense training.

    Attributes:
        times: how many times smaller it is, after gzip -9, than 4 bytes per parameter.
        entry: its row, beside the baseline.
        run: that weighed it.
        said: by which examples it was chosen, and how good it is on which.
        is_apart: whether it is stated on examples that had no part in choosing it.
    """

    times: float
    entry: Entry
    run: Run
    said: str
    is_apart: bool


def smallest(runs: Sequence[Run], model: str) -> Smallest | None:
    """The smallest compressed file of a model that is no worse than dense training, and its run.

    By LiteRT, on which it runs as a whole. None if there is none, or if the examples that had no
    part in choosing it find it worse.
    """
    candidates = [
        (entry, run)
        for run in runs
        for records in run.of(model).by_model.values()
        for entry in entries(records, run.results)
        if entry.row.variant not in CONTROLS and entry.row.is_main
    ]
    found = [entry for entry, _ in candidates]
    choice = best(found, lambda each: each.times, lambda each: bool(each.is_no_worse), Entry.half)
    if choice is None:
        return None
    entry, run = candidates[choice.at]
    if choice.judged.row.is_worse or entry.row.is_worse:
        return None
    noun = examples(run.results, entry.row.dataset, entry.row.primary)
    said = [choice.said(noun), _stated(choice.judged) if choice.is_apart else ""]
    words = ": ".join(part for part in said if part)
    return Smallest(entry.times or 0.0, entry, run, words, choice.is_apart)


def _stated(judged: Entry) -> str:
    """The difference to the baseline by the examples that had no part in the choice."""
    delta, record = judged.row.primary.delta, judged.delta
    if delta is None or record is None or record.value is None:
        return ""
    by = units.style(delta)(record.value, record.low, record.high)
    return f"{by} points of {judged.row.primary.figure.title}"
