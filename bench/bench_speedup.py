"""Each variant beside its baseline, in interleaved blocks: how many times faster, really.

pytest-benchmark's own figure is how long a user waits for that verdict.
"""

import pytest


@pytest.mark.weigh("pair")
def bench_speedup(benchmark, cell):
    """Until the interval is narrow enough, or the time is spent."""
    cell.record(benchmark.pedantic(cell.pair))
