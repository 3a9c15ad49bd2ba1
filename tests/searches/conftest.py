"""What tests of the search share."""

from __future__ import annotations

import pytest

pytest.importorskip("optuna", reason="pip install -e '.[search]'")


@pytest.fixture(autouse=True)
def _undone(isolated_registries: None) -> None:
    """What a test registers is forgotten."""
