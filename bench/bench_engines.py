"""Each variant on each engine beside the first one, in interleaved blocks: which is quicker."""

from weighin.bench.bench_engines import bench_engines

__all__ = ["bench_engines"]
