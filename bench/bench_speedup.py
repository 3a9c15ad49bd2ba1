"""Each variant beside its baseline, in interleaved blocks: how many times faster, really."""

from weighin.bench.bench_speedup import bench_speedup

__all__ = ["bench_speedup"]
