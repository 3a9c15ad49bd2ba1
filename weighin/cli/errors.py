"""Errors as a command shows them: one message, folded between words where a terminal shows it."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import IO, Any, TypeVar

import click

from weighin.report import terminal
from weighin.report.layout import visible

F = TypeVar("F", bound=Callable[..., None])


class ShownError(click.ClickException):
    """What went wrong, and what to do next: the command could not do what it was asked.

    It exits with 2, for 1 is an answer: a gate is breached, a row failed, a page differs.
    """

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it to a stream, by default standard error."""
        stream = sys.stderr if file is None else file
        message = visible(f"Error: {self.format_message()}")  # it may name files, as they please
        click.echo(terminal.fitted(message, stream), file=stream)


def clear_errors(command: F) -> F:
    """Show a `WeighinError` as one message and exit with 2."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except Exception as error:
            from weighin.core import WeighinError

            if not isinstance(error, WeighinError):
                raise
            raise ShownError(str(error)) from None

    return run  # type: ignore[return-value]  # the signature is the command's own
