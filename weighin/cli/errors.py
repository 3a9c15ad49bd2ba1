"""Errors as a command shows them: one message, folded between words where a terminal shows it."""

from __future__ import annotations

import sys
from typing import IO, Any

import click

from weighin.report import terminal


class ShownError(click.ClickException):
    """What went wrong, and what to do next."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it to a stream, by default standard error."""
        stream = sys.stderr if file is None else file
        click.echo(terminal.fitted(f"Error: {self.format_message()}", stream), file=stream)
