"""Which channels of a .tflite graph may lie in any order, and where each of them is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

HELD = 0  # the label of all channels that must stay, such as the input's and the output's


@dataclass(frozen=True)
class Axis:
    """Where a constant holds something for each channel.

    Attributes:
        tensor: its number.
        axis: which of its dimensions.
        repeats: how often the channels follow each other along it: as often as a flattened image
            has pixels.
    """

    tensor: int
    axis: int
    repeats: int


@dataclass(frozen=True)
class Multiplied:
    """An operator that sums products of weights: a dense layer or a convolution.

    Attributes:
        inputs: what it is given, its weights, and its bias, or -1 without one.
        activation: the number of the function that it ends with, in the schema.
    """

    inputs: tuple[int, int, int]
    activation: int


@dataclass
class Channels:
    """Channels that may be put in any order, all their axes alike.

    Attributes:
        width: how many there are.
        axes: of constants, where something is held for each of them.
        makers: the operators that make them; of none if some other kind has a part in it.
        takers: the operators that sum over them.
    """

    width: int
    axes: list[Axis] = field(default_factory=list)
    makers: list[Multiplied] = field(default_factory=list)
    takers: list[Multiplied] = field(default_factory=list)


@dataclass(frozen=True)
class Operator:
    """One operator, as far as rules look at it."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any


class Trace:
    """Follows channels through a graph: by a label for each tensor's last dimension."""

    def __init__(self, tensors: Sequence[Any], constants: dict[int, npt.NDArray[Any]]) -> None:
        """Begin with no channels."""
        self.tensors, self.constants = tensors, constants
        self._above = [HELD]  # of each label one that it was joined to, or itself
        self._made = [Channels(1)]
        self._of: dict[int, int] = {}  # the labels of tensors
        self._bound: dict[tuple[int, int], tuple[int, int]] = {}  # constant, axis → label, repeats

    def make(self, width: int) -> int:
        """A label for new channels."""
        self._above.append(len(self._above))
        self._made.append(Channels(width))
        return len(self._above) - 1

    def of(self, tensor: int) -> int:
        """The label of a tensor's channels."""
        return self._root(self._of.get(tensor, HELD))

    def width(self, label: int) -> int:
        """How many channels a label stands for."""
        return self._made[self._root(label)].width

    def last(self, tensor: int) -> int:
        """A tensor's last dimension; 1 of a scalar."""
        shape = self.tensors[tensor].shape
        return int(shape[-1]) if shape is not None and len(shape) else 1

    def give(self, tensor: int, label: int) -> None:
        """Let a tensor have these channels; they stay where it does not hold them one by one."""
        if self.last(tensor) % self.width(label):
            self.join(label, HELD)
        self._of[tensor] = label

    def join(self, one: int, other: int) -> None:
        """Let two labels' channels go together; both stay if there are not as many."""
        first, second = sorted((self._root(one), self._root(other)))
        if first == second:
            return
        if first != HELD and self.width(first) != self.width(second):
            self.join(first, HELD)
            first = HELD
        self._above[second] = first
        kept, gone = self._made[first], self._made[second]
        kept.axes += gone.axes
        kept.makers += gone.makers
        kept.takers += gone.takers

    def bind(self, constant: int, axis: int, label: int, repeats: int = 1) -> None:
        """Say that a constant holds something for each channel along an axis."""
        earlier = self._bound.get((constant, axis))
        if earlier is None:
            self._bound[constant, axis] = label, repeats
            self._made[self._root(label)].axes.append(Axis(constant, axis, repeats))
        elif earlier[1] == repeats:
            self.join(earlier[0], label)
        else:
            self.join(earlier[0], HELD)
            self.join(label, HELD)

    def made_by(self, label: int, operator: Multiplied) -> None:
        """Note who makes channels."""
        self._made[self._root(label)].makers.append(operator)

    def taken_by(self, label: int, operator: Multiplied) -> None:
        """Note who sums over channels."""
        self._made[self._root(label)].takers.append(operator)

    def hold(self, numbers: Sequence[int]) -> None:
        """Let all channels of some tensors stay, in the constants among them too."""
        for number in numbers:
            if number < 0:
                continue
            self.join(self.of(number), HELD)
            for axis in range(len(self.tensors[number].shape)) if number in self.constants else ():
                label, _ = self._bound.setdefault((number, axis), (HELD, 1))
                self.join(label, HELD)

    def free(self) -> list[Channels]:
        """The channels that may be put in any order."""
        roots = [label for label in range(1, len(self._above)) if self._root(label) == label]
        return [self._made[label] for label in roots if self.width(label) > 1]

    def _root(self, label: int) -> int:
        while self._above[label] != label:
            label = self._above[label]
        return label


def permuted(values: npt.NDArray[Any], axis: Axis, order: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """A constant's values with the channels along an axis in another order."""
    starts = np.arange(axis.repeats)[:, np.newaxis] * len(order)
    return values.take((starts + order).reshape(-1), axis=axis.axis)
