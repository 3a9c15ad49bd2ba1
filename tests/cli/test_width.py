"""What commands print on a terminal of 80 columns: help whose examples stay lines, errors."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import inspect
import io
import sys

import click
import pytest
from click.testing import CliRunner

from weighin.cli import main
from weighin.cli.errors import ShownError

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
    """Of finished files and variants, a Keras model, without data, runtimes, and going on."""
    lines = CliRunner().invoke(main, ["weigh", "--help"], terminal_width=WIDTH).output.splitlines()

    assert 6 == sum(line.startswith("  weighin weigh ") for line in lines)


class Stream(io.StringIO):
    """A stream that is a terminal, or says that it is none."""

    def __init__(self, *, is_terminal: bool) -> None:
        """Nothing was written to it."""
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        """As it was told."""
        return self._is_terminal


MESSAGE = f"a.tflite: {'considerable ' * 20}trouble.\nWhat helps: pip install weighin[keras]"


def shown(error: click.ClickException, *, is_terminal: bool) -> str:
    """What such a stream gets of an error."""
    stream = Stream(is_terminal=is_terminal)
    error.show(stream)
    return stream.getvalue()


def test_an_error_is_folded_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal; its own lines stay lines. A pipe gets it as it is."""
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    lines = shown(ShownError(MESSAGE), is_terminal=True).splitlines()

    assert WIDTH >= max(map(len, lines))
    assert f"Error: {MESSAGE}".split() == " ".join(lines).split()
    assert "What helps: pip install weighin[keras]" == lines[-1]
    assert f"Error: {MESSAGE}\n" == shown(ShownError(MESSAGE), is_terminal=False)


def test_an_error_cannot_command_the_terminal() -> None:
    """A file may be called so that it would colour, clear or turn what follows."""
    text = shown(ShownError("a\x1b[2J\x9b31m\u202eb.tflite is missing"), is_terminal=True)

    assert r"a\x1b[2J\x9b31m\u202eb.tflite is missing" in " ".join(text.split())


@pytest.mark.parametrize("words", [["weigh", "none.tflite"], ["inspect", "none.tflite"]])
def test_commands_errors_are_folded(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever command it is that fails."""
    monkeypatch.setenv("COLUMNS", "40")
    stream = Stream(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)

    with pytest.raises(SystemExit):
        main.main([words[0], "a/" + " very long" * 10 + words[1]], prog_name="weighin")

    assert "Error: " in stream.getvalue()
    assert 40 >= max(map(len, stream.getvalue().splitlines()))
