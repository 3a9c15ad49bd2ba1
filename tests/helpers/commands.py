"""Python in a process of its own, and what the command line prints there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]


def by_name(output: str) -> dict[str, str]:
    """Indented lines by their first word, so a listing can be looked up by name."""
    return {line.split()[0]: line.strip() for line in output.splitlines() if line.startswith("  ")}


def run_python(
    *words: str | Path, environment: Mapping[str, str], folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, here or in a folder, whatever comes of it."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        check=False,
    )


def run_weighin(
    *words: str | Path, child_environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return run_python("-m", "weighin", *words, environment=child_environment)


def answer(
    code: str, *words: str, environment: Mapping[str, str], folder: Path | None = None
) -> Any:
    """What Python code in a process of its own prints as its last line, which is JSON.

    It must succeed. Output before that line is nobody's: TensorFlow and pytest chatter.
    """
    done = run_python("-c", code, *words, environment=environment, folder=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def importing() -> dict[str, str]:
    """An environment in which a program can import from weighin and `helpers`."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (TESTS.parent, TESTS)))}


def made_by(program: str, folder: Path) -> Path:
    """A folder that such a program, which is told it, has written to."""
    done = run_python("-c", program, folder, environment=importing())
    assert done.returncode == 0, done.stderr
    return folder


@cache
def told_by(program: str) -> Any:
    """What a program that imports from weighin and `helpers` prints, as `answer`; run once."""
    return answer(program, environment=importing())
