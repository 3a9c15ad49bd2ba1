"""What stands between an operator of integers and one of floats: QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

import copy
from typing import Any

from weighin.core import WeighinError
from weighin.layers.editable import Editable

_INTEGERS = ("INT8", "UINT8", "INT16")


def conversion(file: Editable, number: int, wanted: Any) -> tuple[int, list[Any]]:
    """A tensor's values as another tensor has them.

    Args:
        file: what operators and tensors are added to.
        number: of the tensor that there is.
        wanted: a tensor of the type and scale that it is wanted with.

    Returns:
        The number of the tensor that holds them so, and the operators that make it of the first;
        none where it is that itself.

    Raises:
        WeighinError: if neither is of floats and their types or scales differ otherwise.
    """
    given = file.graph.tensors[number]
    is_float = [tensor.type == file.schema.TensorType.FLOAT32 for tensor in (given, wanted)]
    if all(is_float) or _alike(given, wanted):
        return number, []
    types = _names(file.schema.TensorType)
    for tensor, floats in zip((given, wanted), is_float, strict=True):
        if not floats and types.get(tensor.type) not in _INTEGERS:
            raise WeighinError(
                f"{types.get(given.type)} cannot be converted to {types.get(wanted.type)}"
            )
    made = copy.copy(given)
    made.type, made.quantization, made.buffer = wanted.type, wanted.quantization, 0
    made.name = f"{_text(given.name)}/converted"
    added = file.add_tensor(made)
    name = "DEQUANTIZE" if is_float[1] else "QUANTIZE"
    operator = file.schema.OperatorT()
    operator.opcodeIndex = _code(file, name)
    operator.inputs, operator.outputs = [number], [added]
    return added, [operator]


def _alike(one: Any, other: Any) -> bool:
    """Whether two tensors are of one type and scale."""
    return one.type == other.type and _scale(one) == _scale(other)


def _scale(tensor: Any) -> tuple[tuple[float, ...], tuple[int, ...]]:
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or not len(quantization.scale):
        return (), ()
    points = () if quantization.zeroPoint is None else tuple(map(int, quantization.zeroPoint))
    return tuple(map(float, quantization.scale)), points


def _code(file: Editable, name: str) -> int:
    """The place of an operator's code of version 2, which knows all types of integers."""
    number = getattr(file.schema.BuiltinOperator, name)
    for place, code in enumerate(file.model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == number and code.version >= 2:
            return place
    code = file.schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = number
    code.version = 2
    file.model.operatorCodes.append(code)
    return len(file.model.operatorCodes) - 1


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name or "")
