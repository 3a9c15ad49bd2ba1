"""Clearing hidden channels that no answer depends on: pruning leaves some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.exports._channels import Channels, Multiplied

_CUT = (1, 3)  # activation functions (RELU, RELU6) that make zero of what is negative
_INTEGERS = (7, 9)  # types (INT16, INT8): activations whose scale does not depend on the others


def clear(
    tensors: Sequence[Any], groups: Sequence[Channels], constants: dict[int, npt.NDArray[Any]]
) -> int:
    """Zero the weights and biases of hidden channels that take part in no answer.

    A channel that all that follow it multiply by zero may be anything, so its weights and its
    bias become zero; what follows one that is always zero may multiply by anything, so by zero.
    One leads to the next until nothing changes. Shapes stay. It is done between integers alone:
    activations that are quantized while running take their scale from all channels, idle ones too.

    Args:
        tensors: of the graph.
        groups: the channels that are free.
        constants: the values of constant tensors by number; cleared in place.

    Returns:
        How many values became zero.
    """
    before = _nonzero(constants)
    clearable = [group for group in groups if _is_between_integers(group, tensors, constants)]
    changed = True
    while changed:
        at_start = _nonzero(constants)
        for group in clearable:
            _clear(group, constants)
        changed = _nonzero(constants) < at_start
    return before - _nonzero(constants)


def _nonzero(constants: dict[int, npt.NDArray[Any]]) -> int:
    return sum(int(np.count_nonzero(values)) for values in constants.values())


def _is_between_integers(
    group: Channels, tensors: Sequence[Any], constants: dict[int, npt.NDArray[Any]]
) -> bool:
    """Whether one layer of integers makes the channels, and others of integers alone take them."""
    weights = [multiplied.inputs[1] for multiplied in (*group.makers, *group.takers)]
    return (
        len(group.makers) == 1
        and -1 not in weights
        and len({*weights}) == len(weights)
        and all(constants[number].dtype.kind == "i" for number in weights)
        and not any(_zero_points(tensors[number]) for number in weights)
        and all(tensors[taker.inputs[0]].type in _INTEGERS for taker in group.takers)
    )


def _zero_points(tensor: Any) -> bool:
    points = tensor.quantization.zeroPoint if tensor.quantization is not None else None
    return points is not None and bool(np.any(points))


def _clear(group: Channels, constants: dict[int, npt.NDArray[Any]]) -> None:
    (maker,) = group.makers
    rows = constants[maker.inputs[1]].reshape(group.width, -1)
    taken = [_by_channel(taker, group.width, constants) for taker in group.takers]
    unused = ~np.any([columns.any(axis=(0, 1)) for columns in taken], axis=0)
    rows[unused] = 0
    always_zero = ~rows.any(axis=1)
    if maker.inputs[2] >= 0:
        bias = constants[maker.inputs[2]]
        bias[unused] = 0
        always_zero &= (bias == 0) | ((bias < 0) & (maker.activation in _CUT))
        bias[always_zero] = 0
    for columns in taken:
        columns[..., always_zero] = 0


def _by_channel(
    taker: Multiplied, width: int, constants: dict[int, npt.NDArray[Any]]
) -> npt.NDArray[Any]:
    """A kernel as `(outputs, pixels, channels)`, sharing its memory."""
    values = constants[taker.inputs[1]]
    return values.reshape(len(values), -1, width)
