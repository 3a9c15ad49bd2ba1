"""What became of gates, as a table and in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from weighin.core import Record
from weighin.report.gates import modes
from weighin.report.gates.judging import Judged, Outcome
from weighin.report.gates.modes import MODES
from weighin.report.layout import Notes, Section
from weighin.report.terminal import Terminal, written
from weighin.report.units import shown, with_unit

_UNPROVEN = (modes.WITHIN, modes.BEYOND)
_FAILING = ("breached", "not proven", "without a figure")  # the worst first


def render(judged: Judged, style: str = "text", terminal: Terminal | None = None) -> str:
    """A table of gates, rows, figures, bounds and verdicts; then the mode, and how many are kept.

    Below it each reason once, by the number that verdicts refer to.

    Args:
        judged: what became of them.
        style: one of `weighin.report.layout.LAYOUTS`.
        terminal: that a text is fitted to, if one is given; it may show the last line in colour.
    """
    reasons = Notes()
    rows = [
        [
            outcome.gate.text,
            row_of(outcome.record),
            *figure_and_bound(outcome),
            verdict_of(judged, outcome) + reasons.note(outcome.reason),
        ]
        for outcome in judged.outcomes
    ]
    headers = ["gate", "row", "figure", "bound", "verdict"]
    table = Section("", headers, rows, [*reasons.numbered, judged.mode.told])
    ending = written([Section("", lines=[summary(judged)])], style, terminal)
    if terminal is not None and terminal.colored:
        ending = click.style(ending, fg="green" if judged.kept else "red", bold=not judged.kept)
    return f"{written([table], style, terminal)}\n{ending}"


def row_of(record: Record | None) -> str:
    """A row as a gate may name it, and its seed: `mnist_cnn: int8 on litert ×2 seed 1`."""
    if record is None:
        return ""
    seed = f" seed {record.seed}" if record.seed else ""
    beside = f" beside {record.beside}" if record.beside else ""
    return f"{record.model}: {record.variant} on {record.case.place}{seed}{beside}"


def figure_and_bound(outcome: Outcome) -> tuple[str, str]:
    """Both as their metric asks for; empty where there is none."""
    record, metric, bound = outcome.record, outcome.metric, outcome.bound
    if record is None or record.value is None or metric is None:
        return "", ""
    figure = shown(metric, record.value, record.low, record.high)
    return figure, "" if bound is None else with_unit(metric, bound)


def verdict_of(judged: Judged, outcome: Outcome) -> str:
    """The verdict, and that it fails where the word alone leaves that open."""
    open_to_modes = outcome.verdict in _UNPROVEN
    fails = open_to_modes and not judged.passes(outcome)
    return f"{outcome.verdict}: fails" if fails else outcome.verdict


def message(judged: Judged, outcome: Outcome) -> str:
    """Why a gate passes or fails on a row: figure, bound, verdict, reason."""
    figure, bound = figure_and_bound(outcome)
    held = f"{figure} against {outcome.gate.relation} {bound}: " if bound else ""
    reason = f" ({outcome.reason})" if outcome.reason else ""
    return f"{held}{verdict_of(judged, outcome)}{reason}"


def summary(judged: Judged) -> str:
    """`2 gates kept`, or `1 of 2 gates breached`; of how many rows, where there are more."""
    by_gate: dict[str, list[Outcome]] = {}
    for outcome in judged.outcomes:
        by_gate.setdefault(outcome.gate.text, []).append(outcome)
    count, rows = len(by_gate), len(judged.outcomes)
    gates = "1 gate" if count == 1 else f"{count} gates"
    failing = Counter(filter(None, (_failing(judged, each) for each in by_gate.values())))
    if not failing:
        unproven = sum(outcome.verdict in _UNPROVEN for outcome in judged.outcomes)
        some = f" on {unproven} of {rows} rows" if unproven < rows else ""
        kept = f"{gates} kept" + (f" on {rows} rows" if rows > count else "")
        return kept + (f", not proven{some}" if unproven else "")
    worst, *others = [word for word in _FAILING if word in failing]
    told = [f"{gates} {worst}" if count == 1 else f"{failing[worst]} of {gates} {worst}"]
    told += [f"{failing[word]} {word}" for word in others]
    fail = sum(not judged.passes(outcome) for outcome in judged.outcomes)
    return ", ".join(told) + (f" ({fail} of {rows} rows)" if rows > count else "")


def _failing(judged: Judged, outcomes: Sequence[Outcome]) -> str:
    """The worst that became of one gate; empty if it is kept."""
    verdicts = {outcome.verdict for outcome in outcomes if not judged.passes(outcome)}
    # where a figure within its bound passes as it stands, one beyond it is a breach
    if modes.BREACHED in verdicts or (modes.BEYOND in verdicts and judged.mode is MODES["strict"]):
        return "breached"
    if verdicts & set(_UNPROVEN):
        return "not proven"
    return "without a figure" if verdicts else ""
