"""One inference at batch 1 on a real test image: median, p90 and p99."""

import pytest

from weighin.measure import rounds_for


@pytest.mark.weigh("inference")
def bench_latency(benchmark, cell):
    """The runtime's own call, nothing around it."""
    call = cell.inference()
    rounds = rounds_for(call)
    benchmark.pedantic(call, rounds=rounds, warmup_rounds=max(10, rounds // 10))
    if benchmark.enabled:
        cell.record(cell.inferences(benchmark.stats.stats.data))
