"""What a file takes of a microcontroller's memory, and what its NPU's compiler estimates.

pytest-benchmark's own figure is how long it takes to tell.
"""

from typing import Any

import pytest

from weighin.measure.cell import Cell


@pytest.mark.weigh("memory")
def bench_memory(benchmark: Any, cell: Cell) -> None:
    """The interpreter's arena, told by a process of its own once the file's answers are checked."""
    _ = cell.session
    cell.record(benchmark.pedantic(cell.memory))
