"""OpenVINO on the CPU, by the package openvino: it reads .tflite files itself."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weighin import packages
from weighin.core import Array, Arrays, WeighinError
from weighin.formats import known
from weighin.formats.onnx.reading import read_onnx
from weighin.registry import runtime
from weighin.runtimes import _ports
from weighin.runtimes._ports import Port, Ports
from weighin.targets import machine

_BF16 = ("avx512_bf16", "amx_bf16")  # a processor that multiplies bfloat16 has one of these
_WRAPPING = ("Exception from ", "Caught exception", "Check '", "FrontEnd API failed", "While ")


@runtime
class OpenVINO:
    """.tflite and .onnx files on the CPU, by OpenVINO, all floats in float32."""

    name = "openvino"
    formats = ("tflite", "onnx")
    needs_tensorflow = False
    on_request = True
    packages = ("openvino",)
    rounding = 0.0
    precision = "f32"

    def available(self) -> str | None:
        """None if openvino is installed."""
        return packages.missing("openvino")

    def call_overhead(self) -> Callable[[], Any]:
        """One operator on one number."""
        return _ports.smallest_call(self.open)

    def load(self) -> None:
        """Import OpenVINO."""
        _core()

    def look(self, path: Path) -> None:
        """Read what weighin has to know of a file, so that opening it then is the engine's work."""
        known.graph(path.suffix[1:], path)

    def open(self, path: Path, threads: int) -> OpenVINOSession:
        """Read a file and compile it.

        Raises:
            WeighinError: if OpenVINO refuses the file, or would compute otherwise than it is told.
        """
        return OpenVINOSession(path, threads, self.precision)


@runtime
class OpenVINOBF16(OpenVINO):
    """.tflite and .onnx files on the CPU, by OpenVINO, floats in bfloat16 where it has kernels."""

    name = "openvino-bf16"
    rounding = 2.0**-8
    precision = "bf16"

    def available(self) -> str | None:
        """None if openvino is installed, and the processor multiplies bfloat16."""
        if not machine.has_any(_BF16):
            return f"this processor has no bfloat16 instructions ({' or '.join(_BF16)})"
        return super().available()


class OpenVINOSession:
    """One file, compiled.

    Timed is `infer()` of one request, at batch 1: its inputs lie in the request's own tensors, in
    the dtype that the file stores, and its outputs stay where it put them, so that nothing is
    converted or copied in a timed call. (`start_async()` and `wait()` would add a change of
    threads, 20 to 50 µs here.) All examples are answered one by one, on each core by a model that
    was compiled for it: one model of several streams answers files of integer weights and float
    activations wrongly in most of its compilations (OpenVINO 2026.4.1).
    """

    delegated = None

    def __init__(self, path: Path, threads: int, precision: str = "f32") -> None:
        """Read and compile.

        Raises:
            WeighinError: as of `OpenVINO.open`.
        """
        self._path, self._threads, self._precision = path, threads, precision
        self._core = _core()
        with _refusals(f"OpenVINO cannot open {path.name}"):
            self._model = self._core.read_model(path)
        self._ports = _READERS[path.suffix](path, self._model)
        # compiled for one thread each and not in use, by the shapes of inputs
        self._idle: dict[tuple[Any, ...], list[Any]] = {}
        self._request = self._compile(self._shapes(None), threads).create_infer_request()
        self._of = self._shapes(None)

    def predict(self, inputs: Arrays) -> dict[str, Array]:
        """Answer all examples."""
        shapes = self._shapes([values[:1] for values in self._ports.stored(inputs)])
        idle, used = self._idle.setdefault(shapes, []), []

        def answering() -> Callable[[Arrays], Arrays]:
            try:
                compiled = idle.pop()
            except IndexError:
                compiled = self._compile(shapes, 1)
            used.append(compiled)
            request = compiled.create_infer_request()

            def answer(example: Arrays) -> Arrays:
                self._set(request, self._ports.stored(example))
                with self._inferring():
                    request.infer(share_outputs=True)
                return self._outputs(request)

            return answer

        answers = _ports.one_by_one(inputs, answering, machine.usable_cores())
        idle += used
        return answers

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """Set the inputs; return the request's own `infer`."""
        stored = self._ports.stored(inputs)
        shapes = self._shapes(stored)
        if shapes != self._of:
            self._request = self._compile(shapes, self._threads).create_infer_request()
            self._of = shapes
        self._set(self._request, stored)
        call = functools.partial(self._request.infer, share_outputs=True)
        with self._inferring():
            call()  # what it refuses, it refuses here, with the file's name
        return call

    def answer(self) -> dict[str, Array]:
        """The outputs of the last call."""
        return self._outputs(self._request)

    def close(self) -> None:
        """Drop the model and its requests."""
        del self._request, self._idle, self._model

    def _shapes(self, stored: Sequence[Array] | None) -> tuple[tuple[int, ...], ...]:
        """Shapes of the inputs at batch 1, as they are given or else as the file has them."""
        if stored is None:
            return tuple(port.shape for port in self._ports.inputs)
        return tuple(values.shape for values in stored)

    def _compile(self, shapes: tuple[tuple[int, ...], ...], threads: int) -> Any:
        """The model for inputs of these shapes, compiled anew.

        Raises:
            WeighinError: if it is refused, or OpenVINO would do otherwise than it is told.
        """
        wanted = {
            "INFERENCE_PRECISION_HINT": self._precision,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # threads stay where the process is allowed to run
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0,  # else floats become integers unasked
        }
        with _refusals(f"OpenVINO cannot open {self._path.name}"):
            model = self._model.clone()
            places = zip(self._ports.inputs, shapes, strict=True)
            model.reshape({port.place: list(shape) for port, shape in places})
            compiled = self._core.compile_model(model, "CPU", wanted)
        _refuse_otherwise(compiled, wanted)
        return compiled

    def _set(self, request: Any, stored: Sequence[Array]) -> None:
        """Copy what is stored into a request's tensors; states begin anew."""
        for state in request.query_state():
            state.reset()
        for port, values in zip(self._ports.inputs, stored, strict=True):
            request.get_input_tensor(port.place).data[...] = values

    def _outputs(self, request: Any) -> dict[str, Array]:
        return self._ports.real([tensor.data for tensor in request.output_tensors])

    def _inferring(self) -> Any:
        return _refusals(f"OpenVINO cannot run {self._path.name}")


