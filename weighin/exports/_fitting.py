"""Scales of 4-bit kernels by what their layers put out, not by the largest weight.

One weight far out makes the steps of all others wide. So of many scales that one is taken with
which a layer's outputs differ least from the float layer's, on calibration inputs (as AWQ clips
weights; Lin et al. 2023, "AWQ: Activation-aware weight quantization", arXiv:2306.00978).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.core import Array, Arrays, WeighinError
from weighin.exports import _asking, _four_bits
from weighin.exports._completing import kinds, packed, unpacked
from weighin.exports._quantized import by_place, check_finite
from weighin.formats.tflite import parsed

# Of the scale by range, that are tried; of those that are equally near the first is taken. Where
# weights share few values the errors leap from scale to scale, so none between is left out.
SHARES = np.array(sorted(np.arange(21, 85) / 60, key=lambda share: abs(share - 1)), np.float32)
EXAMPLES = 128  # that the layers are given, taken from all over the calibration inputs
ROWS = 512  # of what a layer is given, by which a scale is judged; of large kernels fewer
PRODUCTS = 2**27  # of rows and weights, that are formed for a scale at the most
_SAME = 0  # the schema's number of that padding


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
    """A file with the scales of its first subgraph's 4-bit kernels chosen anew; all else stays.

    Args:
        whole: the float file that it was made of.
        quantized: the file, whose layers stand in the same order.
        calibration: inputs by the file's names, each `(n, …)`.

    Raises:
        WeighinError: if there are no inputs, they do not fit the file, or are not finite.
    """
    if not calibration:
        raise WeighinError(
            "fit=outputs looks at what layers put out, and there are no inputs to calibrate with: "
            "give data with a training part (or --calibrate), or leave it out."
        )
    check_finite(calibration)
    (schema, source), (_, target) = unpacked(whole), unpacked(quantized)
    tensors = target.subgraphs[0].tensors
    layers: dict[int, list[_Layer]] = {}  # of the float file, by the kernel in the other
    for layer, other in zip(_layers(schema, source), _layers(schema, target), strict=True):
        if tensors[other.kernel].type == _four_bits.TYPE:
            layers.setdefault(other.kernel, []).append(layer)
    given = _given(whole, source, layers, calibration)
    readers = Counter(each.buffer for graph in target.subgraphs for each in graph.tensors)
    for number, several in layers.items():
        kernel = source.subgraphs[0].tensors[several[0].kernel]
        raw = np.frombuffer(bytes(source.buffers[kernel.buffer].data), np.float32)
        weights = raw.reshape(kernel.shape[0], -1, kernel.shape[-1])
        if not np.isfinite(weights).all():
            continue  # which is found out where files are checked
        quantization = tensors[number].quantization
        by_channel = len(quantization.scale) > 1
        quantization.scale = scales_of(weights, given[number], by_channel=by_channel)
        if readers[tensors[number].buffer] > 1:  # who else reads it has other scales
            readers[tensors[number].buffer] -= 1
            tensors[number].buffer = len(target.buffers)
            target.buffers.append(schema.BufferT())
        stored = target.buffers[tensors[number].buffer]
        stored.data = _four_bits.packed(_steps(weights, quantization.scale))
    return packed(target)


def scales_of(weights: Array, given: Array, *, by_channel: bool) -> npt.NDArray[np.float32]:
    """The scales with which the products differ least, in their squares.

    Args:
        weights: `(outputs, places, inputs)`.
        given: what they are multiplied with, `(rows, places, inputs of all groups)`.
        by_channel: whether each output has a scale of its own; else there is one.
    """
    largest = np.abs(weights).max(axis=(1, 2))
    largest = largest if by_channel else largest.max(keepdims=True)
    by_range = np.where(largest > 0, largest, 1).astype(np.float32) / _four_bits.MOST
    given = given[_spread(len(given), max(1, PRODUCTS // weights.size))]
    given = given / max(float(np.abs(given).max(initial=0)), 1e-30)  # whose squares stay finite
    errors = [_errors(weights, share * by_range, given, by_channel) for share in SHARES]
    scales: npt.NDArray[np.float32] = by_range * SHARES[np.argmin(errors, axis=0)]
    return scales


def _errors(weights: Array, scales: Array, given: Array, by_channel: bool) -> Array:
    """The squares of what is off, of each output or of all together."""
    off = _steps(weights, scales) * scales[:, None, None] - weights
    groups = given.shape[2] // weights.shape[2]
    errors = []
    for rows, part in zip(np.split(given, groups, axis=2), np.split(off, groups), strict=True):
        products = rows.reshape(len(rows), -1) @ part.reshape(len(part), -1).T
        errors.append(np.square(products, dtype=np.float64).sum(axis=0))
    whole: Array = np.concatenate(errors)
    return whole if by_channel else whole.sum(keepdims=True)


def _steps(weights: Array, scales: Array) -> Array:
    steps: Array = np.round(weights / scales[:, None, None])
    return np.clip(steps, -_four_bits.MOST, _four_bits.MOST).astype(np.int8)


def _layers(schema: Any, model: Any) -> list[_Layer]:
    """The layers of a file's first subgraph that multiply by constants, in their order."""
    graph, names = model.subgraphs[0], kinds(schema, model)
    unpacking = {
        int(operator.outputs[0]): int(operator.inputs[0])
        for operator in graph.operators
        if names[operator.opcodeIndex] == "DEQUANTIZE"
    }
    found = []
    for operator in graph.operators:
        if names[operator.opcodeIndex] not in _four_bits.PACKED:
            continue
        kernel = int(operator.inputs[1])
        kernel = unpacking.get(kernel, kernel)
        data = model.buffers[graph.tensors[kernel].buffer].data
        if data is not None and len(data):
            found.append(_Layer(int(operator.inputs[0]), kernel, operator.builtinOptions))
    return found


