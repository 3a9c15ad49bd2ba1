"""Scales of 4-bit kernels by what their layers put out, not by the largest weight.

One weight far out makes the steps of all others wide. So of many scales that one is taken with
which a layer's outputs differ least from the float layer's, on calibration inputs (as AWQ clips
weights; Lin et al. 2023, "AWQ: Activation-aware weight quantization", arXiv:2306.00978).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Array, Arrays, WeighinError
from weighin.exports import _asking, _four_bits
from weighin.exports._completing import packed, unpacked

SHARES = np.linspace(0.35, 1.4, 64, dtype=np.float32)  # of the scale by range, that are tried
ROWS = 512  # of what a layer is given, by which a scale is judged
_SAME = 0  # the schema's number of that padding
_MULTIPLYING = ("CONV_2D", "FULLY_CONNECTED")  # whose kernels can be of 4 bits


@dataclass(frozen=True)
class _Layer:
    """One layer that multiplies by a kernel.

    Attributes:
        given: the number of the tensor that it multiplies.
        kernel: that of the kernel as it is stored.
        options: by the schema's own class.
    """

    given: int
    kernel: int
    options: Any


def fitted(whole: bytes, quantized: bytes, calibration: Arrays) -> bytes:
    """A file with the scales of its 4-bit kernels chosen anew; all else stays.

    Args:
        whole: the float file that it was made of.
        quantized: the file, whose layers stand in the same order.
        calibration: inputs by the file's names, each `(n, …)`.

    Raises:
        WeighinError: if there are no inputs that fit the file.
    """
    (schema, source), (_, target) = unpacked(whole), unpacked(quantized)
    layers: dict[int, list[_Layer]] = {}  # of the float file, by the kernel in the other
    both = zip(_layers(schema, source), _layers(schema, target), strict=True)
    for layer, other in both:
        if target.subgraphs[0].tensors[other.kernel].type == _four_bits.TYPE:
            layers.setdefault(other.kernel, []).append(layer)
    given = _given(whole, source, layers, calibration)
    for number, several in layers.items():
        tensor = source.subgraphs[0].tensors[several[0].kernel]
        raw = np.frombuffer(bytes(source.buffers[tensor.buffer].data), np.float32)
        weights = raw.reshape(tensor.shape[0], -1)
        stored = target.subgraphs[0].tensors[number]
        scales = scales_of(weights, given[number], by_channel=len(stored.quantization.scale) > 1)
        stored.quantization.scale = scales
        target.buffers[stored.buffer].data = _four_bits.packed(_steps(weights, scales))
    return packed(target)


def scales_of(weights: Array, given: Array, *, by_channel: bool) -> npt.NDArray[np.float32]:
    """The scales with which the products differ least, in their squares.

    Args:
        weights: `(outputs, inputs)`.
        given: what they are multiplied with, `(rows, inputs)`.
        by_channel: whether each output has a scale of its own; else there is one.
    """
    largest = np.abs(weights).max(axis=1) if by_channel else np.abs(weights).max(keepdims=True)[0]
    by_range = np.where(largest > 0, largest, 1).astype(np.float32) / _four_bits.MOST
    errors = []
    for share in SHARES:
        scales = share * by_range
        off = _steps(weights, scales) * scales[:, None] - weights
        error = np.square(given @ off.T).sum(axis=0, dtype=np.float64)
        errors.append(error if by_channel else error.sum(keepdims=True))
    best: npt.NDArray[np.float32] = SHARES[np.argmin(errors, axis=0)] * by_range
    return best


def _steps(weights: Array, scales: Array) -> Array:
    steps: Array = np.round(weights / scales[:, None])
    return np.clip(steps, -_four_bits.MOST, _four_bits.MOST).astype(np.int8)


def _layers(schema: Any, model: Any) -> list[_Layer]:
    """The layers of a file's first subgraph that multiply by constants, in their order."""
    names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
    graph = model.subgraphs[0]
    codes = [
        names.get(max(code.builtinCode, code.deprecatedBuiltinCode)) for code in model.operatorCodes
    ]
    unpacking = {
        int(operator.outputs[0]): int(operator.inputs[0])
        for operator in graph.operators
        if codes[operator.opcodeIndex] == "DEQUANTIZE"
    }
    found = []
    for operator in graph.operators:
        if codes[operator.opcodeIndex] not in _MULTIPLYING:
            continue
        kernel = int(operator.inputs[1])
        kernel = unpacking.get(kernel, kernel)
        data = model.buffers[graph.tensors[kernel].buffer].data
        if data is not None and len(data):
            found.append(_Layer(int(operator.inputs[0]), kernel, operator.builtinOptions))
    return found


def _given(
    whole: bytes, source: Any, layers: dict[int, list[_Layer]], calibration: Arrays
) -> dict[int, Array]:
    """Rows of what is multiplied with each kernel, `(rows, inputs)`.

    Raises:
        WeighinError: if there are no inputs that fit the file.
    """
    opened = _asking.interpreter(whole, _asking.PLAIN, keeps_all=True)
    examples = _asking.examples(opened, calibration) if calibration else []
    if not examples:
        raise WeighinError(
            "fit=outputs looks at what layers put out, and there are no inputs to calibrate with: "
            "give data with a training part (or --calibrate), or leave it out."
        )
    most = -(-ROWS // len(examples))
    parts: dict[int, list[Array]] = {number: [] for number in layers}
    for example in examples:
        _asking.answers(opened, example)
        for number, several in layers.items():
            shape = source.subgraphs[0].tensors[several[0].kernel].shape
            for layer in several:
                rows = _rows(opened.get_tensor(layer.given), shape, layer.options)
                kept = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)
                parts[number].append(rows[kept])
    return {number: np.concatenate(each) for number, each in parts.items()}


def _rows(given: Array, shape: Sequence[int], options: Any) -> Array:
    """What a kernel is multiplied with, one row for each place of the output."""
    if len(shape) == 2:
        return given.reshape(-1, shape[1])
    height, width = shape[1:3]
    steps = (options.strideH, options.strideW)
    apart = (options.dilationHFactor, options.dilationWFactor)
    reach = [(size - 1) * gap + 1 for size, gap in zip((height, width), apart, strict=True)]
    if options.padding == _SAME:
        around = [(0, 0)]
        for size, wide, step in zip(given.shape[1:3], reach, steps, strict=True):
            added = max(0, (-(-size // step) - 1) * step + wide - size)
            around.append((added // 2, added - added // 2))
        given = np.pad(given, [*around, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(given, reach, axis=(1, 2))
    windows = windows[:, :: steps[0], :: steps[1], :, :: apart[0], :: apart[1]]
    rows: Array = np.moveaxis(windows, 3, -1).reshape(-1, height * width * given.shape[3])
    return rows
