"""One inference at batch 1 on a real test image: median, p90 and p99."""

from typing import Any

import pytest

from weighin.measure.cell import Cell


@pytest.mark.weigh("inference")
def bench_latency(benchmark: Any, cell: Cell) -> None:
    """The runtime's own call, nothing around it; the file is opened anew up to ten times."""
    inferences = cell.inferences(benchmark)
    if inferences is not None:
        cell.record(inferences)
