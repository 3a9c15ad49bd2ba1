"""What a file holds, on a terminal: as wide as that is, with nothing lost unsaid."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

from typing import Any

import pytest

from weighin.report.inspection import render
from weighin.report.terminal import Terminal

KINDS = [f"conv2d_{number}: Conv2D" for number in range(20)]
FACTS: dict[str, Any] = {
    "format": "keras",
    "bytes": 1_234_567,
    "kinds_of_layers": KINDS,
    "layers": [
        {"operator": "RESHAPE", "output": "INT8 1×1152"},
        {
            "operator": "FULLY_CONNECTED",
            "output": "INT8 1×13×13×16",
            "weights": "INT8",
            "shape": "4 of 16×8, 4 of 16×16",
            "zeros": 0.5,
            "unique": 255,
            "scales": 1000,
            "sparse": False,
            "macs": 165_888,
        },
    ],
}


@pytest.mark.parametrize("width", [80, 100])
def test_lines_are_no_wider_than_the_terminal(width: int) -> None:
    """Every kind of layer is there, and no number is broken."""
    text = render(FACTS, as_json=False, terminal=Terminal(width))

    assert width >= max(map(len, text.splitlines()))
    assert ", ".join(KINDS) in " ".join(text.split())
    assert {"FULLY_CONNECTED", "1,234,567", "165,888", "1×13×13×16"} <= set(text.split())


def test_a_long_value_is_folded_below_itself() -> None:
    """So that names of facts stand alone in their column."""
    lines = render(FACTS, as_json=False, terminal=Terminal(80)).splitlines()
    at = len("kinds of layers") + 2
    begins = [line[:at].strip() for line in lines[: lines.index("")]]

    assert ["format", "bytes", "kinds of layers"] == [begin for begin in begins if begin]
    assert begins.count("") >= 4


def test_columns_left_out_are_named() -> None:
    """What is least asked for goes first."""
    narrow, wide = (render(FACTS, as_json=False, terminal=Terminal(width)) for width in (60, 200))

    assert "left out for want of room: scales" in narrow
    assert "left out" not in wide
    assert {"scales", "unique", "sparse"} <= set(wide.split())


def test_a_pipe_gets_one_line_a_fact() -> None:
    """For whoever greps."""
    assert f"kinds of layers  {', '.join(KINDS)}" in render(FACTS, as_json=False)
