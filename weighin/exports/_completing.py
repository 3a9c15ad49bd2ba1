"""Files of older converters, with all that litert-quantizer asks of one.

It asks more of a file than LiteRT does: operators by their newer field, names of tensors that
differ from each other, and a signature by which it is calibrated. What is missing is added while
the file is worked on, and taken away again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_KEY = "weighin"  # of the signature that is added


@dataclass
class Completed:
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
    def of(cls, content: bytes, *, signed: bool) -> Completed:
        """Add what is missing; a file that lacks nothing stays as it is.

        Args:
            content: the file.
            signed: whether a signature is asked for.
        """
        schema, model = unpacked(content)
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
            file.content = packed(model)
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
        _, model = unpacked(content)
        for graph in model.subgraphs:
            for tensor in graph.tensors:
                tensor.name = self.own.get(tensor.name, tensor.name)
        if self.is_signed:
            others = [each for each in model.signatureDefs if _text(each.signatureKey) != _KEY]
            model.signatureDefs = others or None
        return packed(model)


def unpacked(content: bytes) -> tuple[Any, Any]:
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


def kinds(schema: Any, model: Any) -> list[str]:
    """What the schema calls each kind of operator that a model names, in the order of its table."""
    names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
    codes = (max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes)
    return [str(names.get(code, "")) for code in codes]


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
    sides = (signature.inputs or (), signature.outputs or ())
    ends = [{port.tensorIndex for port in side} for side in sides]
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


def packed(model: Any) -> bytes:
    """The file of a model."""
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _text(raw: Any) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw or "")
