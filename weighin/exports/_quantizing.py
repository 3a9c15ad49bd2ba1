"""Float .tflite files quantized by litert-quantizer, without TensorFlow.

It asks more of a file than LiteRT does: operators by their newer field, names of tensors that
differ from each other, and a signature by which it is calibrated. Files of older converters lack
some of that; it is added while the file is worked on, and taken away again.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weighin.core import Array, Arrays, WeighinError
from weighin.exports import _recipes
from weighin.exports._quantized import check_finite
from weighin.exports._recipes import Entry
from weighin.formats.graph import Graph
from weighin.formats.tflite import parsed

THREADS = 1  # of calibration, whose sums depend on it
_KEY = "weighin"  # of the signature that is added


def quantized(
    content: bytes, entries: Sequence[Entry], calibration: Arrays, exceptions: str = _recipes.NONE
) -> bytes:
    """A float file, quantized by a recipe.

    Args:
        content: the file.
        entries: of the recipe.
        calibration: inputs by the names of the file's signature, else of its tensors, else in any
            one name where there is one input; each `(n, …)`. Looked at only if the recipe asks it.
        exceptions: layers that are left in another precision.

    Raises:
        WeighinError: if an exception names no layer, inputs are not finite, or litert-quantizer
            refuses the file; it says what it said.
    """
    from litert_quantizer import quantizer

    graph = parsed(content, "the float file")
    calibrates = _recipes.needs_calibration(entries)
    if calibrates:
        check_finite(calibration)
    file = _File.of(content, signed=calibrates)
    recipe = [*entries, *_for_layers(graph, file, entries, exceptions)]
    with _told():
        seen = _seen(file, recipe, _by_place(graph, calibration)) if calibrates else None
        worker = quantizer.Quantizer(file.content, recipe)
        made = worker.quantize(seen, enable_progress_report=False).quantized_model
    return file.restored(bytes(made or b""))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What litert-quantizer raises, as an error that names it; what it prints is left out."""
    try:
        out, chatter = io.StringIO(), warnings.catch_warnings()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), chatter:
            warnings.filterwarnings("ignore", "Warning: Enabling `experimental_preserve_all")
            yield
    except (ValueError, RuntimeError, KeyError, IndexError, NotImplementedError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        blocks = "divisible by block size" in reason[0]
        way_out = " Leave such layers out: except=NAME|NAME, or take channels." if blocks else ""
        raise WeighinError(
            f"{_recipes.called()} refuses the file: {reason[0][:300]}{way_out}"
        ) from error


def _for_layers(
    graph: Graph, file: _File, entries: Sequence[Entry], exceptions: str
) -> list[Entry]:
    """Entries for the layers that are left in another precision."""
    from litert_quantizer import qtyping
    from litert_quantizer.utils import tfl_flatbuffer_utils as known

    made = []
    for operator, precision in _recipes.excepted(graph, exceptions):
        code = getattr(qtyping.BuiltinOperator, operator.name, None)
        if code not in known.TFL_OP_CODE_TO_NAME:
            continue  # what it does not know it leaves alone
        kind, scope = known.TFL_OP_CODE_TO_NAME[code], file.scope(operator.outputs)
        made.append(_recipes.for_layer(entries, kind, scope, precision))
    return made


def _seen(file: _File, recipe: Sequence[Entry], inputs: Sequence[Array]) -> dict[str, Any]:
    """What calibration sees of each tensor, one example after the other."""
    from litert_quantizer import calibrator, recipe_manager

    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(list(recipe))
    feeds = [
        {name: values[at : at + 1] for name, values in zip(file.inputs, inputs, strict=True)}
        for at in range(len(inputs[0]))
    ]
    worker = calibrator.Calibrator(file.content, num_threads=THREADS)
    worker.calibrate({file.key: feeds}, manager)
    return dict(worker.get_model_qsvs())


def _by_place(graph: Graph, calibration: Arrays) -> list[Array]:
    """The inputs in the order of the file's, of the types that it takes."""
    numbers = graph.inputs_by_name()
    if len(numbers) == len(calibration) == 1:
        by_number = {next(iter(numbers.values())): next(iter(calibration.values()))}
    else:
        by_number = {number: calibration[name] for name, number in numbers.items()}
    return [
        by_number[number].astype(np.dtype(graph.tensors[number].dtype.lower()), copy=False)
        for number in graph.inputs
    ]


@dataclass
class _File:
    """A float file with all that litert-quantizer asks for, and what was added to it.

    Attributes:
        content: the file.
        names: of all tensors, the first subgraph's first.
        own: what a tensor was called before, by the name that it was given.
        key: of the signature of its first subgraph; empty where none is asked for.
        inputs: the signature's names of that subgraph's inputs, in their order.
        is_signed: whether that signature was added.
    """

    content: bytes
    names: list[str]
    own: dict[bytes, bytes | None]
    key: str = ""
    inputs: Sequence[str] = ()
    is_signed: bool = False

    @classmethod
    def of(cls, content: bytes, *, signed: bool) -> _File:
        """Add what is missing; a file that lacks nothing stays as it is.

        Args:
            content: the file.
            signed: whether a signature is asked for.
        """
        schema, model = _unpacked(content)
        is_old = False
        for code in model.operatorCodes or ():
            is_old |= code.builtinCode < code.deprecatedBuiltinCode
            code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
        own = _told_apart(model)
        names = [_text(tensor.name) for graph in model.subgraphs for tensor in graph.tensors]
        file = cls(content, names, own)
        if signed:
            file._sign(schema, model)
        if is_old or own or file.is_signed:
            file.content = _packed(model)
        return file

    def _sign(self, schema: Any, model: Any) -> None:
        """Find the first subgraph's signature, or add one."""
        graph, known = model.subgraphs[0], model.signatureDefs or ()
        signature = next((each for each in known if _is_whole(each, graph)), None)
        self.is_signed = signature is None
        if signature is None:
            signature = _signature(schema, graph)
            model.signatureDefs = [*known, signature]
        by_number = {port.tensorIndex: _text(port.name) for port in signature.inputs}
        self.key = _text(signature.signatureKey)
        self.inputs = [by_number[number] for number in graph.inputs]

    def scope(self, outputs: Sequence[int]) -> str:
        """By what litert-quantizer finds an operator: the names of its outputs."""
        return "".join(f"{self.names[number]};" for number in outputs if number >= 0)

    def restored(self, content: bytes) -> bytes:
        """A file that was made of this one, without what was added."""
        if not self.is_signed and not self.own:
            return content
        _, model = _unpacked(content)
        for graph in model.subgraphs:
            for tensor in graph.tensors:
                tensor.name = self.own.get(tensor.name, tensor.name)
        if self.is_signed:
            others = [each for each in model.signatureDefs if _text(each.signatureKey) != _KEY]
            model.signatureDefs = others or None
        return _packed(model)


def _unpacked(content: bytes) -> tuple[Any, Any]:
    """The schema, and the model with all its buffers inside."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for buffer in model.buffers:
        if buffer.offset > 1:  # kept behind the FlatBuffer
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    for operator in (each for graph in model.subgraphs for each in graph.operators or ()):
        start, size = operator.largeCustomOptionsOffset, operator.largeCustomOptionsSize
        if start > 1:
            operator.customOptions = np.frombuffer(content, np.uint8, size, start)
            operator.largeCustomOptionsOffset = operator.largeCustomOptionsSize = 0
    return schema, model


def _told_apart(model: Any) -> dict[bytes, bytes | None]:
    """Give every tensor a name of its own; what those that had none were called, by the new one."""
    taken = {tensor.name for graph in model.subgraphs for tensor in graph.tensors}
    seen: set[bytes] = set()
    own: dict[bytes, bytes | None] = {}
    for at, graph in enumerate(model.subgraphs):
        for number, tensor in enumerate(graph.tensors):
            if not tensor.name or tensor.name in seen:
                wanted = b"%s#%d.%d" % (tensor.name or b"", at, number)
                while wanted in taken:
                    wanted += b"#"
                own[wanted], tensor.name = tensor.name, wanted
            seen.add(tensor.name)
            taken.add(tensor.name)
    return own


def _is_whole(signature: Any, graph: Any) -> bool:
    """Whether a signature names all inputs and outputs of the first subgraph."""
    ends = [{port.tensorIndex for port in side} for side in (signature.inputs, signature.outputs)]
    wanted = [set(map(int, side)) for side in (graph.inputs, graph.outputs)]
    return not signature.subgraphIndex and ends == wanted


def _signature(schema: Any, graph: Any) -> Any:
    """A signature of a subgraph, inputs and outputs by their places."""
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = _KEY.encode(), 0
    for side, numbers in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        ports = []
        for place, number in enumerate(numbers):
            port = schema.TensorMapT()
            port.name, port.tensorIndex = f"{side}{place}".encode(), int(number)
            ports.append(port)
        setattr(signature, side, ports)
    return signature


def _packed(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _text(raw: Any) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw or "")
