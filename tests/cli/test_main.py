"""What the entry point does beside its commands."""

from __future__ import annotations

from helpers.commands import importing, run_python

BROKEN = """
import sys
from weighin.cli import main
main.commands["list"].callback = lambda **options: 1 / 0
sys.argv = ["weighin", "list"]
from weighin.__main__ import main
main()
"""


def test_an_error_that_was_not_foreseen_is_no_answer() -> None:
    """It ends with 2, as all that could not be done; 1 would say that a gate is breached."""
    done = run_python("-c", BROKEN, environment=importing())

    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr
    assert done.stdout == ""
