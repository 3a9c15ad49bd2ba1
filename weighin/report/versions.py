"""The version matrix: how models and variants fare from one TensorFlow release to the next.

`matrix` makes it from several runs' results, `render` writes it: first each technique's state in
each release, then a table for each metric: a row for each variant, a column for each release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weighin.core import Results
from weighin.report import units
from weighin.report.between_runs import amount, compared
from weighin.report.layout import FLAT, Notes, Section
from weighin.report.lines import Entry, Line, lines
from weighin.report.releases import Release, packages, releases
from weighin.report.techniques import State, Technique, techniques
from weighin.report.terminal import Terminal, written


@dataclass(frozen=True)
class Matrix:
    """Everything that the matrix shows.

    Attributes:
        releases: the columns, the newest TensorFlow first.
        techniques: what becomes of each technique in each release.
        lines: every metric of every variant on every runtime, in each release.
    """

    releases: tuple[Release, ...]
    techniques: tuple[Technique, ...]
    lines: tuple[Line, ...]

    @property
    def legend(self) -> list[str]:
        """The lines below the techniques, which say what the words mean."""
        newest = self.releases[0].label
        results = self.releases[0].results
        file, gzip, speed, time = (
            f"{results.metric(name).tolerance * 100:g}"
            for name in ("file_bytes", "gzip_bytes", "speedup", "latency")
        )
        states = [state for technique in self.techniques for state in technique.states]
        parted = any(0 < state.count < state.of for state in states)
        return [
            *["(1 of 3): of so many variants of models measured in that release"] * parted,
            "fails: could not be built, or has no accuracy or latency because something went wrong",
            f"degraded: built and run, but beside the best of the other releases its file is more "
            f"than {file} % larger, or more than {gzip} % after gzip -9; {self._worse_answers}"
            f"or it is slower than in {newest} ({newest} itself: than in any other)",
            f"faster, slower: × faster by {speed} % and latency by {time} %, both beyond both "
            f"intervals; either alone may be a slow hour of the machine, as runs of one and the "
            f"same file differed by 50 % in latency and by 30 % in × faster",
            "works: otherwise, as far as measured; of many tests a few say worse by chance, and of "
            "one seed the chance of another training is in none of them",
        ]

    @property
    def _worse_answers(self) -> str:
        """When answers count as worse, of each figure that the matrix has, ending in `; `."""
        metrics = {line.metric.name: line.metric for line in self.lines}
        told = [
            metric
            for metric in metrics.values()
            if not metric.machine_bound and metric.kind in ("share", "number", "points", "change")
        ]
        fisher = [metric for metric in told if metric.comparison == "shares"]
        others = [metric for metric in told if metric.comparison == "intervals"]
        words = [
            f"or its {metric.called} is lower by more than {metric.tolerance * 100:g} in a "
            f"hundred, and worse by Fisher's exact test at 5 %, shared among them; "
            for metric in fisher or ([] if others else [self.releases[0].results.metric("top1")])
        ]
        if others:
            shown = ", ".join(
                f"{metric.called} by more than {metric.tolerance * 100:g} "
                f"{'in a hundred' if metric.kind == 'share' else '%'}"
                for metric in others
            )
            words.append(f"or worse beyond both intervals: {shown}; ")
        return "".join(words)

    @property
    def origin(self) -> list[str]:
        """The last lines: how to read figures, and what each release was measured with."""
        newest = self.releases[0].label
        lines = []
        entries = [entry for line in self.lines for entry in line.entries]
        if any(entry.seeds > 1 for entry in entries):
            lines.append("± standard deviation over seeds; verdicts by the seeds that both have")
        if any(entry.low is not None for entry in entries):
            lines.append(
                f"[95 % interval] of {newest}; those of the others count in their verdicts, and "
                f"are in --format csv and json"
            )
        lines += [f"{release.label}: {_made_with(release)}" for release in self.releases]
        for release in self.releases:
            if release.refused:
                why = f"{release.label}, {release.refused}"
                lines.append(f"× faster, latency not compared with {newest}: {why}")
        return lines


def matrix(runs: Sequence[Results]) -> Matrix:
    """Compare runs of several TensorFlow versions with that of the newest.

    Raises:
        WeighinError: if they are of one version only, one names none, two are of the same, or
            their data, dense starts or training profiles differ.
    """
    columns = releases(runs)
    rows = lines(columns)
    return Matrix(columns, techniques(columns, rows), rows)


def render(runs: Sequence[Results], format: str, terminal: Terminal | None = None) -> str:
    """The version matrix of several runs, in one of `layout.FORMATS`.

    `csv` and `json` hold bare numbers in seconds, bytes and shares with the ends of their
    intervals, one row for each line and release, then one for each technique and release.

    Raises:
        WeighinError: as `matrix` does.
    """
    table = matrix(runs)
    if format in FLAT:
        return FLAT[format]([*_flat_lines(table), *_flat_techniques(table)])
    return written(sections(table), format, terminal)


def sections(matrix: Matrix) -> list[Section]:
    """The matrix's tables with their notes, and below them what each release was measured with."""
    tables = [_techniques(matrix)]
    for metric in compared([release.results for release in matrix.releases]):
        rows = [line for line in matrix.lines if line.metric.name == metric.name]
        if rows:
            tables.append(_metric(metric.title, rows, matrix.releases))
    return [*tables, Section("machine and versions", lines=matrix.origin)]


