"""Search for the orders of channels in which a file is smallest once it is compressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weighin.exports._channels import Channels

Order = npt.NDArray[np.intp]
Orders = tuple[Order, ...]
REVERSED = 8  # channels at most that one move turns around
CHAINS = 10  # orders to begin with that differ in the channel that comes first


def starts(groups: Sequence[Channels], constants: dict[int, npt.NDArray[Any]]) -> list[Orders]:
    """Orders to begin a search with: as it is, by the biases, and by what the channels feed.

    Of biases that rise the upper bytes repeat; of channels that feed the same outputs the weights
    that are not zero stand side by side.

    Args:
        groups: channels that are free.
        constants: the values of constant tensors by number.
    """
    return [
        tuple(np.arange(group.width) for group in groups),
        tuple(_by_bias(group, constants) for group in groups),
        *zip(*(_by_taken(group, constants) for group in groups), strict=True),
    ]


def _by_bias(group: Channels, constants: dict[int, npt.NDArray[Any]]) -> Order:
    biases = [constants[maker.inputs[2]] for maker in group.makers if maker.inputs[2] >= 0]
    return np.argsort(biases[0], kind="stable") if biases else np.arange(group.width)


def _by_taken(group: Channels, constants: dict[int, npt.NDArray[Any]]) -> list[Order]:
    """Each channel after the one whose outgoing weights are zero at the most of the same places."""
    taken = [
        constants[axis.tensor].reshape(-1, group.width)
        for axis in group.axes
        if axis.axis == constants[axis.tensor].ndim - 1 and axis.axis > 0
    ]
    if not taken:
        return [np.arange(group.width)] * CHAINS
    has = (np.concatenate(taken).T != 0).astype(np.float32)
    sizes = np.sqrt(has.sum(axis=1))
    alike = has @ has.T / (1 + np.outer(sizes, sizes))
    np.fill_diagonal(alike, -1)
    firsts = np.linspace(0, group.width - 1, CHAINS).astype(int)
    return [_chain(alike.copy(), int(first)) for first in firsts]


def _chain(alike: npt.NDArray[np.float32], first: int) -> Order:
    """From the first channel on always to the one that is most like the last, of those left."""
    order = [first]
    for _ in range(len(alike) - 1):
        alike[:, order[-1]] = -2  # it has its place
        order.append(int(alike[order[-1]].argmax()))
    return np.array(order)


def searched(
    starts: Sequence[Orders], size_of: Callable[[Orders], int], tries: int, seed: int = 0
) -> Orders:
    """The best orders of so many that are tried: a walk that never goes uphill.

    It begins with the best of some starts. A move takes one channel to another place, swaps two,
    or turns a few around; it is kept if nothing grows by it, since many moves change nothing.

    Args:
        starts: one order for each group of channels, several times; the first counts where there
            are no tries.
        size_of: what is to be small.
        tries: how often it is asked.
        seed: of the moves.
    """
    best, least = starts[0], size_of(starts[0])
    for start in starts[1 : 1 + tries]:
        size = size_of(start)
        if size < least:
            best, least = start, size
    widths = np.array([len(order) for order in best])
    generator = np.random.default_rng(seed)
    for _ in range(tries - len(starts) + 1 if len(widths) else 0):
        group = int(generator.choice(len(widths), p=widths / widths.sum()))
        order = _moved(best[group], generator)
        candidate = (*best[:group], order, *best[group + 1 :])
        size = size_of(candidate)
        if size <= least:
            best, least = candidate, size
    return best


def _moved(order: Order, generator: np.random.Generator) -> Order:
    first, last = generator.integers(len(order), size=2)
    kind = generator.integers(10)
    if kind < 5:
        return np.insert(np.delete(order, first), last, order[first])
    moved = order.copy()
    if kind < 8:
        moved[[first, last]] = order[[last, first]]
    else:
        first, last = sorted((first, last))
        few = slice(first, min(last, first + REVERSED) + 1)
        moved[few] = order[few][::-1]
    return moved
