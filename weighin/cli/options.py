"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from weighin.report import terminal
from weighin.report.layout import FORMATS

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