def shown(line: Line, entry: Entry) -> str:
    """One entry as text: the figure and its verdict, or the status where there is no figure.

    Only the newest release's figure has its interval; those of the others count in their verdicts.
    """
    if entry.value is None:
        return entry.status
    is_newest = entry is line.entries[0]
    show, interval = units.style(line.metric), (entry.low, entry.high)
    text, brackets = units.parts(show, entry.value, *interval)
    if entry.deviation is not None:
        text += f" ± {units.deviation(show, entry.value, entry.deviation, *interval)}"
    if is_newest:
        return text + brackets
    if entry.verdict in ("", "no figure"):
        return text
    text += f" {entry.verdict}"
    if entry.verdict in ("same", "no evidence") or entry.change is None:
        return text
    return f"{text} by {amount(line.metric, entry.change)}"


def _techniques(matrix: Matrix) -> Section:
    notes = Notes()
    rows = [
        [technique.name, technique.place, *(_state(state, notes) for state in technique.states)]
        for technique in matrix.techniques
    ]
    headers = ["technique", "runtime", *(release.label for release in matrix.releases)]
    title = "TensorFlow versions: what becomes of each technique"
    return Section(title, headers, rows, [*notes.numbered, *matrix.legend])


def _state(state: State, notes: Notes) -> str:
    text: str = state.word
    if text != "not measured" and state.count < state.of:
        text += f" ({state.count} of {state.of})"
    return text + "".join(map(notes.note, state.notes))


def _metric(header: str, lines: Sequence[Line], columns: Sequence[Release]) -> Section:
    notes = Notes()
    rows = [
        [
            f"{line.case.model} on {line.case.dataset}",
            line.case.variant,
            line.place,
            *(shown(line, entry) + notes.note(entry.reason) for entry in line.entries),
        ]
        for line in lines
    ]
    headers = ["model", "variant", "runtime", *(release.label for release in columns)]
    return Section(f"TensorFlow versions: {header}", headers, rows, notes.numbered)


def _flat_lines(matrix: Matrix) -> list[dict[str, Any]]:
    return [
        {
            "tensorflow": entry.release,
            "model": line.case.model,
            "dataset": line.case.dataset,
            "variant": line.case.variant,
            "format": line.case.format,
            "runtime": line.case.runtime,
            **({"target": line.case.target} if line.case.target else {}),
            "threads": line.case.threads,
            "metric": line.metric.name,
            "unit": line.metric.unit,
            "status": entry.status,
            "value": entry.value,
            "deviation": entry.deviation,
            "low": entry.low,
            "high": entry.high,
            "seeds": entry.seeds,
            "verdict": entry.verdict,
            "change": entry.change,
            "reason": entry.reason,
        }
        for line in matrix.lines
        for entry in line.entries
    ]


def _flat_techniques(matrix: Matrix) -> list[dict[str, Any]]:
    return [
        {
            "tensorflow": state.release,
            "technique": technique.name,
            "runtime": technique.place,
            "state": state.word,
            "count": state.count,
            "of": state.of,
            "notes": "\n".join(state.notes),
        }
        for technique in matrix.techniques
        for state in technique.states
    ]


def _made_with(release: Release) -> str:
    environment = release.results.environment
    versions = packages(release.results)
    words = [", ".join(f"{name} {version}" for name, version in versions.items() if version)]
    words += [
        f"{name} {environment[name]}" for name in ("commit", "profile") if environment.get(name)
    ]
    return "; ".join([*words, str(environment.get("date") or "")]).removesuffix("; ")
