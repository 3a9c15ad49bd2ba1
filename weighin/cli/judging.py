"""Options of commands that judge gates: how, and where what became of them is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_JUNIT = click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write what became of gates as JUnit XML, a test for each gate and row.",
)
_STRICT = click.option("--strict", is_flag=True, help="Gates judge the bare figure.")
_PROVEN = click.option(
    "--proven",
    is_flag=True,
    help="Gates fail unless the whole interval lies within the bound: the safe way.",
)


def modes(command: Any) -> Any:
    """A command with the options of how gates are judged."""
    return _STRICT(_PROVEN(command))


def options(command: Any) -> Any:
    """The same, and where what became of them is written."""
    return modes(_JUNIT(command))
