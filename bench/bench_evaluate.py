"""Answering the whole test set: top-1, agreement with the baseline, throughput."""

from weighin.bench.bench_evaluate import bench_evaluate

__all__ = ["bench_evaluate"]
