"""The command `weighin`, and `python -m weighin`: what measures is guarded by another process."""

from __future__ import annotations

import os
import sys

MEASURING = ("weigh",)  # commands that open files in their own process


def main() -> None:
    """Run the command."""
    from weighin.job import guarding

    words = sys.argv[1:]
    is_guarded = guarding.GUARDED in os.environ
    if words[:1] and words[0] in MEASURING and not is_guarded and os.name == "posix":
        # as it was called, so that modules are found alike
        sys.exit(guarding.guarded([sys.executable, *sys.orig_argv[1:]]))
    from weighin.cli import main as command

    command(prog_name="weighin")


if __name__ == "__main__":
    main()
