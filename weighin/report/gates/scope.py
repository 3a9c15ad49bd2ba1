"""The scope of a gate → the rows that it names, or why there are none.

A scope is not parsed once for all, for any mark in it may be part of a name: `x:y` may be a variant
of that name, or the variant `y` of the model `x`. It is read in every way, and of the ways that
name a row the first is taken: a name of a variant before one of a model, and whole names before
names with something behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from weighin.core import CONTROL, Case, Catalogue, Record, nearest
from weighin.report.gates.grammar import Gate

CONTROLS = ("baseline", CONTROL)
_THREADS = re.compile(r"(?:(?P<names>.*)\s)?[x×]\s?(?P<threads>[1-9][0-9]{0,3})")
_RUNTIME = re.compile(r"(?:(?P<names>.*)\s)?on\s(?P<runtime>.+)")


@dataclass(frozen=True)
class Scope:
    """One reading of a gate's scope: names without blanks, and what is empty holds for all.

    Attributes:
        model: its name.
        variant: its name.
        runtime: its name, or a file's format.
        threads: how many, as it was written.
    """

    model: str = ""
    variant: str = ""
    runtime: str = ""
    threads: str = ""

    @property
    def names(self) -> dict[str, str]:
        """What it names, by what that is."""
        return {what: name for what, name in vars(self).items() if name}

    def fits(self, case: Case) -> bool:
        """Whether a case is what it names, a control too."""
        names = _names(case)
        return all(_unspaced(names[what]) == name for what, name in self.names.items())


def concerned(gate: Gate, records: Sequence[Record], metrics: Catalogue) -> list[Record]:
    """The records that a gate is held against."""
    scope = _meant(gate, records)
    if scope is None:
        return []
    return [
        record
        for record in records
        if record.metric == gate.metric
        and record.status != "skipped"
        and scope.fits(record.case)
        and (scope.variant or record.variant not in CONTROLS)
        and not _is_of_itself(gate, record.case, metrics)
    ]


def missing(gate: Gate, records: Sequence[Record], metrics: Catalogue) -> str:
    """Why a gate is held against no record."""
    there = sorted({record.metric for record in records})
    if gate.metric not in there:
        return _unknown_metric(gate, there, metrics)
    scope = _meant(gate, records)
    if scope is None:
        return _unknown_scope(gate, records)
    fitting = [record for record in records if scope.fits(record.case)]
    if all(_is_of_itself(gate, record.case, metrics) for record in fitting):
        return f"{gate.metric} is a comparison with the baseline, which therefore has none"
    figures = [
        record
        for record in fitting
        if record.metric == gate.metric and not _is_of_itself(gate, record.case, metrics)
    ]
    if reason := next((record.reason for record in figures if record.status == "skipped"), ""):
        who = f"{gate.scope} does not have it" if gate.scope else "no row has it"
        return f"{who}: {reason}"
    if figures:
        return (
            f"no rows here but {' and '.join(CONTROLS)}, which are judged where a gate names them"
        )
    places = dict.fromkeys(r.case.place for r in records if r.metric == gate.metric)
    measured = sorted({record.metric for record in fitting})
    return (
        f"{gate.scope} has no {gate.metric} here, which rows on {', '.join(places)} have; it has "
        f"{', '.join(measured)}"
    )


def _meant(gate: Gate, records: Sequence[Record]) -> Scope | None:
    """The first reading that names a row; None if none does."""
    cases = dict.fromkeys(record.case for record in records)
    return next((scope for scope in _readings(gate.scope) if any(map(scope.fits, cases))), None)


def _readings(text: str) -> Iterator[Scope]:
    """Every way to read a scope."""
    for before_threads, threads in _cut(_THREADS, text):
        for names, runtime in _cut(_RUNTIME, before_threads):
            for model, variant in _models(names):
                yield Scope(*map(_unspaced, (model, variant, runtime, threads)))


def _cut(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    """A text whole; and without what a pattern takes from its end, and that."""
    yield text, ""
    if match := pattern.fullmatch(text):
        yield match[1] or "", match[2]


def _models(names: str) -> Iterator[tuple[str, str]]:
    """A variant alone, a model alone, and a model and a variant on two sides of a colon."""
    yield "", names
    yield names, ""
    for colon in re.finditer(":", names if names != ":" else ""):  # which names nothing
        yield names[: colon.start()], names[colon.end() :]


def _unspaced(name: str) -> str:
    """A name without blanks: `prune(0.8) + int8` is meant as `prune(0.8)+int8`."""
    return re.sub(r"\s+", "", name)


def _names(case: Case) -> dict[str, str]:
    """What a scope may name of a case; a file has no threads."""
    return {
        "model": case.model,
        "variant": case.variant,
        "runtime": case.engine or case.format,
        "threads": str(case.threads or ""),
    }


def _is_of_itself(gate: Gate, case: Case, metrics: Catalogue) -> bool:
    """Whether a gate's metric would compare the baseline with itself there."""
    metric = metrics.get(gate.metric)
    return metric is not None and metric.relative and case == case.baseline


def _unknown_metric(gate: Gate, there: Sequence[str], metrics: Catalogue) -> str:
    known = metrics.get(gate.metric)
    if known is not None and known.ratio_of:
        return (
            f"{gate.metric} is made by tables: bound what it is made of, as in "
            f"'{known.ratio_of} <= 0.5 * baseline'"
        )
    near = None if known else nearest(gate.metric, there)
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(there) or 'none'}"
    return f"no metric {gate.metric!r} here; {hint}"


def _unknown_scope(gate: Gate, records: Sequence[Record]) -> str:
    """Which name of the likeliest reading names nothing, and what is near it."""
    cases = dict.fromkeys(record.case for record in records)
    known: dict[str, dict[str, str]] = {}
    for case in cases:
        for what, name in _names(case).items():
            known.setdefault(what, {})[_unspaced(name)] = name

    def unknown(scope: Scope) -> list[str]:
        return [what for what, name in scope.names.items() if name not in known[what]]

    def unlikely(scope: Scope) -> tuple[int, bool]:
        """The fewer unknown names the likelier, then the more known ones, then any mark."""
        return 2 * len(unknown(scope)) - len(scope.names), not (scope.runtime or scope.threads)

    scope = min(_readings(gate.scope), key=unlikely)
    if not unknown(scope):
        rows = [f"{case.model}: {case.variant} on {case.place}" for case in cases]
        return f"no row is of all that here; there is {nearest(gate.scope, rows) or rows[0]!r}"
    what = unknown(scope)[0]
    name, names = scope.names[what], list(filter(None, known[what].values()))
    is_sole = what == "variant" and not scope.model  # then it may be meant for a model
    near = nearest(name, [*names, *(known["model"].values() if is_sole else ())])
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(names)}"
    return f"no {'variant or model' if is_sole else what} {name!r} here; {hint}"
