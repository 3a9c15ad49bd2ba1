"""LiteRT's runtimes, sessions and reference kernels: what a fresh process needs to answer.

It imports NumPy alone, which ai-edge-litert imports too, and `named`, which does likewise; whatever
else where it is used: fresh processes start for every row, and would spend half of their time on
the rest of weighin.
Run as a program, it answers the examples on standard input by a set of kernels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin import named

if TYPE_CHECKING:
    from weighin.named import Array, Arrays

_REFUSALS = (ValueError, RuntimeError, IndexError, KeyError, TypeError, OverflowError, MemoryError)
REFERENCE, OPTIMIZED = "BUILTIN_REF", "BUILTIN_WITHOUT_DEFAULT_DELEGATES"  # kernels
BATCH = 50  # large enough that the fixed cost of a call is shared, small enough for the cache
TRIED = 8  # examples by which a resized file is held against itself
BATCH_BYTES = 2_000_000  # of inputs, or of outputs: what lies between is tens of times as large


class LiteRT:
    """.tflite files on the CPU, by ai-edge-litert with its default XNNPACK delegate."""

    name = "litert"
    formats = ("tflite",)
    needs_tensorflow = False
    on_request = False
    packages = ("ai-edge-litert",)
    litert_kernels = True
    _resolver = "AUTO"

    def available(self) -> str | None:
        """None if ai-edge-litert is installed."""
        from weighin import packages

        return packages.missing("ai-edge-litert")

    def call_overhead(self) -> Callable[[], Any]:
        """One operator on one number."""
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        interpreter = Interpreter(
            model_content=smallest_model(),
            num_threads=1,
            experimental_op_resolver_type=OpResolverType[self._resolver],
        )
        interpreter.allocate_tensors()
        invoke: Callable[[], Any] = interpreter.invoke
        return invoke

    def load(self) -> None:
        """Import the interpreter."""
        import ai_edge_litert.interpreter  # noqa: F401 — the import is what is wanted

    def open(self, path: Path, threads: int) -> LiteRTSession:
        """Load a .tflite file and allocate its tensors.

        Raises:
            WeighinError: if the interpreter refuses the file.
        """
        return LiteRTSession(path, threads, self._resolver)


class LiteRTBuiltin(LiteRT):
    """.tflite files on the CPU, by LiteRT's own optimized kernels without any delegate."""

    name = "litert-builtin"
    on_request = True
    _resolver = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"


