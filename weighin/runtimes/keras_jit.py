"""Keras compiled by XLA, on the CPU."""

from __future__ import annotations

from pathlib import Path

from weighin.frameworks import process
from weighin.registry import runtime
from weighin.runtimes.keras import KerasCPU, KerasSession


@runtime
class KerasJIT(KerasCPU):
    """.h5 models on the CPU, compiled by XLA before they are timed."""

    name = "keras-jit"
    on_request = True

    def open(self, path: Path, threads: int) -> KerasSession:
        """Load an .h5 model; its first call, which is never timed, compiles it.

        Raises:
            WeighinError: if the number of threads is not to be had.
        """
        process.set_threads(threads)
        return KerasSession(path, self.device, jit=True)
