"""`weighin weigh`: a user's own files, in one command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from weighin.core import WeighinError
from weighin.job import weighing
from weighin.job.measuring import measure
from weighin.job.run import Run
from weighin.job.weighing import How
from weighin.report import gates, terminal
from weighin.report.table import render


class WrongInputError(click.ClickException):
    """What was brought cannot be weighed: nothing was measured."""

    exit_code = 2


def weigh(paths: Sequence[Path], how: How, style: str, color: terminal.Color) -> int:
    """Weigh files and print the table, gates and where the records are.

    Returns:
        The exit code: 0, or 1 if a row failed or a gate is not kept.

    Raises:
        WrongInputError: if nothing can be measured.
    """
    try:
        run = weighing.planned(paths, how)
        whole = measure(run)
    except WeighinError as error:
        raise WrongInputError(str(error)) from None
    shown = terminal.here(color)
    click.echo(render([run.results()], style, shown), color=True)
    if run.outcomes:
        click.echo(f"\n{gates.render(run.outcomes, how.strict)}", err=style != "text")
    click.echo(f"\nrecords: {_shorter(run)}", err=style != "text")
    return 0 if whole and run.keeps_gates() else 1


def _shorter(run: Run) -> Path:
    path = (run.path or Path()).absolute()
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
