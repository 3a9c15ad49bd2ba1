"""What each kind of operator does with channels: makes new ones, hands them on, or joins them.

A rule covers what is exact. A sum of integers is the same in any order; one of floating numbers is
not, and neither is a float kernel's answer for a channel the same wherever it lies: kernels compute
several channels at once, and those left over in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.exports._channels import HELD, Channels, Multiplied, Operator, Trace

_FLOATS = (0, 1)  # types: FLOAT32, FLOAT16
Rule = Callable[[Trace, Operator], None]


def free_channels(
    tensors: Sequence[Any],
    operators: Sequence[Operator],
    ends: Sequence[int],
    constants: dict[int, npt.NDArray[Any]],
) -> list[Channels]:
    """The channels of a graph that may be put in any order, no answer being another then.

    Before and after operators that no rule covers they stay.

    Args:
        tensors: of the graph, by the schema's own class.
        operators: in the order in which they run.
        ends: the numbers of its inputs and outputs.
        constants: the values of constant tensors by number, in their shapes.
    """
    trace = Trace(tensors, constants)
    for operator in operators:
        rule = RULES.get(operator.name)
        if rule is None:
            trace.hold([*operator.inputs, *operator.outputs])
        else:
            rule(trace, operator)
    trace.hold(ends)
    return trace.free()


def _multiply(trace: Trace, operator: Operator) -> None:
    """A dense layer or a convolution: sums over its input's channels, and makes new ones."""
    given, weights, *bias = operator.inputs
    constants = [number for number in (weights, *bias) if number >= 0]
    if not all(number in trace.constants for number in constants) or _is_shuffled(operator):
        return trace.hold([*operator.inputs, *operator.outputs])
    values, label = trace.constants[weights], trace.of(given)
    width, size = trace.width(label), values.shape[-1]
    is_dense = operator.name == "FULLY_CONNECTED"
    grouped = not is_dense and size != trace.last(given)
    is_float = values.dtype.kind != "i"
    if is_float or size % width or grouped or (not is_dense and size != width):
        trace.join(label, HELD)
    elif label != HELD:
        trace.bind(weights, values.ndim - 1, label, size // width)
    made = trace.make(values.shape[0])
    for number in constants:
        trace.bind(number, 0, made)
    trace.give(operator.outputs[0], made)
    if grouped or is_float:  # a group's outputs belong to its inputs
        trace.join(made, HELD)
    activation = int(getattr(operator.options, "fusedActivationFunction", 0))
    multiplied = Multiplied((given, weights, bias[0] if bias else -1), activation)
    trace.taken_by(label, multiplied)
    trace.made_by(made, multiplied)


def _is_shuffled(operator: Operator) -> bool:
    """Whether a dense layer's weights lie in another than the plain order."""
    return bool(getattr(operator.options, "weightsFormat", 0))


def _depthwise(trace: Trace, operator: Operator) -> None:
    """A depthwise convolution: each channel by itself, if it makes one of each."""
    given, weights, *bias = operator.inputs
    constants = [number for number in (weights, *bias) if number >= 0]
    label = trace.of(given)
    if (
        not all(number in trace.constants for number in constants)
        or trace.constants[weights].dtype.kind != "i"
        or trace.last(weights) != trace.last(given)
        or trace.last(given) != trace.width(label)
    ):
        return trace.hold([*operator.inputs, *operator.outputs])
    trace.bind(weights, 3, label)
    for number in constants[1:]:
        trace.bind(number, 0, label)
    trace.give(operator.outputs[0], label)
    _other_maker(trace, operator)


def _other_maker(trace: Trace, operator: Operator) -> None:
    """Note that another kind of operator than `_multiply` has a part in making channels."""
    trace.made_by(trace.of(operator.outputs[0]), Multiplied((-1, -1, -1), 0))


def _hand_on(trace: Trace, operator: Operator) -> None:
    """Takes each value by itself, or compares values of one channel."""
    trace.give(operator.outputs[0], trace.of(operator.inputs[0]))


def _compute(trace: Trace, operator: Operator) -> None:
    """Computes each channel by itself; of integers alone is that exact."""
    if trace.tensors[operator.inputs[0]].type in _FLOATS:
        return trace.hold([*operator.inputs, *operator.outputs])
    _hand_on(trace, operator)
    _other_maker(trace, operator)


def _mean(trace: Trace, operator: Operator) -> None:
    """A mean over pixels hands channels on; one over channels does not."""
    given, axes = operator.inputs
    rank = len(trace.tensors[given].shape)
    over = trace.constants.get(axes)
    if over is None or any(int(axis) % rank == rank - 1 for axis in over.reshape(-1)):
        return trace.hold([*operator.inputs, *operator.outputs])
    _compute(trace, operator)


def _pad(trace: Trace, operator: Operator) -> None:
    """Padding around pixels."""
    by = trace.constants.get(operator.inputs[1])
    if by is None or by.reshape(-1, 2)[-1].any():
        return trace.hold([*operator.inputs, *operator.outputs])
    _hand_on(trace, operator)
    _other_maker(trace, operator)


def _pairwise(trace: Trace, operator: Operator) -> None:
    """Two tensors, value by value: their channels go together."""
    last = trace.last(operator.outputs[0])
    for number in operator.inputs:
        if trace.last(number) != last and not (
            number in trace.constants and _is_one(trace, number)
        ):
            return trace.hold([*operator.inputs, *operator.outputs])
    computed = [number for number in operator.inputs if number not in trace.constants]
    label = trace.of(computed[0])
    trace.give(operator.outputs[0], label)
    for number in computed[1:]:
        trace.join(label, trace.of(number))
    for number in operator.inputs:
        if number in trace.constants and not _is_one(trace, number):
            repeats, rest = divmod(last, trace.width(label))
            if rest:
                return trace.hold([*operator.inputs, *operator.outputs])
            trace.bind(number, trace.constants[number].ndim - 1, trace.of(computed[0]), repeats)
    _other_maker(trace, operator)


def _is_one(trace: Trace, number: int) -> bool:
    return np.size(trace.constants[number]) == 1


RULES: dict[str, Rule] = {
    **dict.fromkeys(("CONV_2D", "FULLY_CONNECTED"), _multiply),
    "DEPTHWISE_CONV_2D": _depthwise,
    **dict.fromkeys(("MAX_POOL_2D", "RESHAPE", "RELU"), _hand_on),
    **dict.fromkeys(("AVERAGE_POOL_2D", "RELU6", "LEAKY_RELU", "ELU", "LOGISTIC"), _compute),
    **dict.fromkeys(("TANH", "HARD_SWISH", "GELU", "QUANTIZE"), _compute),
    "MEAN": _mean,
    "PAD": _pad,
    **dict.fromkeys(("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"), _pairwise),
}
