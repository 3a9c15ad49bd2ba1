"""What the tests of jobs share: a run that builds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.support import isolate_registries
from helpers.unrun import FakeArtifacts, register_tiny, run_of

from weighin.core import Dataset
from weighin.datasets import loading
from weighin.job.run import Run


@pytest.fixture
def files(tmp_path: Path) -> FakeArtifacts:
    """What builds nothing."""
    return FakeArtifacts(tmp_path)


@pytest.fixture
def run(
    files: FakeArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_data: Dataset
) -> Run:
    """A run of two variants."""
    isolate_registries(monkeypatch)
    loading.forget()
    register_tiny(tiny_data)
    return run_of(tmp_path, files)