@functools.cache
def _core() -> Any:
    """OpenVINO, imported and without its telemetry, which would send that it was imported.

    Raises:
        WeighinError: if it is installed and does not work.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    with packages.broken_told("openvino"):
        import openvino

        return openvino.Core()


class _refusals:  # noqa: N801 - a context manager, used as a function
    """What OpenVINO refuses, as one line."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, (RuntimeError, ValueError, TypeError, MemoryError)):
            raise WeighinError(f"{self._what}: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """The line of an error of OpenVINO's that says what is wrong, without where it was noticed."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_WRAPPING)]
    return (telling or lines or [type(error).__name__])[0]


def _refuse_otherwise(compiled: Any, wanted: Mapping[str, Any]) -> None:
    """Refuse a compiled model that will not compute as it was told."""
    precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    told = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": compiled.get_property("INFERENCE_NUM_THREADS"),
        "NUM_STREAMS": compiled.get_property("NUM_STREAMS"),
    }
    for name, value in told.items():
        if value != wanted[name]:
            raise WeighinError(
                f"OpenVINO was told {name}={wanted[name]}, and would run with {value}"
                + (
                    f": there are {machine.usable_cores()} cores"
                    if "THREADS" in name and value < wanted[name]
                    else ""
                )
            )


def _of_tflite(path: Path, model: Any) -> Ports:
    """As the file names and stores them; OpenVINO keeps its order."""
    ports = _ports.of_tflite(path)
    for given, side in ((model.inputs, ports.inputs), (model.outputs, ports.outputs)):
        if {port.place for port in side} != set(range(len(given))):
            raise WeighinError(f"OpenVINO sees other inputs or outputs in {path.name} than it has")
    return ports


def _of_onnx(path: Path, model: Any) -> Ports:
    """As the file names them, nothing quantized; OpenVINO keeps its order, but not every name.

    An input of a Dropout that does nothing gets its output's name, say.

    Raises:
        WeighinError: if OpenVINO has them in another order, or others.
    """
    graph = read_onnx(path)
    sides = (
        (list(graph.inputs_by_name()), model.inputs),
        (list(graph.outputs_by_name()), model.outputs),
    )
    for names, ports in sides:
        theirs = {name: place for place, port in enumerate(ports) for name in port.names}
        if len(names) != len(ports) or any(
            theirs.get(name, place) != place for place, name in enumerate(names)
        ):
            raise WeighinError(f"OpenVINO sees other inputs or outputs in {path.name} than it has")
    return Ports(*(_named(names, ports) for names, ports in sides))


def _named(names: Sequence[str], side: Sequence[Any]) -> tuple[Port, ...]:
    ports = []
    for place, (name, port) in enumerate(zip(names, side, strict=True)):
        sizes = list(port.partial_shape)
        shape = tuple(size.get_length() if size.is_static else 1 for size in sizes)
        unknown = frozenset(at for at, size in enumerate(sizes) if not size.is_static)
        details = {"dtype": np.dtype(port.element_type.to_dtype()), "quantization": (0.0, 0)}
        ports.append(Port(name, name, place, shape, unknown, details))
    return tuple(ports)


_READERS = {".tflite": _of_tflite, ".onnx": _of_onnx}
