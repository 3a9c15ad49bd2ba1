""".onnx files written field by field, whole ones and such as no package would write.

Source of the numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from helpers.finished import CLASSES, FEATURES, WEIGHTS

FLOAT, UINT8, INT8, INT32, INT64, FLOAT16 = 1, 2, 3, 6, 7, 10
TYPES = {
    **{"float32": FLOAT, "uint8": UINT8, "int8": INT8, "int32": INT32, "int64": INT64},
    **{"float16": FLOAT16, "float64": 11, "bool": 9, "int16": 5, "uint16": 4, "uint32": 12},
    "uint64": 13,
}
Size = int | str | None
WEIGHT_SCALE, INPUT_SCALE, OUTPUT_SCALE = 4 / 127, 1 / 255, 0.06


def varint(number: int) -> bytes:
    """A number as a protocol buffer has it; a negative one as one of 64 bits."""
    number &= 2**64 - 1
    raw = bytearray()
    while number >= 0x80:
        raw.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*raw, number])


def part(number: int, content: bytes | str | int | float) -> bytes:
    """A field of a message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, float):
        return varint(number << 3 | 5) + struct.pack("<f", content)
    raw = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def parts(number: int, contents: Iterable[bytes | str | int]) -> bytes:
    """A repeated field."""
    return b"".join(part(number, each) for each in contents)


def tensor(
    name: str,
    values: npt.NDArray[Any],
    *,
    typed: int = 0,
    dims: Sequence[int] | None = None,
    location: str = "",
) -> bytes:
    """A TensorProto.

    Args:
        name: of it.
        values: what it holds.
        typed: the field of its values, if not `raw_data`.
        dims: the shape that it claims, if not the values' own.
        location: the file that it says its values are in.
    """
    shape = values.shape if dims is None else dims
    made = parts(1, shape) + part(2, TYPES[str(values.dtype)]) + part(8, name)
    if location:
        entry = part(1, "location") + part(2, location)
        return made + part(13, entry) + part(14, 1)
    if typed in (4, 10):
        return made + part(typed, values.tobytes())
    if typed:
        return made + part(typed, b"".join(varint(int(each)) for each in values.ravel()))
    return made + part(9, values.tobytes())


def value(name: str, shape: Sequence[Size] | None = None, dtype: int = FLOAT) -> bytes:
    """A ValueInfoProto; without a shape of unknown rank."""
    sizes = [
        part(1, size) if isinstance(size, int) else part(2, size) if size else b""
        for size in shape or ()
    ]
    typed = part(1, dtype) + (b"" if shape is None else part(2, parts(1, sizes)))
    return part(1, name) + part(2, part(1, typed))


def node(
    operator: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    domain: str = "",
    **attributes: Any,
) -> bytes:
    """A NodeProto; attributes are numbers, texts, lists of numbers, or (field, message)."""
    made = parts(1, inputs) + parts(2, outputs) + part(4, operator)
    made += part(7, domain) if domain else b""
    for name, held in attributes.items():
        about = part(1, name)
        if isinstance(held, tuple):
            about += part(*held) + part(20, {5: 4, 6: 5}[held[0]])
        elif isinstance(held, list):
            about += parts(8, held) + part(20, 7)
        else:
            field, kind = {int: (3, 2), float: (2, 1), str: (4, 3)}[type(held)]
            about += part(field, held) + part(20, kind)
        made += part(5, about)
    return made


def graph(
    nodes: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    constants: Sequence[bytes] = (),
    values: Sequence[bytes] = (),
) -> bytes:
    """A GraphProto."""
    return (
        parts(1, nodes)
        + part(2, "graph")
        + parts(5, constants)
        + parts(11, inputs)
        + parts(12, outputs)
        + parts(13, values)
    )


def model(content: bytes, opset: int = 17, more: bytes = b"") -> bytes:
    """A ModelProto around a graph."""
    return part(1, 8) + part(7, content) + part(8, part(1, "") + part(2, opset)) + more


def classifier(
    stored: str = "float32",
    *,
    given: str = "x",
    taken: str = "scores",
    batch: Size = 1,
    weights: npt.NDArray[Any] = WEIGHTS,
    scale: float = WEIGHT_SCALE,
) -> bytes:
    """The classifier of `helpers.finished` as an .onnx file.

    Args:
        stored: `float32`, `int8` (Q/DQ pairs, uint8 between) or `dynamic`.
        given: the input's name.
        taken: the output's name.
        batch: examples at once; a name, or None, leaves that open.
        weights: `(classes, features)`.
        scale: of quantized weights.
    """
    ends = [value(given, (batch, FEATURES))], [value(taken, (batch, CLASSES))]
    transposed = np.ascontiguousarray(weights.T, np.float32)
    if stored == "float32":
        nodes, constants = [node("MatMul", [given, "w"], [taken])], [tensor("w", transposed)]
        return model(graph(nodes, *ends, constants))
    codes = np.clip(np.round(transposed / np.float32(WEIGHT_SCALE)), -127, 127).astype(np.int8)
    constants = [
        tensor("w_quantized", codes),
        tensor("w_scale", np.array(scale, np.float32)),
        tensor("w_zero_point", np.array(0, np.int8)),
    ]
    if stored == "dynamic":
        nodes = [
            node("DynamicQuantizeLinear", [given], ["q", "q_scale", "q_zero"]),
            node("MatMulInteger", ["q", "w_quantized", "q_zero", "w_zero_point"], ["sums"]),
            node("Cast", ["sums"], ["summed"], to=FLOAT),
            node("Mul", ["q_scale", "w_scale"], ["both"]),
            node("Mul", ["summed", "both"], [taken]),
        ]
        return model(graph(nodes, *ends, constants))
    for name, size, zero in (("x", INPUT_SCALE, 0), ("y", OUTPUT_SCALE, 128)):
        constants += [
            tensor(f"{name}_scale", np.array(size, np.float32)),
            tensor(f"{name}_zero", np.array(zero, np.uint8)),
        ]
    nodes = [
        node("DequantizeLinear", ["w_quantized", "w_scale", "w_zero_point"], ["w"]),
        node("QuantizeLinear", [given, "x_scale", "x_zero"], ["x_q"]),
        node("DequantizeLinear", ["x_q", "x_scale", "x_zero"], ["x_dq"]),
        node("MatMul", ["x_dq", "w"], ["y"]),
        node("QuantizeLinear", ["y", "y_scale", "y_zero"], ["y_q"]),
        node("DequantizeLinear", ["y_q", "y_scale", "y_zero"], [taken]),
    ]
    return model(graph(nodes, *ends, constants))


def write(path: Path, content: bytes | None = None, **options: Any) -> Path:
    """A file of these bytes; the classifier if none are given."""
    path.write_bytes(classifier(**options) if content is None else content)
    return path
