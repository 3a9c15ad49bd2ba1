"""What commands print on a terminal of 80 columns: help whose examples stay lines."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import inspect

import pytest
from click.testing import CliRunner

from weighin.cli import main

WIDTH = 80


@pytest.mark.parametrize("name", main.commands)
def test_examples_in_help_are_lines_of_their_own(name: str) -> None:
    """Each to be copied as it stands, none run into the next or folded."""
    command = main.commands[name]
    text = inspect.cleandoc(str(command.callback.__doc__)).splitlines()
    examples = [line for line in text if line.startswith("weighin ")]
    lines = CliRunner().invoke(main, [name, "--help"], terminal_width=WIDTH).output.splitlines()

    assert set(examples) <= {line.strip() for line in lines}
    assert max(map(len, lines)) <= WIDTH
    assert not any("\\b" in line or "\b" in line for line in lines)


def test_help_of_weigh_has_examples() -> None:
    """Of finished files, of a Keras model, and without data."""
    lines = CliRunner().invoke(main, ["weigh", "--help"], terminal_width=WIDTH).output.splitlines()

    assert 3 == sum(line.startswith("  weighin weigh ") for line in lines)
