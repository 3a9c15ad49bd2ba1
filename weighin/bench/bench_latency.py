"""One inference at batch 1 on a real test image: median, p90 and p99."""

import operator
from typing import Any

import pytest

from weighin.measure.cell import Cell
from weighin.measure.latency import Openings


@pytest.mark.weigh("inference")
def bench_latency(benchmark: Any, cell: Cell) -> None:
    """The runtime's own call, nothing around it; the file is opened anew up to ten times."""
    openings = Openings(cell)
    benchmark.pedantic(operator.call, setup=openings.setup, rounds=openings.rounds)
    if benchmark.enabled:
        cell.record(openings.inferences(benchmark.stats.stats.data))
