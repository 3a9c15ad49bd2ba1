"""What the command line prints: in a process of its own, and looked up by name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def by_name(output: str) -> dict[str, str]:
    """Indented lines by their first word, so a listing can be looked up by name."""
    return {line.split()[0]: line.strip() for line in output.splitlines() if line.startswith("  ")}


def run_weighin(
    *words: str | Path, child_environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "weighin.cli", *map(str, words)],
        capture_output=True,
        text=True,
        env=child_environment,
        check=False,
    )
