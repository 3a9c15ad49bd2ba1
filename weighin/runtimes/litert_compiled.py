"""LiteRT's compiled models, by the package ai-edge-litert: on the CPU, or on a GPU by WebGPU."""

from __future__ import annotations

import atexit
import ctypes.util
import functools
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from weighin import packages
from weighin.core import Array, Arrays, WeighinError
from weighin.registry import runtime
from weighin.runtimes import _ports
from weighin.subprocesses import native_output

_REFUSALS = (ValueError, RuntimeError, IndexError, KeyError, TypeError, OverflowError, MemoryError)
_BUFFERS = ("float32", "float16", "int32", "int8", "uint8", "bool")  # dtypes that they hold
_DEVICES = ("dev/dri/renderD*", "dev/nvidia[0-9]*", "dev/dxg", "dev/mali*", "dev/kgsl*")
_NOISE = ("INFO", "WARNING", "===", "└", "at ")


@runtime
class LiteRTCompiled:
    """.tflite files on the CPU, by LiteRT's compiled models with XNNPACK."""

    name = "litert-compiled"
    formats = ("tflite",)
    needs_tensorflow = False
    on_request = True
    packages = ("ai-edge-litert",)
    litert_kernels = True
    accelerator = "CPU"

    def available(self) -> str | None:
        """None if ai-edge-litert is installed, and new enough."""
        return packages.missing("ai-edge-litert")

    def call_overhead(self) -> Callable[[], Any] | None:
        """One operator on one number."""
        return _ports.smallest_call(self.open)

    def load(self) -> None:
        """Import the wrapper of compiled models."""
        _environment()

    def look(self, path: Path) -> None:
        """Read what weighin has to know of a file, so that opening it then is the engine's work."""
        _ports.of_tflite(path)

    def open(self, path: Path, threads: int) -> CompiledSession:
        """Compile a .tflite file.

        Raises:
            WeighinError: if it is refused, or the accelerator fails.
        """
        return CompiledSession(path, threads, self.accelerator)


@runtime
class LiteRTGPU(LiteRTCompiled):
    """.tflite files on a GPU by WebGPU, floats in float32; wholly there, or refused."""

    name = "litert-gpu"
    litert_kernels = False
    accelerator = "GPU"

    def available(self) -> str | None:
        """None if ai-edge-litert is installed and the system has a GPU and a way to it.

        WebGPU itself says whether it can use that when a file is opened.
        """
        return super().available() or _no_gpu(Path("/"))

    def call_overhead(self) -> None:
        """None: what a call costs on a GPU has not been separated."""

    def open(self, path: Path, threads: int) -> CompiledSession:
        """Compile a .tflite file for the GPU.

        Raises:
            WeighinError: if no GPU takes it, or not all of it; nothing then runs on the CPU.
        """
        if threads > 1:
            raise WeighinError(f"{self.name} runs on the GPU: it has no threads to be set")
        session = CompiledSession(path, threads, self.accelerator)
        if not session.accelerated:
            session.close()
            raise WeighinError(
                f"the GPU takes only a part of {path.name}, and the rest would run on the CPU"
            )
        return session