class LiteRTSession:
    """One .tflite file, opened."""

    def __init__(self, path: Path, threads: int, resolver: str = "AUTO") -> None:
        """Load and allocate at batch 1, with one of LiteRT's sets of kernels (`OpResolverType`)."""
        self._path = path
        self._resolver = resolver
        self._one = _Interpreter(path, threads, resolver)
        self._spare: list[_Interpreter] = []  # that no thread uses just now
        # an open batch says that it does, but a shape inside may be fixed all the same
        self._answers_batches: bool | None = None

    @property
    def delegated(self) -> tuple[int, int] | None:
        """How many operators XNNPACK runs, and how many there are."""
        return self._one.delegated

    @property
    def left_out(self) -> tuple[int, ...] | None:
        """The file's operators that XNNPACK does not run, by their place in it."""
        return self._one.left_out

    def predict(self, inputs: Arrays) -> dict[str, Array]:
        """Answer all examples, batched, by one interpreter per core side by side.

        `invoke()` releases Python's lock. Side by side beats more threads inside one
        interpreter, whose operators are too small to share. Each thread takes the next batch when
        it is done with its last; their interpreters are kept for the next call.
        """
        from concurrent.futures import ThreadPoolExecutor

        from weighin.targets.machine import usable_cores

        batch = self._batch(inputs)
        starts = range(0, named.count(inputs), batch)
        waiting = iter(starts)  # shared: whichever thread asks next gets the next one
        answers: dict[int, dict[str, Array]] = {}

        def answer_batches() -> None:
            interpreter = self._take()
            for at in waiting:
                answers[at] = interpreter.answer(named.taken(inputs, slice(at, at + batch)))
            self._spare.append(interpreter)

        threads = max(1, min(usable_cores(), len(starts)))
        with ThreadPoolExecutor(threads) as pool:
            for running in [pool.submit(answer_batches) for _ in range(threads)]:
                running.result()
        return named.joined([answers[at] for at in starts])

    def inference(self, inputs: Arrays) -> Callable[[], Any]:
        """Set the inputs; return the interpreter's own `invoke`."""
        self._one.set(inputs)
        invoke: Callable[[], Any] = self._one.invoke
        return invoke

    def answer(self) -> dict[str, Array]:
        """The outputs of the last `invoke`."""
        return self._one.get()

    def close(self) -> None:
        """Drop the interpreters."""
        del self._one, self._spare

    def _batch(self, inputs: Arrays) -> int:
        """How many examples an interpreter answers at once."""
        example = max(1, named.example_bytes(inputs))
        most = max(1, min(BATCH, BATCH_BYTES // max(example, self._one.output_bytes)))
        if self._answers_batches is None and most > 1 and named.count(inputs) > 1:
            self._answers_batches = not self._one.has_custom and self._is_resizable(
                named.taken(inputs, slice(0, min(TRIED, most)))
            )
        return most if self._answers_batches else 1

    def _is_resizable(self, inputs: Arrays) -> bool:
        """Whether a file of batch 1, resized to a batch, answers it just as one by one.

        Files of convolutions do, those that compute shapes or remember states refuse or would
        answer something else.
        """
        from weighin.subprocesses import native_output_hidden

        interpreter = self._take()
        alone = interpreter.one_by_one(inputs)
        self._spare.append(interpreter)
        resized = _Interpreter(self._path, 1, self._resolver)
        try:
            with native_output_hidden(shown_on_failure=False):
                together = resized.answer(inputs)
        except _REFUSALS:
            return False
        same = all(
            together[name].shape == values.shape and resized.are_near(name, together[name], values)
            for name, values in alone.items()
        )
        if same:
            self._spare.append(resized)
        return same

    def _take(self) -> _Interpreter:
        try:
            return self._spare.pop()
        except IndexError:
            return _Interpreter(self._path, 1, self._resolver)


def smallest_model() -> bytes:
    """A .tflite file of one ReLU on one float, 1×1."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    def tensor(name: str) -> Any:
        made = schema.TensorT()
        made.name, made.shape, made.buffer, made.type = name, [1, 1], 0, schema.TensorType.FLOAT32
        return made

    relu, operator = schema.OperatorCodeT(), schema.OperatorT()
    relu.builtinCode = relu.deprecatedBuiltinCode = schema.BuiltinOperator.RELU
    relu.version = 1
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0], [1]
    graph, model = schema.SubGraphT(), schema.ModelT()
    graph.tensors, graph.operators = [tensor("in"), tensor("out")], [operator]
    graph.inputs, graph.outputs = [0], [1]
    model.version, model.subgraphs = 3, [graph]
    model.operatorCodes, model.buffers = [relu], [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def reference(
    path: Path, inputs: Arrays, kernels: str = REFERENCE, *, keep_tensors: bool = False
) -> dict[str, Array]:
    """A .tflite file's outputs by LiteRT's reference kernels: plain loops, no delegate.

    Args:
        path: the file.
        inputs: by name, each `(n, …)`; answered one by one.
        kernels: `OPTIMIZED` takes the built-in optimized kernels, without a delegate too.
        keep_tensors: whether every tensor has memory of its own, so that none can be overwritten.

    Raises:
        WeighinError: if the interpreter refuses the file.
    """
    return _Interpreter(path, 1, kernels, keep_tensors=keep_tensors).one_by_one(inputs)


class _Interpreter:
    """An interpreter whose inputs and outputs are real values by name."""

    def __init__(
        self, path: Path, threads: int, resolver: str, *, keep_tensors: bool = False
    ) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        try:
            self._native = Interpreter(
                model_path=str(path),
                num_threads=threads,
                experimental_op_resolver_type=OpResolverType[resolver],
                experimental_preserve_all_tensors=keep_tensors,
            )
            self._native.allocate_tensors()
            self._inputs, self._outputs = _by_name(self._native)
            if not self._inputs:
                raise ValueError("it has no inputs")
            self._shapes = {
                name: tuple(map(int, entry["shape"])) for name, entry in self._inputs.items()
            }
            self.output_bytes = sum(  # of one example, as real values
                4 * int(np.prod(entry["shape"], dtype=np.int64)) for entry in self._outputs.values()
            )
            self.open_batch = all(
                len(entry["shape_signature"]) and int(entry["shape_signature"][0]) == -1
                for entry in self._inputs.values()
            )
        except _REFUSALS as error:
            from weighin.core import WeighinError

            raise WeighinError(f"LiteRT cannot open {path.name}: {_refusal(error)}") from error
        self.invoke = self._native.invoke

    @property
    def delegated(self) -> tuple[int, int] | None:
        """How many operators run in a delegate, and how many there are; None if unknown."""
        nodes = self._by_delegation()
        return None if nodes is None else (len(nodes[0]), sum(map(len, nodes)))

    @property
    def left_out(self) -> tuple[int, ...] | None:
        """The operators that run in no delegate, by their place in the file; None if unknown."""
        nodes = self._by_delegation()
        return None if nodes is None else tuple(sorted(nodes[1]))

    @property
    def has_custom(self) -> bool:
        """Whether operators of it are none of the schema's, or that is not known.

        Such kernels may write past what a resized file has for them, and end the process then:
        `aeq.hadamard_rotation` of ai-edge-litert 2.3.0 does.
        """
        from ai_edge_litert import schema_py_generated as schema

        try:
            names = {node["op_name"] for node in self._native._get_ops_details()}
        except AttributeError:  # as below
            return True
        return bool(names - {"DELEGATE", *vars(schema.BuiltinOperator)})

    def _by_delegation(self) -> tuple[set[int], set[int]] | None:
        """The operators that a delegate took over, and those that it left out.

        The interpreter lists all operators and then its delegates' nodes; what a delegate took
        over lies between its outputs and its inputs.
        """
        try:
            nodes = self._native._get_ops_details()
        except AttributeError:  # not a public method: a later LiteRT may lack it
            return None
        own = [node for node in nodes if node["op_name"] != "DELEGATE"]
        # -1 is a tensor that is left out: of a loop's outputs, and of inputs without a bias
        makers = {int(n): node for node in own for n in node["outputs"] if int(n) >= 0}
        taken: set[int] = set()
        for delegate in (node for node in nodes if node["op_name"] == "DELEGATE"):
            given = {int(number) for number in delegate["inputs"]}
            wanted = [int(number) for number in delegate["outputs"]]
            while wanted:
                node = makers.get(wanted.pop())
                if node is not None and node["index"] not in taken:
                    taken.add(node["index"])
                    wanted += [int(n) for n in node["inputs"] if int(n) not in given]
        return taken, {node["index"] for node in own} - taken

    def set(self, inputs: Arrays) -> None:
        """Put examples in, quantized as the file says; nothing is remembered of earlier ones."""
        if len(inputs) == len(self._inputs) == 1:  # whatever a file without names calls it
            inputs = dict(zip(self._inputs, inputs.values(), strict=True))
        if set(inputs) != set(self._inputs):
            from weighin.core import WeighinError

            names = [name or "one without a name" for name in self._inputs]
            raise WeighinError(
                f"the file takes the inputs {', '.join(names)}, not {', '.join(inputs)}"
            )
        for name, entry in self._inputs.items():
            _check_shape(name, entry, inputs[name])
        shapes = {name: tuple(inputs[name].shape) for name in self._inputs}
        if shapes != self._shapes:  # other examples in number, or in an open size
            for name, entry in self._inputs.items():
                self._native.resize_tensor_input(
                    entry["index"], shapes[name], strict=self.open_batch
                )
            self._native.allocate_tensors()
            self._shapes = shapes
        self._native.reset_all_variables()
        for name, entry in self._inputs.items():
            self._native.set_tensor(entry["index"], named.stored(inputs[name], entry))

    def answer(self, inputs: Arrays) -> dict[str, Array]:
        """The outputs of examples, answered together."""
        self.set(inputs)
        self.invoke()
        return self.get()

    def one_by_one(self, inputs: Arrays) -> dict[str, Array]:
        """The outputs of examples, each answered by itself."""
        return named.joined(
            [
                self.answer(named.taken(inputs, slice(at, at + 1)))
                for at in range(named.count(inputs))
            ]
        )

    def are_near(self, name: str, values: Array, wanted: Array) -> bool:
        """Whether an output is the same but for rounding; whole numbers have none."""
        if not np.issubdtype(self._outputs[name]["dtype"], np.floating):
            return np.array_equal(values, wanted)
        return bool(np.all(np.abs(values - wanted) <= 1e-5 * float(np.ptp(wanted))))

    def get(self) -> dict[str, Array]:
        """Take outputs out, as the real values that the file's scales give them."""
        return {
            name: named.real(self._native.get_tensor(entry["index"]), entry)
            for name, entry in self._outputs.items()
        }


def _by_name(native: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Details of inputs and outputs by the names of the file's first signature, or of tensors."""
    inputs, outputs = native.get_input_details(), native.get_output_details()
    signatures = native.get_signature_list()
    if not signatures:
        return _by_tensor(inputs), _by_tensor(outputs)
    runner = native.get_signature_runner(next(iter(signatures)))
    by_index = {entry["index"]: entry for entry in (*inputs, *outputs)}
    taken, given = (
        {name: by_index[details["index"]] for name, details in side.items()}
        for side in (runner.get_input_details(), runner.get_output_details())
    )
    return taken, given


def _by_tensor(entries: Sequence[Any]) -> dict[str, Any]:
    """Details by the tensors' names; where these are not told apart, by their places."""
    names = named.told_apart([entry["name"] for entry in entries])
    return dict(zip(names, entries, strict=True))


def _check_shape(name: str, entry: Any, values: Array) -> None:
    signature = entry["shape_signature"]
    if values.ndim != len(signature) or not all(
        wanted in (-1, given) for wanted, given in zip(signature[1:], values.shape[1:], strict=True)
    ):
        from weighin.core import WeighinError

        raise WeighinError(
            f"the file takes inputs of {signature.tolist()} as {name!r}, not {[*values.shape]}"
        )


def _refusal(error: Exception) -> str:
    """Why a file was refused; the way out where only the delegate refuses it."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if "TfLiteXNNPackDelegate" not in first:  # as it does sparse int8 kernels
        return first
    what = first.split("Node number")[0]
    return (
        f"XNNPACK refuses it ({what}); LiteRT's own kernels may not: "
        f"--weighin-runtimes litert-builtin"
    )


def _main() -> None:
    """Answer the examples on standard input, an .npz, on standard output as .npz."""
    import io

    from weighin.core import WeighinError

    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as archive:
        inputs = dict(archive)
    outputs = io.BytesIO()
    try:
        path, kernels, *more = sys.argv[1:]
        answers = reference(Path(path), inputs, kernels, keep_tensors="keep-tensors" in more)
        np.savez(outputs, **answers)  # type: ignore[arg-type]  # none is called `allow_pickle`
    except WeighinError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(outputs.getvalue())


if __name__ == "__main__":
    _main()
