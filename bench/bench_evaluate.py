"""Answering the whole test set: top-1, agreement with the baseline, throughput."""

import pytest


@pytest.mark.weigh("evaluation")
def bench_evaluate(benchmark, cell):
    """All test images, batched, on all cores."""
    _ = cell.session  # opened and checked before the clock starts
    cell.record(benchmark.pedantic(cell.evaluate))
