"""Each variant on each engine beside the first one, in interleaved blocks: which is quicker.

As of `bench_speedup`, pytest-benchmark's own figure is how long a user waits for that verdict.
"""

from typing import Any

import pytest

from weighin.measure.cell import Cell


@pytest.mark.weigh("engines")
def bench_engines(benchmark: Any, cell: Cell) -> None:
    """Until the interval is narrow enough, or the time is spent."""
    cell.record(benchmark.pedantic(cell.engines))
