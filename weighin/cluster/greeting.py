"""What a worker says of itself when it is greeted: versions, processor; run there by its name."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from weighin import __version__, packages
from weighin.subprocesses import FOLDER
from weighin.targets import machine

LONGEST = 100_000  # bytes of a greeting


def greet() -> bytes:
    """Facts about this process's machine, as JSON."""
    return json.dumps(told()).encode()


@cache
def told() -> dict[str, Any]:
    """The same, as they are."""
    return {
        "weighin": __version__,
        "source": source(),
        "packages": packages.packages(),
        "processor": dataclasses.asdict(machine.processor()),
    }


def source() -> str:
    """A digest of weighin's own files: a checkout may be another one under the same version."""
    total = hashlib.sha256()
    for file in sorted(Path(FOLDER, "weighin").rglob("*.py")):
        total.update(f"{file.relative_to(FOLDER).as_posix()};".encode())
        total.update(file.read_bytes())
    return total.hexdigest()[:8]