class CompiledSession:
    """One .tflite file, compiled.

    Timed on the CPU is `run_by_index()` alone, between buffers that lie ready, as `invoke()` of the
    interpreter is. On a GPU that call may come back before the work is done, so that reading the
    outputs, which waits for them, belongs to it.
    """

    delegated = None

    def __init__(self, path: Path, threads: int, accelerator: str) -> None:
        """Compile, and make buffers.

        Raises:
            WeighinError: if the file, its dtypes or the accelerator are refused.
        """
        self._path, self._waits = path, accelerator != "CPU"
        self._given: list[Any] = []
        self._taken: list[Any] = []
        self._ports = _ports.of_tflite(path)
        for port in (*self._ports.inputs, *self._ports.outputs):
            if str(port.dtype) not in _BUFFERS:
                raise WeighinError(
                    f"LiteRT's compiled models cannot open {path.name}: their buffers hold no "
                    f"{port.dtype}, which {port.name!r} is"
                )
        environment, module = _environment()
        options = module.Options(
            module.HardwareAccelerator[accelerator],
            cpu_options=module.CpuOptions(num_threads=threads),
            gpu_options=module.GpuOptions(enforce_f32=True, hint_waiting_for_completion=True),
        )
        with native_output() as said:
            try:
                self._model = module.CompiledModel.from_file(
                    str(path), environment=environment, options=options
                )
                self._make_buffers()
                self.accelerated = bool(self._model.is_fully_accelerated())
            except _REFUSALS as error:
                raise WeighinError(
                    f"LiteRT's compiled models cannot open {path.name} on the {accelerator}: "
                    f"{_reason(said(), error)}"
                ) from error
        self._shapes = [port.shape for port in self._ports.inputs]

    def predict(self, inputs: Arrays) -> dict[str, Array]:
        """Answer all examples, one by one: a call holds Python's lock, so that one thread will."""

        def answer(example: Arrays) -> Arrays:
            self.inference(example)()
            return self.answer()

        return _ports.one_by_one(inputs, lambda: answer)

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """Write the inputs; return the model's own call."""
        stored = self._ports.stored(inputs)
        shapes = [values.shape for values in stored]
        if shapes != self._shapes:
            self._resize(shapes)
        for place, values in zip(self._order[0], stored, strict=True):
            self._given[place].write(values)
        run = functools.partial(self._model.run_by_index, 0, self._given, self._taken)
        if not self._waits:
            return run

        def wait() -> None:
            run()
            self._read()

        return wait

    def answer(self) -> dict[str, Array]:
        """The outputs of the last call."""
        return self._ports.real(self._read())

    def close(self) -> None:
        """Drop the model and its buffers."""
        with native_output():
            self._given, self._taken = [], []
            self._model.close()

    def _make_buffers(self) -> None:
        """Buffers for the first signature, and which of them each port has."""
        self._given = self._model.create_input_buffers(0)
        self._taken = self._model.create_output_buffers(0)
        signature = self._model.get_signature_by_index(0)
        self._order = tuple(
            [
                # without a signature the names are the tensors', which need not tell them apart
                names.index(port.name) if port.name in names else port.place
                for port in ports
            ]
            for names, ports in (
                (list(signature["inputs"]), self._ports.inputs),
                (list(signature["outputs"]), self._ports.outputs),
            )
        )

    def _resize(self, shapes: list[tuple[int, ...]]) -> None:
        """Make it take inputs of other shapes, where the file leaves them open.

        Raises:
            WeighinError: if it does not.
        """
        with native_output() as said:
            try:
                for place, shape in zip(self._order[0], shapes, strict=True):
                    self._model.resize_input_tensor(place, list(shape), 0, strict=False)
                self._make_buffers()
            except _REFUSALS as error:
                raise WeighinError(
                    f"LiteRT's compiled models cannot resize {self._path.name} to "
                    f"{[list(shape) for shape in shapes]}: {_reason(said(), error)}"
                ) from error
        self._shapes = shapes

    def _read(self) -> list[Array]:
        """What the outputs store, in the file's order."""
        raw: dict[int, Array] = {}
        for place, port in zip(self._order[1], self._ports.outputs, strict=True):
            buffer = self._taken[place]
            shape = buffer.get_tensor_details()["shape"]
            count = int(np.prod(shape, dtype=np.int64))
            raw[port.place] = buffer.read(count, port.dtype).reshape(shape)
        return [raw[place] for place in sorted(raw)]


@functools.cache
def _environment() -> tuple[Any, Any]:
    """One environment for the process, and the module.

    Its plugins for neural processors are left out: they would be looked for anew in every opening.

    Raises:
        WeighinError: if ai-edge-litert is too old, or broken.
    """
    with packages.broken_told("ai-edge-litert"):
        from ai_edge_litert import compiled_model as module

        nowhere = str(Path(__file__).parent)
        with native_output():
            options = module.EnvironmentOptions(
                runtime_path=str(Path(module.__file__).parent),
                compiler_plugin_path=nowhere,
                dispatch_library_path=nowhere,
            )
            environment = module.Environment.create(options=options)
            nothing = np.zeros(16, np.float32)  # the first that is written tells of itself
            module.TensorBuffer.create_from_host_memory(nothing).write(nothing)
        atexit.register(_quiet_to_the_end)
        return environment, module


def _quiet_to_the_end() -> None:
    """Keep off the screen what LiteRT says when the process ends, after all of Python."""
    sys.stderr.flush()
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)


def _no_gpu(root: Path) -> str | None:
    """Why there is no GPU for WebGPU here, as far as the system tells without being asked."""
    if platform.system() != "Linux":
        return None  # Metal and Direct3D come with the system
    if not any(any(root.glob(pattern)) for pattern in _DEVICES):
        return f"no GPU here: nothing under {root}dev/dri, {root}dev/nvidia*"
    if ctypes.util.find_library("vulkan") is None:
        return "WebGPU needs Vulkan here: install libvulkan.so.1 (Debian: libvulkan1)"
    return None


def _reason(said: str, error: BaseException) -> str:
    """What native code said of a failure, its first error; else the exception."""
    lines = [line.strip() for line in (*said.splitlines(), *str(error).splitlines())]
    telling = [line for line in lines if line and not line.startswith(_NOISE)]
    for line in telling:
        what = line.rpartition("] ")[2] if line.startswith(("ERROR", "E0")) else line
        if what and not what.startswith(("ERROR", "[", "./", "Warning", "WARNING")):
            return what
    return next(iter(telling), type(error).__name__)
