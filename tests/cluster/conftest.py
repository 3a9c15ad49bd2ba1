"""A scheduler and a worker, started once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from helpers.cluster import Forking, Started, cluster


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, child_environment: Mapping[str, str]
) -> Iterator[Started]:
    """A cluster of one worker."""
    pytest.importorskip("distributed", reason="no Dask: pip install 'weighin[cluster]'")
    forking = Forking(child_environment)
    with cluster(forking, tmp_path_factory.mktemp("cluster"), workers=1) as there:
        yield there
    forking.end()
