"""A cause of failure is told once, whole; what else fails by it is counted.

A model that cannot be built fails every operation of every row that is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from weighin.core import Case, WeighinError

AGAIN = "weighin_again"  # set on a report whose cause another has told
CATEGORY = "for the same reason"  # in pytest's last line: "1 error, 33 for the same reason"
FEW = 6


@dataclass
class _Cause:
    """What failed by one cause: the report that tells it, and the cases that it cost further."""

    report: pytest.TestReport
    cases: list[Case] = field(default_factory=list)


@dataclass
class Told:
    """The causes that a run has told so far."""

    causes: dict[object, _Cause] = field(default_factory=dict)

    def tell(
        self, report: pytest.TestReport, case: Case, caught: pytest.ExceptionInfo[BaseException]
    ) -> None:
        """Let a report say why it failed, or that it failed as another did."""
        error = caught.value
        text, key = str(error), _key(caught)
        if isinstance(error, WeighinError):
            log: Path | None = getattr(error, "log", None)
            told = log is None or not log.exists() or str(log) in text
            report.longrepr = text if told else f"{text}\nlog: {log}"
        if (cause := self.causes.get(key)) is None:
            self.causes[key] = _Cause(report)
        else:
            cause.cases.append(case)
            setattr(report, AGAIN, True)

    def count(self) -> None:
        """Say beside each cause what else failed by it; before pytest prints its summary."""
        for cause in self.causes.values():
            if not cause.cases:
                continue
            further = f"and {len(cause.cases)} more {CATEGORY}: {_named(cause.cases)}"
            if isinstance(cause.report.longrepr, str):
                cause.report.longrepr += f"\n{further}"
            else:
                cause.report.sections.append((further, ""))
            cause.cases.clear()


def status(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """What pytest shows of a report that another has spoken for; None of others."""
    if not getattr(report, AGAIN, False):
        return None
    letter, word = ("F", "FAILED") if report.when == "call" else ("E", "ERROR")
    return CATEGORY, letter, (f"{word} {CATEGORY}", {"red": True})


def _key(caught: pytest.ExceptionInfo[BaseException]) -> object:
    """What is the same of two errors of one cause: of weighin's own, the text alone."""
    if isinstance(caught.value, WeighinError):
        return str(caught.value)
    last = caught.traceback[-1]
    return type(caught.value), str(caught.value), str(last.path), last.lineno


def _named(cases: list[Case]) -> str:
    """Variants by their models, each once."""
    variants: dict[str, dict[str, None]] = {}
    for case in cases:
        variants.setdefault(case.model, {})[case.variant] = None
    return "; ".join(f"{model} ({_few(list(names))})" for model, names in variants.items())


def _few(names: list[str]) -> str:
    if len(names) <= FEW + 1:
        return ", ".join(names)
    return f"{', '.join(names[:FEW])} and {len(names) - FEW} other variants"
