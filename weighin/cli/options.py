"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from weighin.report import terminal
from weighin.report.layout import FORMATS

Option = Callable[[Any], Any]


def together(options: Sequence[Option]) -> Option:
    """What gives a command several options, in this order."""

    def decorated(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


data_dir = click.option("--data-dir", metavar="DIR", help="Where to look for data first.")
cache_dir = click.option("--cache-dir", metavar="DIR", help="Where artifacts are kept.")
table_format = click.option(
    "--format", "style", type=click.Choice(FORMATS), default="text", show_default=True
)
color = click.option(
    "--color",
    type=click.Choice(terminal.COLORS),
    default="auto",
    show_default=True,
    help="Colour verdicts (auto: on a terminal, unless NO_COLOR is set).",
)
weights = click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A .weights.h5 for the model that file.py:function returns.",
)
trust = click.option("--trust", is_flag=True, help="Run the code of Lambda layers in the file.")
training = (  # of what trains further
    click.option("--epochs", type=int, metavar="N", help="Further epochs of what trains (3)."),
    click.option("--learning-rate", type=float, metavar="R", help="Of them; the file's own."),
    click.option("--batch-size", type=int, metavar="N", help="Of them (128)."),
    click.option("--loss", metavar="NAME", help="Of them; the file's own, or the task's."),
    weights,
    trust,
)
