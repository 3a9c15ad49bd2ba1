"""Programs that stand in for the Python that weighin starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


def fake_python(file: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `sys.executable` be a program of ours.

    Args:
        file: where it is written.
        code: its text; `{python}` stands for the real Python, `{path}` for what it has to add to
            `sys.path` to import weighin and these helpers.
        monkeypatch: puts things back.
    """
    path = [str(TESTS.parent), str(TESTS)]
    file.write_text(code.format(python=sys.executable, path=path), "utf-8")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(file))
