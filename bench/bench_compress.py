"""Compressing a file for the way to the device: file size, size after gzip and zip, parameters."""

import pytest


@pytest.mark.weigh("artifact")
def bench_compress(benchmark, cell):
    """The file after gzip -9."""
    cell.record(benchmark.pedantic(cell.compress))
