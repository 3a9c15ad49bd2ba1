"""Compressing a file for the way to the device: file size, size after gzip and zip, parameters."""

from weighin.bench.bench_compress import bench_compress

__all__ = ["bench_compress"]
