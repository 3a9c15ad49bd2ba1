"""The command `weighin`, and `python -m weighin`: what measures is guarded by another process."""

from __future__ import annotations

import os
import sys
import traceback

# Commands that open files in their own process, by the guard that each has
GUARDS = {"weigh": "guarded", "search": "repeated"}


def main() -> None:
    """Run the command; it ends with 2 where an error was not foreseen: 1 is an answer."""
    from weighin.job import guarding

    guard = GUARDS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if guard and guarding.GUARDED not in os.environ and os.name == "posix":
        # as it was called, so that modules are found alike
        sys.exit(getattr(guarding, guard)([sys.executable, *sys.orig_argv[1:]]))
    from weighin.cli import main as run

    try:
        run(prog_name="weighin")
    except Exception:
        traceback.print_exc()
        sys.exit(2)


if __name__ == "__main__":
    main()
