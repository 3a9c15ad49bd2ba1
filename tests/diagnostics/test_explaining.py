"""Facts of a row, gathered for the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.finished import write

from weighin.core import Case
from weighin.diagnostics import explaining
from weighin.targets import machine

CASE = Case("m", "d", "baseline", 0, "tflite", "litert", 1)


def test_rules_judge_by_the_machine_that_it_was_measured_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device's kernels are not this machine's."""
    path, seen = write(tmp_path / "a.tflite"), list[Any]()
    monkeypatch.setattr(explaining.rules, "explain", lambda facts, **_: seen.append(facts) or [])
    board = {"architecture": "aarch64", "cpu_features": ["asimd"]}
    for measured_on in (board, None):
        explaining.explain(CASE, {}, path, path, measured_on=measured_on)

    here = machine.processor()
    told = [(each.architecture, list(each.cpu_features)) for each in seen]
    assert [("aarch64", ["asimd"]), (here.architecture, list(here.cpu_features))] == told
