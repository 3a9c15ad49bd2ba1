"""What the tests of data sets share: no download, and registries that are put back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers.data import FakeDownload
from helpers.tiny import registrations_undone

from weighin.datasets import search


@pytest.fixture(autouse=True)
def download(monkeypatch: pytest.MonkeyPatch) -> FakeDownload:
    """No test downloads anything."""
    fake = FakeDownload()
    monkeypatch.setattr(search, "_download", fake)
    return fake


@pytest.fixture(autouse=True)
def _clean_registries() -> Iterator[None]:
    with registrations_undone():
        yield
