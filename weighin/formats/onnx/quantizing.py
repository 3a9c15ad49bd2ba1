"""How an .onnx file is quantized: scales that lie beside tensors, integers that flow between.

A quantized file holds integers and operators that turn them to floats and back (Q/DQ pairs), which
runtimes fuse with the operator between; or operators on integers with scales among their inputs.
Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from weighin.formats.graph import Operator, Tensor
from weighin.formats.onnx.messages import OnnxNode

# Of operators on integers: places of a tensor, its scale and its zero point among the inputs
_TRIPLES = {
    "DequantizeLinear": ((0, 1, 2),),
    "QLinearConv": ((0, 1, 2), (3, 4, 5)),
    "QLinearMatMul": ((0, 1, 2), (3, 4, 5)),
}
_MADE = {"QuantizeLinear": (1, 2), "QLinearConv": (6, 7), "QLinearMatMul": (6, 7)}  # of the output
_INTEGER = ("MatMulInteger", "ConvInteger")  # whose scales are multiplied in later
_FUSED = ("Relu", "Clip", "LeakyRelu", "LOGISTIC", "Tanh", "ADD", "RESHAPE")  # with what is before


def scales_of(node: OnnxNode) -> Iterator[tuple[str, str, str]]:
    """Names of tensors that an operator knows to be quantized, of their scales and zero points."""
    inputs = (*node.inputs, *[""] * 8)
    for tensor, scale, zero in _TRIPLES.get(node.operator, ()):
        yield inputs[tensor], inputs[scale], inputs[zero]
    if node.operator in _MADE and node.outputs:
        scale, zero = _MADE[node.operator]
        yield node.outputs[0], inputs[scale], inputs[zero]
    if node.operator in _INTEGER:
        # ONNX Runtime's own names: the scale itself is multiplied with that of the data
        weights = inputs[1]
        yield weights, f"{weights.removesuffix('_quantized')}_scale", inputs[3]


def with_scales(tensor: Tensor, scales: Tensor | None, zeros: Tensor | None, axis: int) -> Tensor:
    """A tensor that knows its scales.

    Args:
        tensor: of integers.
        scales: one, or one for each channel; None where they are not known.
        zeros: the integers that mean zero, as many.
        axis: of the channels.

    Raises:
        ValueError: if scales have another number of values than their shape says.
    """
    real = scales is not None and scales.is_constant
    values = tuple(map(float, scales.values)) if real and scales is not None else ()
    known_zero = zeros is not None and zeros.is_constant
    count = len(values) or (zeros.size if zeros is not None and known_zero else 1)
    return replace(
        tensor,
        scales=count,
        scale=values[0] if values else 0.0,
        channel_scales=values,
        zero_point=int(zeros.values[0]) if zeros is not None and known_zero else 0,
        axis=axis % len(tensor.shape) if tensor.shape else 0,
    )


def with_flow(operators: Sequence[Operator]) -> tuple[Operator, ...]:
    """The operators, those with weights told which integers flow in and out of them."""
    unpacked = {
        each.outputs[0]: each.inputs[0]
        for each in operators
        if each.kind in ("DEQUANTIZE", "DynamicQuantizeLinear") and each.inputs and each.outputs
    }
    users: dict[int, list[Operator]] = {}
    for operator in operators:
        for number in operator.inputs:
            users.setdefault(number, []).append(operator)

    def packed(made: int) -> int:
        """What an output is packed as, by all that is fused with it; itself if it is not."""
        number = made
        for _ in range(len(operators)):  # a damaged file may name a circle
            after = users.get(number, [])
            if len(after) != 1 or not after[0].outputs:
                break
            number = after[0].outputs[0]
            if after[0].kind == "QUANTIZE":
                return number
            if after[0].kind not in _FUSED:
                break
        return made

    def scaled(made: int) -> int:
        """What products of integers are as floats, by the scales that they are multiplied with."""
        for _ in range(2):
            after = users.get(made, [])
            if len(after) == 1 and after[0].name in ("Cast", "Mul") and after[0].outputs:
                made = after[0].outputs[0]
        return made

    def told(operator: Operator) -> Operator:
        if not operator.kernels or not operator.inputs or not operator.outputs:
            return operator
        data, made = operator.inputs[0], operator.outputs[0]
        if operator.name in _INTEGER:  # floats around it are quantized while running
            made = scaled(made)
        return replace(operator, flowing=(unpacked.get(data, data), packed(made)))

    return tuple(map(told, operators))
