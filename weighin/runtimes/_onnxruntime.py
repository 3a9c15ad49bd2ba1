"""ONNX Runtime's sessions: what a fresh process needs to answer, as `_litert` has it.

It imports NumPy alone, which onnxruntime imports too, and `named`; whatever else where it is used.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin import named

if TYPE_CHECKING:
    from weighin.named import Array, Arrays

BATCH = 50  # examples at once, where the file takes any number
TRIED = 8  # examples by which a batch is held against single answers
BATCH_BYTES = 2_000_000  # of inputs, or of outputs
_SILENT = 4  # log severity: what is wrong is raised, too
# Element types as a session names them → NumPy's; others cannot be fed
_DTYPES: Mapping[str, str] = {
    f"tensor({theirs})": ours
    for theirs, ours in {
        "float": "float32",
        "double": "float64",
        "float16": "float16",
        "bool": "bool",
        **{
            f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
        },
    }.items()
}


class OnnxRuntime:
    """.onnx files on the CPU, by ONNX Runtime with all its graph optimizations."""

    name = "onnxruntime"
    formats = ("onnx",)
    needs_tensorflow = False
    on_request = True
    packages = ("onnxruntime",)
    _optimized = True

    def available(self) -> str | None:
        """None if onnxruntime is installed."""
        from weighin import packages

        return packages.missing("onnxruntime")

    def call_overhead(self) -> Callable[[], Any]:
        """One operator on one number."""
        session = OnnxRuntimeSession(smallest_model(), 1)
        return session.inference({"x": np.ones((1, 1), np.float32)})

    def load(self) -> None:
        """Import the runtime."""
        import onnxruntime  # noqa: F401 — the import is what is wanted

    def open(self, path: Path, threads: int) -> OnnxRuntimeSession:
        """Load an .onnx file and prepare its graph.

        Raises:
            WeighinError: if the runtime refuses the file.
        """
        return OnnxRuntimeSession(path, threads, optimized=self._optimized)


class OnnxRuntimeSession:
    """One .onnx file, opened on the CPU alone."""

    delegated = None

    def __init__(self, file: Path | bytes, threads: int, *, optimized: bool = True) -> None:
        """Load a file or its bytes.

        Args:
            file: one that keeps nothing in other files.
            threads: of one operator; operators run one after the other.
            optimized: whether the graph is fused and rearranged first, as it is by default.

        Raises:
            WeighinError: if the runtime refuses the file, or it takes what is no tensor.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        levels = onnxruntime.GraphOptimizationLevel
        options.graph_optimization_level = (
            levels.ORT_ENABLE_ALL if optimized else levels.ORT_DISABLE_ALL
        )
        options.log_severity_level = _SILENT
        # Threads that wait for work by spinning take the cores from whatever is timed beside: of
        # two threads on two cores, ResNet-8 on LiteRT took 270 µs in turn with such a session
        # instead of 125, while this runtime took 145 instead of 166
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        called = "the file" if isinstance(file, bytes) else file.name
        try:
            self._native = onnxruntime.InferenceSession(
                file if isinstance(file, bytes) else str(file),
                options,
                providers=["CPUExecutionProvider"],
            )
        except Exception as error:  # its own errors are of many classes, made when it is imported
            raise _refusal(called, error) from error
        self._called = called
        self._inputs, self._outputs = self._native.get_inputs(), self._native.get_outputs()
        self._names = [each.name for each in self._outputs]
        unknown = [each for each in self._inputs if each.type not in _DTYPES]
        if unknown or not self._inputs:
            what = f"{unknown[0].name!r} of {unknown[0].type}" if unknown else "no inputs"
            raise _refused(called, f"it takes {what}")
        self._open_batch = all(not isinstance((e.shape or [1])[0], int) for e in self._inputs)
        self._binding = self._native.io_binding()
        self._held: list[Any] = []  # what is bound must live as long as it is

    def predict(self, inputs: Arrays) -> dict[str, Array]:
        """Answer all examples: in batches where the file takes any number, else one by one.

        One thread for each core takes the next batch: a session may be asked by several at once.
        """
        from concurrent.futures import ThreadPoolExecutor

        from weighin.targets.machine import usable_cores

        given = self._given(inputs)
        example = max(1, named.example_bytes(given))
        most = max(1, min(BATCH, BATCH_BYTES // example)) if self._open_batch else 1
        batch = most if most > 1 and self._answers_batches(given) else 1
        starts = range(0, named.count(given), batch)
        with ThreadPoolExecutor(max(1, min(usable_cores(), len(starts)))) as pool:
            parts = pool.map(
                lambda at: self._run(named.taken(given, slice(at, at + batch))), starts
            )
            return named.joined(list(parts))

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """Bind the inputs, and outputs that the runtime fills: the call converts nothing."""
        import onnxruntime

        given = self._given(inputs)
        binding = self._native.io_binding()
        self._held = [
            onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(values), "cpu", 0)
            for values in given.values()
        ]
        for name, value in zip(given, self._held, strict=True):
            binding.bind_ortvalue_input(name, value)
        for name in self._names:
            binding.bind_output(name, "cpu")
        self._binding = binding
        run = functools.partial(self._native.run_with_iobinding, binding)
        try:
            run()  # allocates the outputs, and says at once if the file does not take the inputs
        except Exception as error:
            raise _refusal(self._called, error) from error
        return run

    def answer(self) -> dict[str, Array]:
        """The outputs of the last call."""
        return _real(self._names, self._binding.copy_outputs_to_cpu())

    def close(self) -> None:
        """Drop the session."""
        del self._binding, self._native
        self._held = []

    def _answers_batches(self, given: Arrays) -> bool:
        """Whether examples are answered together just as one by one.

        Those of a dynamically quantized file are not: a batch has one range for all of it.
        """
        few = named.taken(given, slice(TRIED))
        together = self._run(few)
        alone = named.joined([self._run(each) for each in named.singly(few)])
        return all(_are_near(together[name], values) for name, values in alone.items())

    def _run(self, given: Arrays) -> dict[str, Array]:
        try:
            return _real(self._names, self._native.run(self._names, dict(given)))
        except Exception as error:
            raise _refusal(self._called, error) from error

    def _given(self, inputs: Arrays) -> dict[str, Array]:
        """Inputs by the file's names and of its types.

        Raises:
            WeighinError: if they are others, or of other shapes.
        """
        names = [each.name for each in self._inputs]
        if len(inputs) == len(names) == 1:  # whatever a file without telling names calls it
            inputs = dict(zip(names, inputs.values(), strict=True))
        if set(inputs) != set(names):
            raise _refused(
                self._called, f"it takes the inputs {', '.join(names)}, not {', '.join(inputs)}"
            )
        for each in self._inputs:
            values, shape = inputs[each.name], each.shape
            fits = values.ndim == len(shape) and all(
                size == given or not isinstance(size, int)
                for size, given in zip(shape[1:], values.shape[1:], strict=True)
            )
            if not fits:
                raise _refused(
                    self._called, f"it takes {each.name!r} of {shape}, not {[*values.shape]}"
                )
        return {
            each.name: inputs[each.name].astype(_DTYPES[each.type], copy=False)
            for each in self._inputs
        }


def smallest_model() -> bytes:
    """An .onnx file of one Relu on one float, 1×1, by the fields of its schema."""

    def part(number: int, content: bytes | str | int) -> bytes:
        if isinstance(content, int):
            return bytes([number << 3, content])
        raw = content.encode() if isinstance(content, str) else content
        return bytes([number << 3 | 2, len(raw)]) + raw

    def value(name: str) -> bytes:
        size = part(1, part(1, 1))  # TensorShapeProto.dim, Dimension.dim_value
        tensor = part(1, 1) + part(2, size + size)  # TypeProto.Tensor: elem_type, shape
        return part(1, name) + part(2, part(1, tensor))

    relu = part(1, "x") + part(2, "y") + part(4, "Relu")
    graph = part(1, relu) + part(2, "smallest") + part(11, value("x")) + part(12, value("y"))
    return part(1, 8) + part(7, graph) + part(8, part(2, 13))


def _are_near(values: Array, wanted: Array) -> bool:
    """Whether answers are the same but for rounding; whole numbers have none."""
    if values.shape != wanted.shape or wanted.dtype.kind != "f":
        return np.array_equal(values, wanted)
    return bool(np.all(np.abs(values - wanted) <= 1e-5 * float(np.ptp(wanted))))


def _real(names: list[str], outputs: list[Any]) -> dict[str, Array]:
    """Outputs by name; an .onnx file's integers stand for themselves."""
    plain = {"quantization": (0.0, 0)}
    return {
        name: named.real(np.asarray(values), plain)
        for name, values in zip(names, outputs, strict=True)
    }


def _refusal(called: str, error: Exception) -> Exception:
    """An error of the runtime's as one that names the file; its first line says most."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return _refused(called, lines[0][:300])


def _refused(called: str, reason: str) -> Exception:
    from weighin.core import WeighinError

    return WeighinError(f"ONNX Runtime cannot run {called}: {reason}")
