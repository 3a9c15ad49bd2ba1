"""Loading and the first answer, each time in a fresh process: cold start and peak memory."""

from weighin.bench.bench_start import bench_start

__all__ = ["bench_start"]
