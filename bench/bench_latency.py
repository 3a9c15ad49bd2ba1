"""One inference at batch 1 on a real test image: median, p90 and p99."""

import operator

import pytest

from weighin.measure import Openings


@pytest.mark.weigh("inference")
def bench_latency(benchmark, cell):
    """The runtime's own call, nothing around it; the file is opened anew up to ten times."""
    openings = Openings(cell)
    benchmark.pedantic(operator.call, setup=openings.setup, rounds=openings.rounds)
    if benchmark.enabled:
        cell.record(openings.inferences(benchmark.stats.stats.data))