def _given(
    whole: bytes, source: Any, layers: Mapping[int, Sequence[_Layer]], calibration: Arrays
) -> dict[int, Array]:
    """What is multiplied with each kernel, `(rows, places, inputs)`; of finite numbers alone.

    Raises:
        WeighinError: if inputs do not fit the file.
    """
    graph = parsed(whole, "the float file")
    inputs = by_place(graph, calibration)
    count = min(EXAMPLES, len(inputs[0]))
    opened = _asking.interpreter(whole, _asking.PLAIN, keeps_all=True)
    parts: dict[int, list[Array]] = {number: [] for number in layers}
    for at in np.linspace(0, len(inputs[0]) - 1, count).astype(int):
        _asking.answers(opened, [values[at : at + 1] for values in inputs])
        for number, several in layers.items():
            shape = source.subgraphs[0].tensors[several[0].kernel].shape
            for layer in several:
                flowing = opened.get_tensor(layer.given)
                parts[number].append(_rows(flowing, shape, layer.options, -(-ROWS // count)))
    rows = {number: np.concatenate(each) for number, each in parts.items()}
    return {number: each[np.isfinite(each).all(axis=(1, 2))] for number, each in rows.items()}


def _rows(given: Array, shape: Sequence[int], options: Any, most: int) -> Array:
    """What a kernel is multiplied with at some places of the output, `(rows, places, inputs)`."""
    if len(shape) == 2:
        rows = given.reshape(-1, 1, shape[1])
        return rows[_spread(len(rows), most)]
    steps = (options.strideH, options.strideW)
    apart = (options.dilationHFactor, options.dilationWFactor)
    reach = [(size - 1) * gap + 1 for size, gap in zip(shape[1:3], apart, strict=True)]
    if options.padding == _SAME:
        around = [(0, 0)]
        for size, wide, step in zip(given.shape[1:3], reach, steps, strict=True):
            added = max(0, (-(-size // step) - 1) * step + wide - size)
            around.append((added // 2, added - added // 2))
        given = np.pad(given, [*around, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(given[0], reach, axis=(0, 1))
    windows = windows[:: steps[0], :: steps[1], :, :: apart[0], :: apart[1]]
    down, right = np.unravel_index(
        _spread(windows.shape[0] * windows.shape[1], most), windows.shape[:2]
    )
    chosen = np.moveaxis(windows[down, right], 1, -1)  # (rows, height, width, inputs)
    return chosen.reshape(len(chosen), -1, given.shape[3])


def _spread(count: int, most: int) -> npt.NDArray[np.intp]:
    """Some places of so many, from the first to the last."""
    return np.linspace(0, count - 1, min(most, count)).astype(np.intp)
