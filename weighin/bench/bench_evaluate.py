"""Answering the whole test set: top-1, agreement with the baseline, throughput."""

from typing import Any

import pytest

from weighin.measure.cell import Cell


@pytest.mark.weigh("evaluation")
def bench_evaluate(benchmark: Any, cell: Cell) -> None:
    """All test images, batched, on all cores."""
    _ = cell.session  # opened and checked before the clock starts
    cell.record(benchmark.pedantic(cell.evaluate))
