"""Keras itself, on every device that TensorFlow sees."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weighin import named, packages
from weighin.core import Array, Arrays, Scope, SkippedError, WeighinError
from weighin.frameworks import process, sessions
from weighin.registry import NO_MEMORY, runtime, runtimes
from weighin.targets import machine

BATCH = 500
BATCH_BYTES = 16_000_000  # of inputs and outputs: what lies between is tens of times as large
TRIED = 8  # examples of a first batch, which tells how large outputs are


@runtime
class KerasCPU:
    """.h5 models on the CPU, compiled into one TensorFlow graph."""

    name = "keras-cpu"
    device = "/CPU:0"
    formats = ("h5",)
    needs_tensorflow = True
    on_request = False
    packages: tuple[str, ...] = ()  # more decides it: TensorFlow's build, libraries for a GPU
    rounding = 0.0
    litert_kernels = False

    def declines(self, scope: Scope) -> str | None:
        """Memory, and cold starts, in whose time TensorFlow's own start would drown."""
        if scope == "memory":
            return NO_MEMORY
        if scope == "start":
            return "a cold start is measured in a process without TensorFlow"
        return None

    def available(self) -> str | None:
        """None if TensorFlow is installed."""
        return packages.missing("tensorflow")

    def memory(self, path: Path) -> Any:
        """It does not tell.

        Raises:
            SkippedError: always.
        """
        raise SkippedError(NO_MEMORY)

    def call_overhead(self) -> None:
        """None: the fixed cost of a TensorFlow call has not been separated."""

    def load(self) -> None:
        """Import TensorFlow."""
        process.keras()

    def open(self, path: Path, threads: int) -> KerasSession:
        """Load an .h5 model.

        Raises:
            WeighinError: if the device or the number of threads is not to be had.
        """
        process.set_threads(threads)
        return KerasSession(path, self.device)


class KerasGPU(KerasCPU):
    """.h5 models on a GPU, compiled into one TensorFlow graph."""

    def __init__(self, number: int) -> None:
        """Stand for TensorFlow's GPU of that number."""
        self.number = number
        self.name = f"keras-gpu{number or ''}"
        self.device = f"/GPU:{number}"

    def available(self) -> str | None:
        """None if TensorFlow is installed and the driver lists such a GPU.

        Asking TensorFlow would mean loading it; `open` does.
        """
        if not _listed_gpus() > self.number:
            return f"no NVIDIA GPU here: nothing under {machine.GPU_FOLDER}"
        return super().available()

    def open(self, path: Path, threads: int) -> KerasSession:
        """Load an .h5 model onto the GPU, which computes in float32 and not in TF32."""
        if process.gpu_count() <= self.number:
            raise WeighinError(
                "TensorFlow sees no such GPU, though the driver lists one: install CUDA for it "
                "by pip install 'tensorflow[and-cuda]'"
            )
        process.compute_in_float32()
        return super().open(path, threads)


class KerasSession:
    """One .h5 model, opened on a device.

    Attributes:
        seconds: what the last `predict` took if XLA compiles: without compiling, which it does anew
            for each number of examples; None else.
    """

    delegated = None

    def __init__(self, path: Path, device: str, *, jit: bool = False) -> None:
        """Load the model and build its graph, which XLA compiles if it is told to."""
        self._call = sessions.answering(path, device, jit=jit)
        self._jit, self._compiled = jit, set[tuple[tuple[int, ...], ...]]()
        self._last: dict[str, Array] = {}
        self.seconds: float | None = None

    def predict(self, inputs: Arrays) -> dict[str, Array]:
        """Answer all examples in batches, as large as `BATCH_BYTES` lets them be."""
        count, seconds = named.count(inputs), 0.0
        answers: list[dict[str, Array]] = []
        at, batch = 0, min(TRIED, count)
        while at < count:
            part = named.taken(inputs, slice(at, at + batch))
            self._compile(part)
            began = time.perf_counter()
            answers.append({name: each.numpy() for name, each in self._call(part).items()})
            seconds += time.perf_counter() - began
            at += batch
            taken = sum(each.nbytes for each in (*part.values(), *answers[-1].values()))
            batch = max(1, min(BATCH, BATCH_BYTES * batch // max(1, taken)))
        self.seconds = seconds if self._jit else None
        return named.joined(answers)

    def _compile(self, inputs: Arrays) -> None:
        """Have XLA compile it for inputs of these shapes, if it has not yet."""
        shapes = tuple(values.shape for values in inputs.values())
        if self._jit and shapes not in self._compiled:
            self._call(inputs)
            self._compiled.add(shapes)

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """A call that runs the graph and waits for its answer."""

        def run() -> None:
            self._last = {name: each.numpy() for name, each in self._call(inputs).items()}

        return run

    def answer(self) -> dict[str, Array]:
        """The outputs of the last call."""
        return dict(self._last)

    def close(self) -> None:
        """Drop the model."""
        del self._call


def _listed_gpus() -> int:
    return len(list(machine.GPU_FOLDER.iterdir())) if machine.GPU_FOLDER.is_dir() else 0


for number in range(max(1, _listed_gpus())):
    runtimes.add(f"keras-gpu{number or ''}", KerasGPU(number))
