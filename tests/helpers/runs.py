"""Whole pytest runs of a project, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin.core import Record
from weighin.records import store


@dataclass(frozen=True)
class Ran:
    """What became of one pytest run.

    Attributes:
        code: pytest's exit code.
        text: standard output and error.
        records: of the results file; none if there is no such file.
        environment: of the results file.
    """

    code: int
    text: str
    records: tuple[Record, ...]
    environment: Mapping[str, Any]

    def one(self, metric: str, variant: str = "baseline", **fields: Any) -> Record:
        """The one record that this describes."""
        found = self.all(metric=metric, variant=variant, **fields)
        assert len(found) == 1, f"{len(found)} records of {metric} of {variant}, {fields}"
        return found[0]

    def all(self, **fields: Any) -> list[Record]:
        """The records that have these fields."""
        return [
            record
            for record in self.records
            if all(getattr(record, name) == value for name, value in fields.items())
        ]

    def table(self) -> list[str]:
        """The lines of the comparison table of the model `tiny`, without its header."""
        lines = self.text.split("\ntiny on tiny\n")[1].splitlines()
        rule = next(number for number, line in enumerate(lines) if line.startswith("---"))
        return lines[rule + 1 : lines.index("", rule)]


def command(results: Path, *words: str) -> list[str]:
    """Runs the main job, its records and benchmarks in a folder of the test's own."""
    options = [f"--weighin-results-dir={results}", "-p", "no:cacheprovider"]
    options += [f"--benchmark-storage=file://{results}/benchmarks"]
    return [sys.executable, "-m", "pytest", "-p", "weighin.pytest_plugin", *options, *words]


def ran(code: int, text: str, results: Path) -> Ran:
    """What a run that has ended printed and wrote."""
    written = sorted(results.glob("*.json")) if results.is_dir() else []
    assert len(written) <= 1, f"more than one results file: {written}"
    loaded = store.load(written[0]) if written else None
    return Ran(code, text, loaded.records if loaded else (), loaded.environment if loaded else {})


def run_pytest(
    project: Path, cache: Path, results: Path, *words: str, environment: Mapping[str, str]
) -> Ran:
    """Run pytest in a project.

    Args:
        project: the folder to be in.
        cache: where its artifacts lie.
        results: where records and benchmarks go.
        words: pytest's options.
        environment: of the process.
    """
    done = subprocess.run(
        command(results, *words),
        cwd=project,
        env={"WEIGHIN_CACHE_DIR": str(cache), "COLUMNS": "200", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return ran(done.returncode, done.stdout, results)
