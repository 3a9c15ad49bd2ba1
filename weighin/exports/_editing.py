"""A .tflite file taken apart, so that its constants can be changed and put in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.exports import _four_bits, compact
from weighin.exports._channels import Channels, Operator, permuted
from weighin.exports._orders import Orders
from weighin.formats.tensor import decoded

_STORED: dict[int, type[np.generic]] = {
    **{0: np.float32, 2: np.int32, 4: np.int64, 7: np.int16, 9: np.int8},  # type → values
    _four_bits.TYPE: np.int8,
}


class Editable:
    """A compact file, its constants by number.

    Attributes:
        model: the file, by the schema's own classes.
        constants: values of the first subgraph's constants in their shapes, those that this
            module can write back. To be changed in place.
    """

    def __init__(self, content: bytes) -> None:
        """Read a file of less than 2 GB, its buffers inside the FlatBuffer."""
        from ai_edge_litert import schema_py_generated as schema

        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        compact.strip(self.model)
        self._names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
        self._new_buffer = schema.BufferT
        self._whole = [buffer.data for buffer in self.model.buffers]
        self._stored_in = [
            [tensor.buffer for tensor in graph.tensors] for graph in self.model.subgraphs
        ]
        self.constants = {
            number: values
            for number, tensor in enumerate(self.tensors)
            if (values := self._values(tensor)) is not None
        }
        self._scales = {number: self._quantization(number) for number in self.constants}

    @property
    def tensors(self) -> list[Any]:
        """The first subgraph's tensors, by the schema's own class."""
        tensors: list[Any] = self.model.subgraphs[0].tensors
        return tensors

    @property
    def operators(self) -> list[Operator]:
        """The first subgraph's operators."""
        return [self._operator(each) for each in self.model.subgraphs[0].operators]

    @property
    def ends(self) -> list[int]:
        """What must keep its order: inputs, outputs, variables; all there is beside more graphs."""
        graph = self.model.subgraphs[0]
        if len(self.model.subgraphs) > 1:
            return list(range(len(graph.tensors)))
        variables = [n for n, tensor in enumerate(graph.tensors) if tensor.isVariable]
        return [*map(int, graph.inputs), *map(int, graph.outputs), *variables]

    def drop_reshapes(self) -> int:
        """Let dense layers read what a reshape hands them, as they flatten it themselves.

        Returns:
            How many operators went.
        """
        operators = self.model.subgraphs[0].operators
        gone = []
        for operator, seen in zip(operators, self.operators, strict=True):
            if seen.name != "RESHAPE" or any(n not in self.constants for n in seen.inputs[1:]):
                continue
            (made,) = seen.outputs
            both = zip(operators, self.operators, strict=True)
            takers = [(taker, read) for taker, read in both if made in read.inputs]
            if made in self.ends or not all(_flattens(t, made) for _, t in takers):
                continue
            for taker, read in takers:
                taker.inputs = [seen.inputs[0], *read.inputs[1:]]
            gone.append(operator)
        self.model.subgraphs[0].operators = [o for o in operators if not any(o is g for g in gone)]
        if gone:
            self._drop_unused()
        return len(gone)

    def file(self, groups: Sequence[Channels] = (), orders: Orders = ()) -> bytes:
        """The file with its constants as they are now, groups of channels in these orders."""
        values, scales = dict(self.constants), dict(self._scales)
        for group, order in zip(groups, orders, strict=True):
            for axis in group.axes:
                values[axis.tensor] = permuted(values[axis.tensor], axis, order)
                quantization = self.tensors[axis.tensor].quantization
                if quantization is not None and quantization.quantizedDimension == axis.axis:
                    scales[axis.tensor] = tuple(
                        part if part is None or len(part) == 1 else part[order]
                        for part in scales[axis.tensor]
                    )
        self._write(values, scales)
        return compact.packed(self.model)

    def _write(self, values: dict[int, Any], scales: dict[int, Any]) -> None:
        buffers = list(self._whole)
        for graph, stored_in in zip(self.model.subgraphs, self._stored_in, strict=True):
            for tensor, number in zip(graph.tensors, stored_in, strict=True):
                tensor.buffer = number
        for number, tensor in enumerate(self.tensors):
            if number in values:
                tensor.buffer = len(buffers)
                buffers.append(_stored(values[number], tensor.type))
                if tensor.quantization is not None:
                    tensor.quantization.scale, tensor.quantization.zeroPoint = scales[number]
        self.model.buffers = [self._new_buffer() for _ in buffers]
        for buffer, data in zip(self.model.buffers, buffers, strict=True):
            buffer.data = data

    def _values(self, tensor: Any) -> npt.NDArray[Any] | None:
        """A constant's values; None where it is none, or of a kind that is left alone."""
        data = self._whole[tensor.buffer]
        if data is None or not len(data) or tensor.type not in _STORED or tensor.isVariable:
            return None
        if tensor.sparsity is not None or tensor.shape is None:
            return None
        raw = np.frombuffer(bytes(data), np.uint8)
        if tensor.type == _four_bits.TYPE:
            values: npt.NDArray[Any] = decoded(raw, "INT4")[: int(np.prod(tensor.shape))]
        else:
            values = raw.view(_STORED[tensor.type])
        return np.array(values.reshape(tensor.shape))

    def _quantization(self, number: int) -> tuple[Any, Any]:
        quantization = self.tensors[number].quantization
        if quantization is None:
            return None, None
        scale, zero_point = (
            None if part is None else np.asarray(part)
            for part in (quantization.scale, quantization.zeroPoint)
        )
        return scale, zero_point

    def _operator(self, operator: Any) -> Operator:
        code = self.model.operatorCodes[operator.opcodeIndex]
        name = self._names.get(max(code.builtinCode, code.deprecatedBuiltinCode), "")
        inputs, outputs = (
            tuple(map(int, numbers)) for numbers in (operator.inputs, operator.outputs)
        )
        return Operator(name, inputs, outputs, operator.builtinOptions)

    def _drop_unused(self) -> None:
        """Leave out tensors and kinds of operators that nothing names any longer."""
        graph = self.model.subgraphs[0]
        named = {int(n) for o in graph.operators for n in (*o.inputs, *o.outputs)}
        kept = sorted((named | set(self.ends)) - {-1})
        place = {number: at for at, number in enumerate(kept)} | {-1: -1}
        graph.tensors = [graph.tensors[number] for number in kept]
        self._stored_in[0] = [self._stored_in[0][number] for number in kept]
        self.constants = {place[n]: v for n, v in self.constants.items() if n in place}
        self._scales = {place[n]: v for n, v in self._scales.items() if n in place}
        for operator in graph.operators:
            operator.inputs = [place[int(number)] for number in operator.inputs]
            operator.outputs = [place[int(number)] for number in operator.outputs]
        graph.inputs = [place[int(number)] for number in graph.inputs]
        graph.outputs = [place[int(number)] for number in graph.outputs]
        for signature in self.model.signatureDefs or ():
            for entry in (*signature.inputs, *signature.outputs):
                entry.tensorIndex = place[int(entry.tensorIndex)]
        used = sorted({operator.opcodeIndex for operator in graph.operators})
        self.model.operatorCodes = [self.model.operatorCodes[number] for number in used]
        for operator in graph.operators:
            operator.opcodeIndex = used.index(operator.opcodeIndex)


def _flattens(taker: Operator, tensor: int) -> bool:
    """Whether it is a dense layer that takes a tensor as its input, and as nothing else."""
    return (
        taker.name == "FULLY_CONNECTED"
        and taker.inputs[0] == tensor
        and tensor not in taker.inputs[1:]
        and not getattr(taker.options, "keepNumDims", False)
    )


def _stored(values: npt.NDArray[Any], type: int) -> npt.NDArray[np.uint8]:
    """Values as a buffer holds them."""
    if type == _four_bits.TYPE:
        return _four_bits.packed(values)
    return np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
