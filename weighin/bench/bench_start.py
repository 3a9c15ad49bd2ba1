"""Loading and the first answer, each time in a fresh process: cold start and peak memory.

pytest-benchmark's own figure is all processes, Python's start and imports included; the record's
`cold_start` is the part from opening the file to the first answer, one process after the other.
"""

from typing import Any

import pytest

from weighin.measure.cell import Cell
from weighin.outcomes import Starts

PROCESSES = 6  # the fewest whose median has a 95 % interval


@pytest.mark.weigh("start")
def bench_start(benchmark: Any, cell: Cell) -> None:
    """Six fresh processes without TensorFlow, the one that tried the file included."""
    runs = cell.first_start()
    more = benchmark.pedantic(cell.cold_starts, args=(PROCESSES - len(runs),))
    cell.record(Starts((*runs, *more)))
