"""How pytest ends where gates are judged: its last line, its exit code, its JUnit file."""
# ruff: noqa: SIM300 - an assertion names what is expected first

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A run that has measured one figure, in the place of one that takes minutes
FAKE = """
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.gates import exact
from helpers.support import ENVIRONMENT, record, results_of
from weighin.pytest_plugin import _RUN
from weighin.report.gates import judge, mode, parse

RESULTS = results_of(
    ENVIRONMENT, [exact(9), record("latency", 1e-4, 5e-5, 2e-4, variant="int8")]
)


def pytest_collection_finish(session):
    option = session.config.getoption
    gates = [parse(text) for text in option("--weighin-gate")]
    run = SimpleNamespace(
        judged=judge(gates, RESULTS, mode(option("--weighin-strict"), option("--weighin-proven"))),
        finish=lambda: None,
        left=lambda: "",
        unwritten="",
        results=lambda: RESULTS,
        path=Path("run.json"),
    )
    session.config.stash[_RUN] = SimpleNamespace(begun=True, run=run)
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run two tests that pass beside gates."""
    (tmp_path / "conftest.py").write_text(FAKE, "utf-8")
    (tmp_path / "test_two.py").write_text("def test_a(): pass\ndef test_b(): pass\n", "utf-8")
    search = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    # a plugin that is installed as well is loaded by its entry point
    words = [sys.executable, "-m", "pytest", "-p", "weighin.pytest_plugin"]

    def ran(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, *options],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": search},
            capture_output=True,
            text=True,
            check=False,
        )

    return ran


KEPT, BREACHED = "--weighin-gate=file_bytes <= 10 B", "--weighin-gate=file_bytes <= 8 B"
UNPROVEN = "--weighin-gate=latency <= 150 us"


def test_a_breached_gate_has_the_last_word(run: Run) -> None:
    """Below pytest's line on tests, which all passed; in red where colours show."""
    done = run(KEPT, BREACHED, "--color=yes")

    assert 1 == done.returncode, done.stdout
    tests, last = done.stdout.splitlines()[-2:]
    assert "2 passed" in tests
    assert "1 of 2 gates breached, mode breached" in last
    assert last.startswith("\x1b[31m")


def test_where_gates_are_kept_pytest_ends_as_ever(run: Run) -> None:
    done = run(KEPT, UNPROVEN)

    assert 0 == done.returncode, done.stdout
    assert "2 passed" in done.stdout.splitlines()[-1]
    assert "mode breached, the default" in done.stdout
    assert "2 gates kept, not proven on 1 of 2 rows" in done.stdout


def test_the_safe_mode_has_an_option(run: Run) -> None:
    done = run(UNPROVEN, "--weighin-proven")

    assert 1 == done.returncode, done.stdout
    assert "1 gate not proven, mode proven" in done.stdout.splitlines()[-1]


def test_gates_are_in_pytests_junit_file(run: Run, tmp_path: Path) -> None:
    """Beside the tests, which they are not counted among; `--lf` does not look for them."""
    done = run(KEPT, BREACHED, "--junitxml=tests.xml", "-x")
    again = run("--lf")

    assert 1 == done.returncode, done.stdout
    assert "stopping after" not in done.stdout
    assert "2 passed" in done.stdout.splitlines()[-2]
    assert "known failure" not in again.stdout
    cases = list(ElementTree.parse(tmp_path / "tests.xml").iter("testcase"))  # noqa: S314
    assert [
        ("test_two", "test_a"),
        ("test_two", "test_b"),
        ("gates", "file_bytes <= 10 B (small: int8 on litert)"),
        ("gates", "file_bytes <= 8 B (small: int8 on litert)"),
    ] == [(case.attrib["classname"], case.attrib["name"]) for case in cases]
    (failure,) = (case.find("failure") for case in cases if len(case))
    assert failure is not None
    assert "9 B against <= 8 B: breached" == failure.attrib["message"]
