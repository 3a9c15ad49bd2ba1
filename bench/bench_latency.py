"""One inference at batch 1 on a real test image: median, p90 and p99."""

from weighin.bench.bench_latency import bench_latency

__all__ = ["bench_latency"]
