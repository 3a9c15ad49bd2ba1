"""What a user is told while artifacts are built."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from weighin.build.jobs import Job
from weighin.core import Artifact, Call, Failure
from weighin.job.progress import BuildProgress

JOB = Job("tiny", "quick", 0, (Call("prune", (("sparsity", 0.5),), 1),), Call("int8"))
BUILT = Artifact("k" * 8, Path("file"), "tflite", "ab" * 32, 9, Path("answers"), {}, 1.25)
FAILED = Failure("[bold] no layers left")


def told(total: int, *outcomes: Artifact | Failure, terminal: bool) -> str:
    """What is printed while so many artifacts are built."""
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=terminal, width=100, highlight=False)
    with BuildProgress(console) as progress:
        progress.begun(total)
        for outcome in outcomes:
            progress.finished(JOB, outcome)
    text = printed.getvalue()
    if terminal:
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    return re.sub(r", \d+ s\]", ", 0 s]", text)  # however long this machine takes


def test_piped_output_has_a_line_for_each_artifact() -> None:
    """What is to come first, then one after another, with seconds and failures' reasons."""
    assert [
        "building 3 artifacts (they are kept for later runs)",
        "[1/3, 0 s] tiny prune(0.5) → int8 (1.2 s)",
        "[2/3, 0 s] tiny prune(0.5) → int8 failed: [bold] no layers left",
        "[3/3, 0 s] tiny prune(0.5) → int8 (1.2 s)",
    ] == told(3, BUILT, FAILED, BUILT, terminal=False).splitlines()


def test_a_long_line_is_not_broken_where_output_is_piped() -> None:
    """Whoever searches it finds the whole reason."""
    text = told(1, Failure("no room " * 40), terminal=False)

    assert 2 == len(text.splitlines())


def test_a_long_line_is_folded_between_words_on_a_terminal() -> None:
    """Not where the terminal ends, in the middle of one."""
    text = told(1, Failure("considerable " * 40), terminal=True)
    lines = [line for line in text.splitlines() if "considerable" in line]

    assert 40 == sum(line.split().count("considerable") for line in lines)
    assert 1 < len(lines)
    assert 100 >= max(map(len, lines))


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (["one"], "asking what one returns: more than the model's own file may decide it"),
        (["a", "b"], "asking what a, b return: more than the models' own files may decide it"),
    ],
)
@pytest.mark.parametrize("terminal", [False, True])
def test_whoever_waits_for_models_is_told_which(
    models: list[str], expected: str, terminal: bool
) -> None:
    """Calling their functions takes some seconds, in a warm run too."""
    printed = io.StringIO()
    BuildProgress(Console(file=printed, force_terminal=terminal, width=100)).asking(models)

    assert expected in printed.getvalue()


def test_a_terminal_shows_a_bar() -> None:
    """How many are done, which was the last; no line for each."""
    text = told(2, BUILT, BUILT, terminal=True)

    assert "building" in text
    assert "2/2" in text
    assert "tiny prune(0.5) → int8" in text
    assert "1.2 s" not in text
    assert "they are kept" not in text


def test_failures_are_told_on_a_terminal_too() -> None:
    """Above the bar, which goes on."""
    text = told(2, FAILED, BUILT, terminal=True)

    assert "[1/2, 0 s] tiny prune(0.5) → int8 failed: [bold] no layers left\n" in text
    assert "2/2" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_where_nothing_is_built_nothing_is_said(terminal: bool) -> None:
    """All artifacts were there."""
    assert "" == told(0, terminal=terminal).strip()
