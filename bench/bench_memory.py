"""What a file takes of a microcontroller's memory: arena, and an NPU's estimated time."""

from weighin.bench.bench_memory import bench_memory

__all__ = ["bench_memory"]
