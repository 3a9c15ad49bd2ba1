"""The command `weighin`, a module for what each larger verb does."""

from weighin.cli.main import main

__all__ = ["main"]
