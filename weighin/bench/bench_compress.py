"""Compressing a file for the way to the device: file size, size after gzip and zip, parameters."""

from typing import Any

import pytest

from weighin.measure.cell import Cell


@pytest.mark.weigh("artifact")
def bench_compress(benchmark: Any, cell: Cell) -> None:
    """The file after gzip -9."""
    cell.record(benchmark.pedantic(cell.compress))
