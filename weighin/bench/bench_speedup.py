"""Each variant beside its baseline, in interleaved blocks: how many times faster, really.

pytest-benchmark's own figure is how long a user waits for that verdict.
"""

from typing import Any

import pytest

from weighin.measure.cell import Cell


@pytest.mark.weigh("pair")
def bench_speedup(benchmark: Any, cell: Cell) -> None:
    """Until the interval is narrow enough, or the time is spent."""
    cell.record(benchmark.pedantic(cell.pair))
