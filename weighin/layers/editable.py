"""A .tflite file taken apart, to be changed and put together again."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from weighin.core import WeighinError
from weighin.formats.tflite import DAMAGE

UNPACKING = ("DEQUANTIZE", "DENSIFY")  # what constants pass on their way to an operator


class Editable:
    """The first subgraph of a .tflite file, to be changed.

    Attributes:
        model: of LiteRT's schema, unpacked.
        graph: its first subgraph.
    """

    def __init__(self, content: bytes, called: str) -> None:
        """Unpack a file that `read_tflite` has found sound.

        Args:
            content: its bytes.
            called: the file, in messages.

        Raises:
            WeighinError: if it cannot be taken apart.
        """
        from ai_edge_litert import schema_py_generated as schema

        self.schema = schema
        try:
            self.model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
            self.graph = self.model.subgraphs[0]
        except DAMAGE as error:
            raise WeighinError(
                f"{called} cannot be taken apart ({type(error).__name__}: {error}): convert the "
                f"model again."
            ) from error
        if any(buffer.offset > 1 for buffer in self.model.buffers):
            raise WeighinError(
                f"{called} keeps constants behind its FlatBuffer, as files of over 2 GB do: its "
                f"layers cannot be taken apart."
            )

    def packed(self) -> bytes:
        """The bytes of a file."""
        return _packed(self.model)

    def part(
        self, operators: Sequence[Any], inputs: Sequence[int], outputs: Sequence[int]
    ) -> bytes:
        """A file of some of the operators, with the constants that they use.

        Tensors keep their numbers; this file stays as it is.
        """
        graph = copy.copy(self.graph)
        graph.operators, graph.inputs, graph.outputs = list(operators), list(inputs), list(outputs)
        used = {n for each in operators for n in (*numbers_of(each.inputs), *each.outputs)}
        kept = {self.graph.tensors[number].buffer for number in used}
        others = self.model.subgraphs[1:]  # bodies of loops, which an operator may call
        kept |= {tensor.buffer for other in others for tensor in other.tensors}
        model = copy.copy(self.model)
        model.subgraphs = [graph, *others]
        model.buffers = [
            buffer if place in kept else self.schema.BufferT()
            for place, buffer in enumerate(self.model.buffers)
        ]
        model.signatureDefs = [s for s in model.signatureDefs or [] if s.subgraphIndex != 0]
        model.metadata = []
        return _packed(model)

    def kind(self, operator: Any) -> tuple[int, str, int]:
        """Number, custom code and version of an operator."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        custom = code.customCode or b""
        name = custom.decode(errors="replace") if isinstance(custom, bytes) else str(custom)
        return number, name, code.version

    def activation(self, place: int) -> int:
        """The activation function that is part of an operator; 0 for none."""
        options = self.graph.operators[place].builtinOptions
        return int(getattr(options, "fusedActivationFunction", 0))

    def is_constant(self, number: int) -> bool:
        """Whether a tensor's values stand in the file."""
        tensor = self.graph.tensors[number]
        data = self.model.buffers[tensor.buffer].data
        return (data is not None and len(data) > 0) or tensor.sparsity is not None

    def makers(self) -> dict[int, Any]:
        """By a tensor's number, the operator that makes it."""
        return {int(made): each for each in self.graph.operators for made in each.outputs}

    def unpacking(self, place: int) -> list[Any]:
        """The operators that unpack constants for an operator, the first to run first."""
        makers = self.makers()
        chain: list[Any] = []
        wanted = [int(number) for number in numbers_of(self.graph.operators[place].inputs)]
        while wanted:
            number = wanted.pop()
            maker = makers.get(number)
            if maker is None or maker in chain or not self._unpacks(maker, makers):
                continue
            chain.insert(0, maker)
            wanted += [int(each) for each in numbers_of(maker.inputs)]
        return chain

    def _unpacks(self, operator: Any, makers: dict[int, Any]) -> bool:
        """Whether an operator is given constants alone, and only says what they stand for."""
        known = {getattr(self.schema.BuiltinOperator, name) for name in UNPACKING}
        for _ in range(len(self.graph.operators)):
            number = int(operator.inputs[0])
            if self.kind(operator)[0] not in known:
                return False
            if self.is_constant(number):
                return True
            operator = makers.get(number)
            if operator is None:
                return False
        return False

    def add_tensor(self, tensor: Any) -> int:
        """Add a tensor; its number."""
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def add_constant(self, tensor: Any, buffer: Any) -> int:
        """Add a constant of another file; its number."""
        self.model.buffers.append(copy.copy(buffer))
        added = copy.copy(tensor)
        added.buffer = len(self.model.buffers) - 1
        return self.add_tensor(added)

    def add_computed(self, tensor: Any) -> int:
        """Add a tensor like one of another file, whose values are computed; its number."""
        added = copy.copy(tensor)
        added.buffer = 0
        return self.add_tensor(added)

    def code(self, other: Editable, operator: Any) -> int:
        """The place among this file's codes of another file's operator; added if need be."""
        wanted = other.kind(operator)
        for place, code in enumerate(self.model.operatorCodes):
            number = max(code.builtinCode, code.deprecatedBuiltinCode)
            if (number, code.version) == (wanted[0], wanted[2]) and not wanted[1]:
                return place
        self.model.operatorCodes.append(copy.copy(other.model.operatorCodes[operator.opcodeIndex]))
        return len(self.model.operatorCodes) - 1


def _packed(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def numbers_of(tensors: Any) -> list[int]:
    """Numbers of tensors, without those that are left out."""
    return [int(number) for number in (() if tensors is None else tensors) if int(number) >= 0]
