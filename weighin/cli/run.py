"""`weighin run`: the main job, pytest on the functions that time, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def options_of(settings: Mapping[str, Any]) -> list[str]:
    """The plugin's options for settings by their short names; those that are None are left out.

    One of several values, a tuple, is repeated: `{"gate": ("a", "b")}`; a flag has no value.
    """
    return [
        f"--weighin-{name}" if value is True else f"--weighin-{name}={value}"
        for name, values in settings.items()
        for value in (values if isinstance(values, tuple) else (values,))
        if value is not None and value is not False
    ]


def shipped() -> list[str]:
    """Pytest's words for weighin's own functions, on the models of this folder."""
    return ["--pyargs", "weighin.bench", f"--rootdir={Path.cwd()}"]


def main_job(functions: Sequence[str], options: Sequence[str]) -> int:
    """Run pytest on functions that time; its exit code, of a process that a signal ended 128 + n.

    Args:
        functions: where they are: `shipped()`, or a folder.
        options: of pytest.
    """
    # the plugin is named, for a weighin that is on the path but not installed
    command = [sys.executable, "-m", "pytest", *functions, "--benchmark-only"]
    process = subprocess.Popen([*command, "-p", "weighin.pytest_plugin", *options])
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:  # told it too, and it writes what it has measured so far
            continue
        return code if code >= 0 else 128 - code
