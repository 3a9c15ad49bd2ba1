"""The state of each technique in each release: `works`, `degraded`, `fails`, `not measured`.

A technique is a variant without its arguments: `prune(0.8)+int8` is `prune+int8`. In one release,
on one runtime, a variant of a model

- *fails* if a file of it could not be built, or has no accuracy or latency because something went
  wrong. Speed-ups do not count, as one without a figure may be the baseline's failure;
- is *degraded* if it was built and ran, but beside the best of the other releases its file is more
  than 1 % larger, or more than 2 % after gzip -9; or its top-1 is more than one point lower, and
  worse by Fisher's exact test at 5 %, shared among the other releases; or the figures of another
  task are worse by more than is tolerated, beyond both intervals; or it is slower than in the
  newest release, or in the newest than in another one: its speed-up by more than 2 % and its
  latency by more than 30 %, both beyond both intervals. Either alone may be a slow hour of the
  machine, which meets a baseline whose weights come from memory harder than a small file: runs of
  one and the same file differed by 50 % in latency and by 30 % in speed-up;
- *works* otherwise, as far as it was measured.

Since the best release is the reference, what became worse for good shows in every release since.
Figures that do not compare, such as latencies of two machines, degrade nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from weighin.core import Case, Metric
from weighin.report.between_runs import amount, is_speed, word
from weighin.report.lines import Entry, Line, against
from weighin.report.releases import Release

Word = Literal["works", "degraded", "fails", "not measured"]


@dataclass(frozen=True)
class State:
    """The state of a technique in one release.

    Attributes:
        release: its label.
        word: the worst state of any of its variants and models.
        count: how many are in that state.
        of: how many were measured in this release.
        notes: what went wrong, also where others fare worse: the first line of an error or what is
            worse, then the models and variants concerned and by how much.
    """

    release: str
    word: Word
    count: int = 0
    of: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Technique:
    """A technique on one runtime: its state in every release, newest first."""

    name: str
    place: str
    states: tuple[State, ...]


def technique(variant: str) -> str:
    """A variant's name without arguments: `prune+int8` of `prune(0.8)+int8`."""
    return re.sub(r"\([^()]*\)", "", variant)


def techniques(columns: Sequence[Release], lines: Sequence[Line]) -> tuple[Technique, ...]:
    """The state of every technique on every runtime, in the lines' order."""
    files: dict[Case, list[Line]] = {}
    runs: dict[Case, list[Line]] = {}
    for line in lines:
        if line.case.runtime:
            runs.setdefault(line.case, []).append(line)
        else:
            files.setdefault(line.case.file, []).append(line)
    run = {case.file for case in runs}
    runs |= {case: [] for case in files if case not in run}
    groups: dict[tuple[str, str], list[list[Line]]] = {}
    for case, figures in runs.items():
        rows = groups.setdefault((technique(case.variant), case.place), [])
        rows.append([*files.get(case.file, ()), *figures])
    return tuple(
        Technique(name, place, tuple(_state(at, columns, rows) for at in range(len(columns))))
        for (name, place), rows in groups.items()
    )


def first_line(reason: str) -> str:
    """The first line of an error that says anything."""
    return next((line.strip() for line in reason.splitlines() if line.strip()), "no reason given")


def _state(at: int, columns: Sequence[Release], rows: Sequence[Sequence[Line]]) -> State:
    """The worst state of several rows, each with the lines of its file, in one release."""
    problems_by_word: dict[Word, list[dict[str, str]]] = {
        "fails": [],
        "degraded": [],
        "works": [],
        "not measured": [],
    }
    for lines in rows:
        word, problems = _of_row(at, columns, lines)
        who = f"{lines[0].case.model} {lines[0].case.variant}"
        problems_by_word[word].append({problem: f"{who}{how}" for problem, how in problems.items()})
    measured = len(rows) - len(problems_by_word["not measured"])
    word = next(word for word, of_rows in problems_by_word.items() if of_rows)
    together: dict[str, list[str]] = {}
    for problems in (*problems_by_word["fails"], *problems_by_word["degraded"]):
        for problem, who in problems.items():
            together.setdefault(problem, []).append(who)
    every = len(problems_by_word["fails"]) == len(rows)  # then naming each of them adds nothing
    notes = [
        problem if every and len(who) == len(rows) > 1 else f"{problem}: {'; '.join(who)}"
        for problem, who in together.items()
    ]
    return State(columns[at].label, word, len(problems_by_word[word]), measured, tuple(notes))


def _of_row(
    at: int, columns: Sequence[Release], lines: Sequence[Line]
) -> tuple[Word, dict[str, str]]:
    """A row's state, and its problems: each with how bad it is, in words that follow a name."""
    entries = {line.metric.name: line.entries[at] for line in lines}
    for line in lines:
        entry = line.entries[at]
        # a speed-up without a figure may be the baseline's failure
        if entry.status == "failed" and not line.metric.relative:
            return "fails", {first_line(entry.reason): ""}
    if not any(entry.status == "ok" for entry in entries.values()):
        return "not measured", {}
    harm = {
        line.metric.name: (line.metric, how) for line in lines if (how := _harm(at, columns, line))
    }
    speeds = {line.metric.name for line in lines if is_speed(line.metric)}
    if len(speeds) < 2 or not speeds <= set(harm):  # either alone may be a slow hour
        harm = {name: how for name, how in harm.items() if name not in speeds}
    problems = {f"{metric.called} {metric.worse}": how for metric, how in harm.values()}
    return ("degraded" if problems else "works"), problems


def _harm(at: int, columns: Sequence[Release], line: Line) -> str:
    """How much worse a figure is than in the best other release, or for speed in the newest."""
    every = [other for other in range(len(columns)) if other != at]
    held = every if at == 0 else [0]
    others = held if is_speed(line.metric) else _best(line, every)
    beside: dict[str, list[str]] = {}  # by how much, so that no amount is said twice
    for other in others:
        before, after = line.entries[other], line.entries[at]
        share = _worse(columns[other], columns[at], before, after, line.metric, len(every))
        if share is not None:
            beside.setdefault(amount(line.metric, share), []).append(columns[other].label)
    return ",".join(f" by {much} beside {', '.join(labels)}" for much, labels in beside.items())


def _best(line: Line, releases: Sequence[int]) -> list[int]:
    """The release with the smallest file or the best answers among these; of equals the newest."""
    sign = -1 if line.metric.better == "higher" else 1
    values = [(line.entries[at].value, at) for at in releases]
    ranked = [(sign * value, at) for value, at in values if value is not None]
    return [min(ranked)[1]] if ranked else []


def _worse(
    first: Release, second: Release, before: Entry, after: Entry, metric: Metric, tests: int
) -> float | None:
    """How much worse the second release's figure is, if that is more than is tolerated."""
    if before.value is None or after.value is None:
        return None
    told, moved = against(metric, first, second, before.records, after.records, tests)
    # the verdict on speed takes account of the tolerance already
    if moved is None or (not is_speed(metric) and abs(moved) <= metric.tolerance):
        return None
    return moved if told == word(metric, -1 if metric.better == "higher" else 1) else None
