"""A scheduler and a worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from helpers.cluster import Forking, Started, cluster


@pytest.fixture(scope="module")
def forking(child_environment: Mapping[str, str]) -> Iterator[Forking]:
    """What starts them."""
    pytest.importorskip("distributed", reason="no Dask: pip install 'weighin[cluster]'")
    started = Forking(child_environment)
    yield started
    started.end()


@pytest.fixture
def started(forking: Forking, tmp_path: Path) -> Iterator[Started]:
    """A cluster of one worker, which a test may turn against its client."""
    with cluster(forking, tmp_path / "cluster", workers=1) as there:
        yield there
