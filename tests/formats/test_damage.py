"""Damaged model files of every kind: none gets through, and none ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.damage import KINDS, outcomes


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    """Of 60 each, whoever reads them; `python -m helpers.damage` as many as it is told."""
    found = outcomes(tmp_path, kind, 60)

    assert {"refused"} <= set(found) <= {"read", "refused", "crashed"}
    assert found["crashed"] <= 3 * kind.endswith("h5")  # of the HDF5 library itself
